"""Regular jobs that wait with everybody else."""

from datetime import timedelta

from orcaops.improving.advisors.off_peak import OffPeak
from orcaops.model.run import Run
from orcaops.testing.advisors import a_dossier, a_run, told

CROWDED = tuple(100.0 if hour == 9 else 5.0 if hour == 3 else 40.0 for hour in range(24))


def daily(wait_s: float, every: timedelta = timedelta(days=1)) -> list[Run]:
    runs = [a_run(n, every=every) for n in range(12)]
    return [run.changed(started_at=run.submitted_at + timedelta(seconds=wait_s)) for run in runs]


def test_the_quietest_hour_is_proposed() -> None:
    (found,) = told(OffPeak(), a_dossier(daily(120.0), arrivals=CROWDED))
    assert (found.evidence["hour"], found.evidence["proposed_hour"]) == (9, 3)
    assert found.saving is not None
    assert found.saving.per_run == 0.95 * 120


def test_it_is_silent_where_nothing_waits_or_nothing_is_regular() -> None:
    assert not told(OffPeak(), a_dossier(daily(1.0), arrivals=CROWDED))
    assert not told(OffPeak(), a_dossier(daily(120.0, timedelta(hours=7)), arrivals=CROWDED))
    assert not told(OffPeak(), a_dossier(daily(120.0), arrivals=(50.0,) * 24))
