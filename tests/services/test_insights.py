"""Insights: what people decide about baselines and anomalies is signed, shown, and outlives relearning."""

from datetime import UTC, datetime, timedelta

import pytest

from orcaops.app import App
from orcaops.model.anomaly import Anomaly
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.run import Cause, Run, Status

_START = datetime.now(UTC) - timedelta(days=1)


def keep(app: App, durations: list[float]) -> None:
    runs = []
    for number, seconds in enumerate(durations):
        begun = _START + timedelta(minutes=number)
        ended = begun + timedelta(seconds=seconds)
        runs.append(
            Run(
                job_id=f"job-{number}",
                key="name:a",
                name="a",
                status=Status.SUCCEEDED,
                cause=Cause.SUCCESS,
                exit_code=0,
                submitted_at=begun,
                started_at=begun,
                finished_at=ended,
                duration_s=seconds,
            )
        )
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    app.absorber.absorb_all()


def slow_run(app: App) -> Anomaly:
    keep(app, [10.0 + n % 3 * 0.1 for n in range(12)] + [60.0])
    (found,) = app.insights.anomalies("default", filters={"type": "duration"}).items
    return found


def test_what_was_decided_about_an_anomaly_is_shown_and_outlives_relearning(app: App) -> None:
    found = slow_run(app)
    assert app.insights.acknowledge("default", found.id, by="me", note="known").note == "known"
    resolved = app.insights.resolve("default", found.id, by="me", resolution="pinned the image")
    assert (resolved.acknowledged, resolved.resolution) == (True, "pinned the image")
    app.upkeep.relearn()
    assert app.insights.anomaly("default", found.id) == resolved
    assert not app.insights.reopen("default", found.id, by="me").acknowledged
    with app.store.read() as transaction:
        told = transaction.decisions.about("default", "anomaly", found.id)
    assert [(decision.verb, decision.by) for decision in told] == [
        ("acknowledge", "me"),
        ("resolve", "me"),
        ("reopen", "me"),
    ]


def test_a_resolution_says_something(app: App) -> None:
    found = slow_run(app)
    with pytest.raises(OrcaError) as refused:
        app.insights.resolve("default", found.id, by="me", resolution="  ")
    assert refused.value.code is ErrorCode.INVALID


def test_a_reset_does_not_take_the_place_of_a_run_that_is_being_learned_again(app: App) -> None:
    keep(app, [10.0] * 12)
    with app.store.write() as transaction:  # as in the middle of a relearning
        transaction.set_watermark(5)
    with pytest.raises(OrcaError, match="derived again") as refused:
        app.insights.reset_baseline("default", "name:a", by="me")
    assert refused.value.code is ErrorCode.UNAVAILABLE
    with app.store.read() as transaction:
        assert transaction.watermark() == 5


def test_a_reset_forgets_the_baseline_and_keeps_the_runs(app: App) -> None:
    keep(app, [1.0] * 12)
    assert app.insights.baseline("default", "name:a").established
    app.insights.reset_baseline("default", "name:a", by="me", reason="new hardware")
    with pytest.raises(OrcaError) as gone:
        app.insights.baseline("default", "name:a")
    assert gone.value.code is ErrorCode.NOT_FOUND
    assert app.jobs.page("default").total == 12


def test_an_old_baseline_says_that_it_is_stale(app: App) -> None:
    keep(app, [1.0] * 12)
    assert not app.insights.baseline("default", "name:a").stale
    app.insights._stale_after = timedelta(hours=1)
    assert app.insights.baseline("default", "name:a").stale


@pytest.mark.parametrize("what", ["anomaly", "baseline"])
def test_what_is_not_there_is_not_found(app: App, what: str) -> None:
    with pytest.raises(OrcaError) as missing:
        getattr(app.insights, what)("default", "nothing")
    assert missing.value.code is ErrorCode.NOT_FOUND


def test_a_storm_is_over_when_nothing_came_after_it(app: App) -> None:
    begun = datetime.now(UTC) - timedelta(hours=1)
    runs = []
    for number in range(12):
        at = begun + timedelta(seconds=5 * number)
        runs.append(
            Run(
                job_id=f"try-{number}",
                key="name:a",
                name="a",
                status=Status.FAILED,
                cause=Cause.COMMAND_FAILED,
                exit_code=1,
                submitted_at=at,
                started_at=at,
                finished_at=at + timedelta(seconds=3),
                duration_s=3.0,
            )
        )
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    app.absorber.absorb_all()
    found = {each.type: each for each in app.insights.anomalies("default").items}
    assert set(found) >= {"retry_storm", "repeat_failure"}
    for kind in ("retry_storm", "repeat_failure"):
        over = found[kind]
        assert not over.open
        assert over.closed_at is not None
        assert over.last_seen_at is not None
        assert over.closed_at - over.last_seen_at == timedelta(minutes=15)
        assert "nothing came after it for 15 min" in over.description
        assert over == app.insights.anomaly("default", over.id)
    going_on = app.insights.anomalies("default", filters={"open": "true"}).items
    assert not {each.type for each in going_on} & {"retry_storm", "repeat_failure"}


def test_a_page_of_what_is_open_reads_a_bounded_number_that_silence_has_ended(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orcaops.services.insights._MOST_LOOKED_AT", 3)
    found = slow_run(app)
    storm = found.model_copy(update={"type": "retry_storm", "last_seen_at": None, "open": True})
    over = [
        storm.model_copy(
            update={"id": f"storm-{n}", "detected_at": datetime.now(UTC) - timedelta(hours=1, minutes=n)}
        )
        for n in range(10)
    ]
    with app.store.write() as transaction:
        transaction.anomalies.put_many(over)
    seen: list[str] = []
    pages, cursor = 0, None
    while True:
        page = app.insights.anomalies("default", filters={"open": "true"}, limit=2, cursor=cursor)
        seen += [anomaly.id for anomaly in page.items]
        pages += 1
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [found.id]
    assert pages > 2
