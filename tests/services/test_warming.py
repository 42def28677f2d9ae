"""What would be held ready, decided from a history; nothing of an engine is needed for that."""

import dataclasses
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.app import App
from orcaops.model.errors import unavailable
from orcaops.model.job import JobSpec
from orcaops.model.override import Arm, Assignment
from orcaops.model.quantities import MIB
from orcaops.model.readiness import Stood, WarmIntent
from orcaops.model.run import Phase, PhaseName, Run, Status
from orcaops.running.executor import CannotStandReady, Ending, HeldImage, Prepared, Warmable
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
    """The service over a history, at NOW, with no engine at all, or the one that is given."""
    with app.store.write() as transaction:
        transaction.runs.add_new(list(runs))
    return Warming(
        app.store,
        more.get("executors", {}),
        mode=more.get("mode", "suggest"),
        worth_min=120.0,
        limits=limits,
        paused=lambda _workspace: paused,
        clock=lambda: more.get("now", NOW),
        new_id=lambda: uuid.uuid4().hex,
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


def test_a_job_that_mounts_folders_does_not_take_the_container_from_the_others(app: App) -> None:
    made = JobSpec(image="busy", command=("true",), mounts=("/srv:/srv",))
    mounted = came("busy", 0.5, job_id="mounted", requested=made, effective=made)
    found = intents(warming(app, *busy("busy"), mounted))["busy"]
    assert (found.granted, found.arrivals) == (1, 8)


def test_jobs_of_two_shapes_in_turn_do_not_throw_away_each_others_container(app: App) -> None:
    specs = [JobSpec(image="i", command=("true",), memory=size * MIB) for size in (256, 512)]
    runs = [came("i", 20.0 - n, effective=specs[n % 2]) for n in range(10)]
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    past, held = Past(), set()
    for n in range(6, 10):
        past = Past()
        past.follow(app.store, NOW)
        held.add(getattr(past.images["default", "i"].spec, "memory", None))
        with app.store.write() as transaction:
            transaction.runs.add_new([came("i", 10.0 - n, effective=specs[n % 2])])
    assert len(held) == 1
    with app.store.write() as transaction:
        transaction.runs.add_new(
            [came("i", 0.5 - n / 10, effective=specs[0], job_id=f"last-{n}") for n in range(5)]
        )
    past.follow(app.store, NOW)
    spec = past.images["default", "i"].spec
    assert spec is not None
    assert spec.memory == 256 * MIB, "what lasts is followed"


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"memory_bytes": 100 * MIB}, "one may have 512 MiB, and the budget is 100 MiB (warm.memory)"),
        ({"minutes_per_day": 0.0}, "the 0 minutes of today are used up"),
        ({"containers": 0}, "held for others (warm.containers"),
    ],
)
def test_what_the_budget_does_not_allow_is_said(app: App, limits: dict[str, Any], why: str) -> None:
    made = JobSpec(image="busy", command=("true",), memory=512 * MIB)
    runs = busy("busy", requested=made, effective=made)
    found = intents(warming(app, *runs, limits=dataclasses.replace(LIMITS, **limits)))["busy"]
    assert (found.hold > 0, found.granted) == (True, 0)
    assert why in found.why


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
    assert "it did not pay: 9 h 20 min of waiting for 1 hit in" in intents(found)["busy"].why
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


class Engine:
    """An engine that only holds images; ``used`` are those that containers are made of."""

    name = "engine"

    def __init__(self, held: dict[str, int], sizes: dict[str, int]) -> None:
        self.held, self.sizes, self.used = dict(held), sizes, set[str]()
        self.digests: dict[str, str] = {}

    def held_image(self, image: str) -> HeldImage | None:
        if image not in self.held:
            return None
        digest = self.digests.get(image, f"sha256:{image}")
        return HeldImage(image=image, digest=digest, size_bytes=self.held[image])

    def fetch(self, image: str, stopped: Callable[[], bool]) -> None:
        assert not stopped()
        self.held[image] = self.sizes[image]

    def drop_image(self, image: str) -> bool:
        return image not in self.used and self.held.pop(image, None) is not None

    def prepare(self, spec: JobSpec) -> Prepared:
        raise CannotStandReady(f"{spec.image}: it only holds images")

    def prepared(self) -> list[Prepared]:
        return []

    def standing(self) -> list[Prepared]:
        return []

    def stood(self) -> list[tuple[Prepared, Ending]]:
        return []

    def discard(self, warm_id: str, why: Ending = "expired") -> bool:
        raise AssertionError(warm_id, why)

    def close(self) -> None:
        pass


