"""Failures that went away by themselves."""

from orcaops.improving.passing import went_away
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run
from orcaops.testing.advisors import a_run

RIGHT, WRONG = (JobSpec(name="n", image=image, command=("make",)) for image in ("tool:1", "tol:1"))


def newest_first(*ended: tuple[JobSpec, Cause]) -> list[Run]:
    return [a_run(n, spec=spec, cause=cause) for n, (spec, cause) in enumerate(ended)][::-1]


def test_a_failure_that_the_next_run_did_not_have_went_away() -> None:
    runs = newest_first((RIGHT, Cause.SUCCESS), (RIGHT, Cause.ENGINE_LOST), (RIGHT, Cause.SUCCESS))
    assert [run.job_id for run in went_away(runs, [runs[1]])] == ["job-0001"]


def test_one_that_stays_or_is_the_last_did_not() -> None:
    lost = (RIGHT, Cause.ENGINE_LOST)
    runs = newest_first((RIGHT, Cause.SUCCESS), lost, lost)
    assert went_away(runs, runs[:2]) == []


def test_one_that_somebody_put_right_did_not() -> None:
    runs = newest_first((WRONG, Cause.IMAGE_UNAVAILABLE), (RIGHT, Cause.SUCCESS))
    assert went_away(runs, [runs[1]]) == []
