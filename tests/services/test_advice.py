"""Advice: recommendations follow from facts and decisions, however they were learned."""

from datetime import UTC, datetime, timedelta

from orcaops.app import App
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Cause, Run, Status, Usage

_START = datetime(2026, 1, 1, tzinfo=UTC)


def limited_run(number: int, name: str, *, limit: int, held: int) -> Run:
    begun = _START + timedelta(minutes=number)
    spec = JobSpec(name=name, shell="make", memory=limit)
    return Run(
        job_id=f"{name}-{number}",
        key=f"name:{name}",
        name=name,
        command="make",
        status=Status.SUCCEEDED,
        cause=Cause.SUCCESS,
        exit_code=0,
        submitted_at=begun,
        started_at=begun,
        finished_at=begun + timedelta(seconds=5),
        duration_s=5.0,
        requested=spec,
        effective=spec,
        usage=Usage(memory_peak_bytes=held),
    )


def absorb(app: App, runs: list[Run]) -> None:
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    app.absorber.absorb_all()


def recommendations(app: App) -> list[Recommendation]:
    return sorted(app.advice.recommendations("default", state=None).items, key=lambda each: each.id)


def test_what_is_no_longer_worth_proposing_is_withdrawn(app: App) -> None:
    absorb(app, [limited_run(n, "a", limit=4096 * MIB, held=200 * MIB) for n in range(12)])
    assert [each.field for each in recommendations(app)] == ["memory"]
    absorb(app, [limited_run(n, "a", limit=300 * MIB, held=200 * MIB) for n in range(12, 16)])
    assert recommendations(app) == []


def test_relearning_gives_the_same_recommendations_with_what_was_decided(app: App) -> None:
    absorb(app, [limited_run(n, "a", limit=4096 * MIB, held=200 * MIB) for n in range(12)])
    absorb(app, [limited_run(n, "b", limit=2048 * MIB, held=100 * MIB) for n in range(12)])
    absorb(app, [limited_run(n, "c", limit=2048 * MIB, held=100 * MIB) for n in range(12)])
    absorb(app, [limited_run(n, "c", limit=150 * MIB, held=100 * MIB) for n in range(12, 14)])
    dismissed = next(each for each in recommendations(app) if each.key == "name:b")
    app.advice.dismiss("default", dismissed.id, by="somebody", reason="it grows at the end of the month")
    live = recommendations(app)
    assert sorted((each.key, each.state) for each in live) == [("name:a", "open"), ("name:b", "dismissed")]
    app.upkeep.relearn()
    assert recommendations(app) == live
