"""Regular jobs that wait with everybody else."""

from datetime import timedelta

from orcaops.improving.advisors.off_peak import OffPeak
from orcaops.model.job import JobSpec
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


def test_jobs_that_leave_an_hour_are_not_all_sent_to_the_same_one() -> None:
    alone_at_nine = tuple(200.0 if hour == 9 else 1.0 for hour in range(24))
    proposed = set()
    for number in range(12):
        spec = JobSpec(name=f"job-{number}", command=("make",))
        runs = [a_run(n, every=timedelta(days=1), spec=spec) for n in range(12)]
        waiting = [run.changed(started_at=run.submitted_at + timedelta(seconds=60)) for run in runs]
        (found,) = told(OffPeak(), a_dossier(waiting, arrivals=alone_at_nine))
        proposed.add(found.evidence["proposed_hour"])
    assert len(proposed) >= 3
    assert proposed <= {6, 7, 8, 10, 11, 12}, "near by, and quiet"