def tended(app: App, engine: Engine, *runs: Run, disk_mib: int, **more: Any) -> Engine:
    """The engine after a round of a server with so much disk for images."""
    assert isinstance(engine, Warmable)
    limits = WarmLimits(containers=4, memory_bytes=1 << 30, disk_bytes=disk_mib * MIB, minutes_per_day=1440.0)
    warming(app, *runs, limits=limits, mode="auto", executors={"engine": engine}, **more).tend()
    return engine


def test_an_engine_that_is_full_is_not_asked_every_round_and_asked_again_when_there_is_room(app: App) -> None:
    asked: list[datetime] = []

    class Full(Engine):
        room = False

        def prepare(self, spec: JobSpec) -> Prepared:
            asked.append(now)
            if not self.room:
                raise unavailable("no space left on device")
            raise CannotStandReady(f"{spec.image}: there is room, and that is all that is looked at here")

    now = NOW
    engine = Full({"busy": 1}, {})
    found = warming(app, *busy("busy"), mode="auto", executors={"engine": engine})
    found._clock = lambda: now
    for _ in range(30):  # a server's rounds of a minute
        found.tend()
        now += timedelta(seconds=2)
    assert [(at - NOW).total_seconds() for at in asked] == [0.0, 6.0, 16.0, 36.0]
    engine.room = True
    while len(asked) == 4:
        found.tend()
        now += timedelta(seconds=2)
        assert now - NOW < timedelta(minutes=6)


def test_what_was_pulled_ahead_goes_when_its_place_is_needed_and_nothing_else(app: App) -> None:
    engine = Engine({"theirs": 500 * MIB}, {"was": 300 * MIB, "is": 300 * MIB})
    tended(app, engine, *busy("was"), *busy("theirs"), disk_mib=1000)
    assert set(engine.held) == {"theirs", "was"}
    later = timedelta(days=20)
    new = [
        run.changed(
            job_id=f"later-{run.job_id}",
            submitted_at=run.submitted_at + later,
            started_at=run.submitted_at + later,
            finished_at=run.submitted_at + later,
        )
        for run in (*busy("is"), *busy("theirs"))
    ]
    engine.used.add("was")
    tended(app, engine, *new, disk_mib=1000, now=NOW + later)
    assert set(engine.held) == {"theirs", "was"}, "a container uses it"
    engine.used.clear()
    tended(app, engine, disk_mib=1000, now=NOW + later)
    assert set(engine.held) == {"theirs", "is"}, "another service knows what the one before it pulled"
    with app.store.read() as transaction:
        taken = [(each.verb, each.subject_id, each.by) for each in transaction.decisions.each("image")]
    assert taken == [("fetch", "was", "orcaops"), ("remove", "was", "orcaops"), ("fetch", "is", "orcaops")]


def test_a_smaller_budget_is_kept_to(app: App) -> None:
    engine = Engine({}, {"a": 300 * MIB, "b": 200 * MIB})
    tended(app, engine, *busy("a"), disk_mib=1000)
    tended(app, engine, *busy("b"), disk_mib=1000)
    assert set(engine.held) == {"a", "b"}
    assert len(tended(app, engine, disk_mib=400).held) == 1
    assert tended(app, engine, disk_mib=100).held == {}


def test_an_image_that_people_have_replaced_is_theirs(app: App) -> None:
    engine = Engine({}, {"a": 300 * MIB})
    tended(app, engine, *busy("a"), disk_mib=1000)
    engine.digests["a"] = "sha256:theirs"
    assert set(tended(app, engine, disk_mib=100).held) == {"a"}
    engine.digests.clear()
    assert set(tended(app, engine, disk_mib=100).held) == {"a"}


def test_an_image_that_a_job_waits_for_stays(app: App) -> None:
    engine = Engine({}, {"a": 300 * MIB})
    tended(app, engine, *busy("a"), disk_mib=1000)
    queued = came("a", 0.0, status=Status.QUEUED, started_at=None, finished_at=None, job_id="waits")
    assert set(tended(app, engine, queued, disk_mib=100).held) == {"a"}
