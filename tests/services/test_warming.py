"""What would be held ready, decided from a history; nothing of an engine is needed for that."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.app import App
from orcaops.model.job import JobSpec
from orcaops.model.override import Arm, Assignment
from orcaops.model.quantities import MIB
from orcaops.model.readiness import Stood, WarmIntent
from orcaops.model.run import Phase, PhaseName, Run
from orcaops.services.warm_past import Past
from orcaops.services.warming import Warming, WarmLimits
from orcaops.testing.stores import make_run

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LIMITS = WarmLimits(containers=4, memory_bytes=1 << 30, disk_bytes=1 << 34, minutes_per_day=1440.0)


def came(image: str, minutes_ago: float, **changes: Any) -> Run:
    """A run in an image, submitted so long ago."""
    at = NOW - timedelta(minutes=minutes_ago)
    spec = JobSpec(image=image, command=("true",), workspace=changes.get("workspace", "default"))
    fields: dict[str, Any] = {
        "job_id": f"{image}-{minutes_ago}",
        "image": image,
        "submitted_at": at,
        "started_at": at,
        "finished_at": at,
        "requested": spec,
        "effective": spec,
        "executor": "docker",
        "phases": {PhaseName.CREATE: Phase(started_at=at, duration_s=0.4)},
    }
    return make_run(0, **{**fields, **changes})


def warming(
    app: App, *runs: Run, limits: WarmLimits = LIMITS, paused: str | None = None, **more: Any
) -> Warming:
    """The service over a history, at NOW, with no engine at all."""
    with app.store.write() as transaction:
        transaction.runs.add_new(list(runs))
    return Warming(
        app.store,
        {},
        mode=more.get("mode", "suggest"),
        worth_min=120.0,
        limits=limits,
        paused=lambda _workspace: paused,
        clock=lambda: more.get("now", NOW),
    )


def intents(found: Warming, workspace: str = "default") -> dict[str, WarmIntent]:
    """The plan by image."""
    return {each.image: each for each in found.plan(workspace).intents}


def busy(image: str, **changes: Any) -> list[Run]:
    """An image that is used all the time."""
    gaps = [1.3, 4.7, 2.2, 6.1, 3.4, 1.9, 5.2, 2.8]
    times = [sum(gaps[:count]) + 1.0 for count in range(len(gaps))]
    return [came(image, minutes, **changes) for minutes in times]


def test_what_is_used_often_is_held_and_what_is_rare_is_not(app: App) -> None:
    rare = [came("rare", 60.0 * 24 * days) for days in (2.0, 4.3, 9.1)]
    found = intents(warming(app, *busy("busy"), *rare, came("once", 5.0)))
    assert (found["busy"].granted, found["busy"].until is not None) == (1, True)
    assert (found["rare"].hold, found["rare"].why) == (0, "the next job is not likely enough to come soon")
    assert found["once"].why == "it was used once only: 1 of 2 times"
    assert found["busy"].chance_next_hour > found["rare"].chance_next_hour


@pytest.mark.parametrize(
    ("stage", "arm", "held"),
    [("canary", Arm.CANDIDATE, 512), ("kept", Arm.CANDIDATE, 300), ("kept", Arm.CONTROL, 512)],
)
def test_what_is_held_has_the_limits_of_most_runs_and_not_of_one_on_trial(
    app: App, stage: str, arm: Arm, held: int
) -> None:
    """Else each candidate of a canary would have the container of nine others thrown away."""
    usual = JobSpec(image="i", command=("true",), memory=512 * MIB)
    limit = 300 if arm is Arm.CANDIDATE else 700
    tried = came(
        "i",
        1.0,
        effective=usual.model_copy(update={"memory": limit * MIB}),
        trial=Assignment(optimization_id="o", stage=stage, arm=arm),
    )
    with app.store.write() as transaction:
        transaction.runs.add_new([came("i", 5.0, effective=usual), tried])
    past = Past()
    past.follow(app.store, NOW)
    spec = past.images["default", "i"].spec
    assert spec is not None
    assert spec.memory == held * MIB


def test_what_comes_by_the_clock_is_awaited_by_the_clock(app: App) -> None:
    hourly = [came("hourly", 60.0 * hours + 30) for hours in range(8)]
    assert "it comes every 1 h" in intents(warming(app, *hourly))["hourly"].why
    soon = warming(app, now=NOW + timedelta(minutes=29.8))
    assert intents(soon)["hourly"].granted == 1


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"mounts": ("/srv:/srv",)}, "mount"),
        ({"pull_policy": "always"}, "newer image"),
    ],
)
def test_what_cannot_be_prepared_for_says_why(app: App, spec: dict[str, Any], why: str) -> None:
    made = JobSpec(image="busy", command=("true",), **spec)
    found = intents(warming(app, *busy("busy", requested=made, effective=made)))["busy"]
    assert (found.hold, why in found.why) == (0, True)


def test_runs_with_secrets_in_sandboxes_or_from_elsewhere_do_not_count(app: App) -> None:
    runs = [*busy("a", masked=True), *busy("b", sandbox="s"), *busy("c", source="github")]
    assert intents(warming(app, *runs)) == {}


def test_workspaces_never_mix(app: App) -> None:
    found = warming(app, *busy("mine"), *busy("theirs", workspace="other"))
    assert set(intents(found)) == {"mine"}
    assert set(intents(found, "other")) == {"theirs"}


def test_an_incident_pauses_it(app: App) -> None:
    found = intents(warming(app, *busy("busy"), paused="everything fails"))["busy"]
    assert (found.granted, found.why) == (0, "everything fails")


@pytest.mark.parametrize(
    "limits",
    [
        WarmLimits(containers=0, memory_bytes=1 << 30, disk_bytes=0, minutes_per_day=1440),
        WarmLimits(containers=4, memory_bytes=1 << 20, disk_bytes=0, minutes_per_day=1440),
        WarmLimits(containers=4, memory_bytes=1 << 30, disk_bytes=0, minutes_per_day=0),
    ],
)
def test_a_budget_that_is_used_up_grants_nothing(app: App, limits: WarmLimits) -> None:
    found = intents(warming(app, *busy("busy"), limits=limits))["busy"]
    assert (found.hold, found.granted) == (1, 0)


def stood(number: int, ending: str, minutes: float) -> Stood:
    """A container for ``busy`` that stood so long, within the last hours."""
    return Stood.model_validate(
        {
            "id": f"w{number}",
            "image": "busy",
            "image_digest": "sha256:1",
            "ready_at": NOW - timedelta(minutes=minutes + number),
            "ended_at": NOW - timedelta(minutes=number),
            "ending": ending,
            "took_s": 0.4,
            "idle_s": minutes * 60,
        }
    )


def test_what_does_not_pay_stops_by_itself_and_later_gets_another_chance(app: App) -> None:
    found = warming(app, *busy("busy"))
    with app.store.write() as transaction:
        facts = [stood(1, "claimed", 60.0), *(stood(number, "expired", 100.0) for number in range(2, 7))]
        transaction.stood_ready.add_many(facts)
    assert "did not pay" in intents(found)["busy"].why
    (balance,) = found.status("default").images
    assert (balance.hits, balance.pays, balance.idle_min, balance.wasted_min) == (1, False, 560.0, 500.0)
    assert balance.saved_s == pytest.approx(0.4)
    later = warming(
        app, *[came("busy", -60.0 * 24 * 8 - n * 2.5) for n in range(4)], now=NOW + timedelta(days=8.01)
    )
    assert "did not pay" not in intents(later)["busy"].why


def test_the_minutes_of_a_day_are_counted(app: App) -> None:
    found = warming(
        app,
        *busy("busy"),
        limits=WarmLimits(containers=4, memory_bytes=1 << 30, disk_bytes=0, minutes_per_day=90.0),
    )
    assert intents(found)["busy"].granted == 1
    with app.store.write() as transaction:
        transaction.stood_ready.add_many([stood(1, "claimed", 100.0)])
    assert intents(found)["busy"].granted == 0
    assert found.status("default").budget.minutes_used == pytest.approx(100.0)


def test_misses_and_hits_are_told(app: App) -> None:
    missed = [came("busy", 100.0 + n, warm=False) for n in range(3)]
    found = warming(app, *busy("busy"), *missed)
    with app.store.write() as transaction:
        transaction.stood_ready.add_many([stood(1, "claimed", 1.0)])
    (balance,) = found.status("default").images
    assert (balance.hits, balance.misses, balance.hit_rate) == (1, 3, 0.25)


def test_new_arrivals_are_followed_and_counted_once(app: App) -> None:
    found = warming(app, *busy("busy"))
    assert intents(found)["busy"].arrivals == 8
    with app.store.write() as transaction:
        transaction.runs.add(came("busy", 0.5))
    assert [intents(found)["busy"].arrivals for _ in range(2)] == [9, 9]


def test_without_an_engine_nothing_is_tended(app: App) -> None:
    found = warming(app, *busy("busy"), mode="auto")
    found.tend()
    found.close()
    assert found.status("default").ready == ()
