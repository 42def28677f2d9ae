"""The memory advisor: proposes what past runs would have fitted in, and says nothing without evidence."""

from datetime import UTC, datetime, timedelta

from orcaops.improving.advisor import Dossier
from orcaops.improving.advisors.memory_limit import MemoryLimit
from orcaops.model.baseline import Baseline
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Run, Status, Usage

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int, held_mib: int, *, limit_mib: int | None = 1024, cause: Cause = Cause.SUCCESS) -> Run:
    spec = JobSpec(command=("make",), memory=limit_mib * MIB if limit_mib else None)
    ended = _NOW + timedelta(minutes=number)
    return Run(
        job_id=f"job-{number}",
        key="name:a",
        status=Status.SUCCEEDED if cause is Cause.SUCCESS else Status.FAILED,
        cause=cause,
        submitted_at=ended,
        finished_at=ended,
        effective=spec,
        usage=Usage(memory_resident_bytes=held_mib * MIB),
    )


def dossier(runs: list[Run]) -> Dossier:
    baseline = Baseline(key="name:a", sample_count=len(runs), last_updated=_NOW)
    return Dossier(workspace="default", key="name:a", at=_NOW, baseline=baseline, runs=tuple(reversed(runs)))


def test_it_lowers_a_limit_that_is_far_above_and_every_past_run_would_have_fitted() -> None:
    runs = [run(n, 100 + n) for n in range(12)]
    (found,) = MemoryLimit().advise(dossier(runs))
    assert (found.type, found.field) == ("cost", "memory")
    assert found.evidence["would_have_fitted"] == 12
    assert 111 * MIB < found.evidence["proposed_bytes"] < 512 * MIB
    assert MemoryLimit().advise(dossier(runs))[0].id == found.id


def test_it_raises_a_limit_that_killed() -> None:
    runs = [run(0, 900, limit_mib=1024, cause=Cause.OOM_KILLED)]
    (found,) = MemoryLimit().advise(dossier(runs))
    assert (found.type, found.evidence["proposed_bytes"]) == ("reliability", 2048 * MIB)
    assert found.evidence["killed"] == ["job-0"]


def test_it_is_silent_before_ten_runs_without_a_limit_and_where_the_limit_fits() -> None:
    assert not MemoryLimit().advise(dossier([run(n, 100) for n in range(9)]))
    assert not MemoryLimit().advise(dossier([run(n, 100, limit_mib=None) for n in range(20)]))
    assert not MemoryLimit().advise(dossier([run(n, 700) for n in range(20)]))
    assert not MemoryLimit().concerns(run(0, 100, limit_mib=None))
