"""What the past of a job asks for: one number for whoever advises and whoever tries."""

from datetime import timedelta

import pytest

from orcaops.improving.advisors.cpu_limit import CpuLimit
from orcaops.improving.advisors.memory_limit import MemoryLimit
from orcaops.improving.advisors.timeouts import Timeouts
from orcaops.improving.proposals import Past, propose
from orcaops.improving.targets import hung, timeout_target
from orcaops.model.override import OptimizedField
from orcaops.model.run import Cause, Run
from orcaops.testing.advisors import a_dossier
from tests.improving.test_proposals import run


def past() -> list[Run]:
    """Newest first: 40 runs that use little of what they ask for."""
    return [
        run(n, held=60 + n % 7, seconds=10 + n % 5, cpu=3.0 + n % 2, cpus=4, timeout=3600) for n in range(40)
    ][::-1]


@pytest.mark.parametrize("field", [OptimizedField.MEMORY, OptimizedField.TIMEOUT, OptimizedField.CPUS])
def test_what_is_recommended_is_where_the_steps_of_a_trial_lead(field: OptimizedField) -> None:
    runs = past()
    (tried,) = (each for each in propose(Past(runs=runs)) if each.field is field)
    dossier = a_dossier(runs)
    told = [each for advisor in (MemoryLimit(), Timeouts(), CpuLimit()) for each in advisor.advise(dossier)]
    (advised,) = (each.change for each in told if each.change is not None and each.field == field)
    assert tried.target == advised.after
    assert tried.own == advised.before


def test_a_run_that_hung_does_not_keep_the_timeout_long() -> None:
    """Its timeout is what it waited for in vain; one that was at work when it was stopped needs more."""
    healthy = past()
    at = healthy[0].submitted_at + timedelta(hours=1)
    stopped = healthy[0].changed(job_id="h", submitted_at=at, cause=Cause.TIMEOUT_TOTAL, duration_s=3600.0)
    waited = stopped.changed(usage=stopped.usage.model_copy(update={"cpu_seconds": 1.0}))
    busy = stopped.changed(usage=stopped.usage.model_copy(update={"cpu_seconds": 3000.0}))
    assert (hung(waited), hung(busy), hung(healthy[0])) == (True, False, False)
    assert timeout_target(healthy, [waited]) == timeout_target(healthy, [])
    assert (timeout_target(healthy, [busy]) or 0.0) >= 1.2 * 3600
    fields = {each.field for each in propose(Past(runs=[waited, *healthy]))}
    assert OptimizedField.TIMEOUT in fields
    assert OptimizedField.TIMEOUT not in {each.field for each in propose(Past(runs=[busy, *healthy]))}
