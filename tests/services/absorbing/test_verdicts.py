"""Verdicts: "not a problem" changes what is told next, says so, is taken back, and outlives relearning."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orcaops.app import App
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.run import Cause, Run, Status
from orcaops.services.absorbing.verdicts import alike_as, verdict_on

START = datetime(2026, 1, 1, tzinfo=UTC)
USUAL = [60.0, 60.5, 59.8, 60.2, 60.1, 59.9, 60.3, 60.0, 60.4, 59.7, 60.2, 60.1]


class Nights:
    """A job that runs every ten minutes, absorbed run by run."""

    def __init__(self, app: App) -> None:
        self.app, self.count = app, 0

    def run(self, *durations: float, name: str = "nightly") -> None:
        for seconds in durations:
            self.count += 1
            begun = START + timedelta(minutes=10 * self.count)
            run = Run(
                job_id=f"job-{self.count}",
                key=f"name:{name}",
                name=name,
                status=Status.SUCCEEDED,
                cause=Cause.SUCCESS,
                exit_code=0,
                submitted_at=begun,
                started_at=begun,
                finished_at=begun + timedelta(seconds=seconds),
                duration_s=seconds,
            )
            with self.app.store.write() as transaction:
                transaction.runs.add_new([run])
            self.app.absorber.absorb_all()

    def slow(self, **filters: str) -> list[Anomaly]:
        wanted = {"type": "duration", **filters}
        return list(reversed(self.app.insights.anomalies("default", filters=wanted).items))


def opinions(app: App) -> list[str]:
    with app.store.read() as transaction:
        return [anomaly.model_dump_json() for anomaly in transaction.anomalies.each()]


def test_what_is_alike_is_listed_and_not_told_and_says_why(app: App) -> None:
    nights = Nights(app)
    nights.run(*USUAL, 190.0, *USUAL)
    (first,) = nights.slow()
    assert (first.muted_by, first.told) == (None, True)
    said = app.insights.resolve("default", first.id, by="alice", resolution="backup", not_a_problem=True)
    assert said.resolution == "backup"

    nights.run(220.0, *USUAL)
    _, again = nights.slow()
    assert again.muted_by == first.id
    assert again.muted_because is not None
    assert (
        f"that this is no problem (anomaly {first.id}): told again only above 3 min 58 s"
        in again.muted_because
    )
    assert (again.told, again.told_because) == (False, again.muted_because)
    assert again.severity is first.severity, "it is as severe as it is"
    assert nights.slow(muted="true") == [again]

    nights.run(400.0)
    *_, larger = nights.slow()
    assert (larger.muted_by, larger.told) == (None, True)
    before = opinions(app)
    app.upkeep.relearn()
    assert opinions(app) == before
    assert nights.slow(muted="true") == [again]


def test_reopening_takes_it_back_also_for_what_was_muted(app: App) -> None:
    nights = Nights(app)
    nights.run(*USUAL, 190.0, *USUAL)
    (first,) = nights.slow()
    app.insights.resolve("default", first.id, by="alice", resolution="Not a problem.")
    nights.run(215.0, *USUAL)
    assert len(nights.slow(muted="true")) == 1
    assert app.insights.reopen("default", first.id, by="alice").resolution is None
    assert nights.slow(muted="true") == []
    nights.run(237.0, *USUAL)
    assert (len(nights.slow()), nights.slow()[-1].told) == (3, True)
    before = opinions(app)
    app.upkeep.relearn()
    assert opinions(app) == before


def test_another_resolution_mutes_nothing(app: App) -> None:
    nights = Nights(app)
    nights.run(*USUAL, 190.0, *USUAL)
    app.insights.resolve(
        "default", nights.slow()[0].id, by="alice", resolution="not a problem any more: fixed"
    )
    nights.run(220.0)
    assert nights.slow(muted="true") == []


def test_other_jobs_and_the_other_direction_are_not_muted(app: App) -> None:
    nights = Nights(app)
    nights.run(*USUAL, name="other")
    nights.run(*USUAL, 190.0, *USUAL)
    app.insights.resolve("default", nights.slow()[0].id, by="alice", resolution="no problem")
    nights.run(190.0, name="other")
    nights.run(20.0)
    assert nights.slow(muted="true") == []
    assert len(nights.slow()) == 3


def anomaly(**more: Any) -> Anomaly:
    given = {"id": "a", "job_id": "j", "type": "duration", "severity": Severity.WARNING, "title": "t"}
    given |= {"description": "d", "detected_at": START, "key": "k", "detector": "x", "expected": 1.0}
    return Anomaly.model_validate({**given, "actual": 2.0, "unit": "s", **more})


@pytest.mark.parametrize(
    "other",
    [
        {"key": "l"},
        {"type": "memory"},
        {"actual": 0.5},
        {"evidence": {"metric": "cpu"}},
        {"evidence": {"signature": "exit 2"}},
    ],
)
def test_what_makes_two_anomalies_unlike(other: dict[str, Any]) -> None:
    assert alike_as(anomaly()) == alike_as(anomaly(id="b", actual=3.0, severity=Severity.CRITICAL))
    assert alike_as(anomaly()) != alike_as(anomaly(**other))


def test_an_incident_stands_alone() -> None:
    assert alike_as(anomaly(type="incident")) is None
    assert "alike" not in verdict_on(anomaly(type="incident"))


def test_units_are_shown() -> None:
    assert verdict_on(anomaly(actual=100.0))["told_again"] == "above 2 min 5 s"
    assert verdict_on(anomaly(actual=0.5, expected=1.0))["told_again"].startswith("below 400 ms")
    assert "told_again" not in verdict_on(anomaly(type="error", unit="failure rate"))


STEPS = st.lists(
    st.tuples(st.sampled_from(["run", "run", "run", "mute", "reopen", "resolve"]), st.floats(1.0, 600.0)),
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_learning_again_gives_the_same_whatever_was_decided(
    open_app: Callable[..., App], tmp_path: Path, steps: list[tuple[str, float]]
) -> None:
    app = open_app(tmp_path / f"home-{len(list(tmp_path.iterdir()))}")
    nights = Nights(app)
    nights.run(*USUAL)
    for verb, number in steps:
        found = nights.slow()
        if verb == "run":
            nights.run(number, 60.0)
        elif found:
            chosen = found[int(number) % len(found)].id
            if verb == "reopen":
                app.insights.reopen("default", chosen, by="me")
            else:
                app.insights.resolve("default", chosen, by="me", resolution="x", not_a_problem=verb == "mute")
    live = opinions(app)
    app.upkeep.relearn()
    assert opinions(app) == live
