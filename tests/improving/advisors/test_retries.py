"""Retries for the infrastructure's failures and for flaky jobs, and for nothing else."""

from orcaops.improving.advisors.retries import Retries
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run
from orcaops.testing.advisors import START, a_dossier, a_run, told


def runs(cause: Cause, at: set[int], n: int = 30, spec: JobSpec | None = None) -> list[Run]:
    return [a_run(number, spec=spec, cause=cause if number in at else Cause.SUCCESS) for number in range(n)]


FLAKY = Anomaly(
    id="flaky-1",
    job_id="job-0001",
    type="flaky",
    severity=Severity.WARNING,
    title="It is flaky",
    description="It fails now and then.",
    detected_at=START,
    key="name:job",
    detector="flaky",
)


def test_infrastructure_that_fails_and_recovers_is_tried_again() -> None:
    (found,) = told(Retries(), a_dossier(runs(Cause.INFRASTRUCTURE, {3, 9, 20})))
    assert found.change is not None
    assert (found.change.field, found.change.after) == ("retries", 1)
    assert found.evidence["went_away"] == ["job-0020", "job-0009", "job-0003"]


def test_a_command_that_fails_is_not_hidden() -> None:
    assert not told(Retries(), a_dossier(runs(Cause.COMMAND_FAILED, {3, 9, 20})))


def test_a_flaky_job_is_told_and_not_changed_by_us() -> None:
    (found,) = told(Retries(), a_dossier(runs(Cause.COMMAND_FAILED, {3, 9, 20}), anomalies=(FLAKY,)))
    assert (found.field, found.change) == ("flaky", None)
    assert found.evidence["anomalies"] == ["flaky-1"]


def test_it_is_silent_where_it_stays_broken_or_is_retried_already() -> None:
    assert not told(Retries(), a_dossier(runs(Cause.INFRASTRUCTURE, set(range(20, 30)))))
    retried = JobSpec(name="job", command=("make",), retries=1)
    assert not told(Retries(), a_dossier(runs(Cause.INFRASTRUCTURE, {3, 9}, spec=retried)))


def test_imported_failures_of_the_infrastructure_count_too() -> None:
    known = runs(Cause.INFRASTRUCTURE, {3, 9, 20})
    imported = [run.changed(source="csv", requested=None, effective=None) for run in known]
    assert len(told(Retries(), a_dossier(imported))) == 1


def test_a_fault_from_outside_is_remembered_when_the_next_run_succeeds() -> None:
    dossier = a_dossier(runs(Cause.INFRASTRUCTURE, {3, 9, 20}))
    counted = dossier.baseline.model_copy(update={"failure_count": 0})  # baselines count the work's own
    assert dossier.runs[0].cause is Cause.SUCCESS
    assert Retries().concerns(dossier.runs[0], counted)
