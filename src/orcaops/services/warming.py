"""Warming: what to hold ready for jobs to come, held within a budget, and measured.

A server with ``warm.mode = auto`` looks every few seconds: what was submitted, what stands ready, what
should. The thinking is in :mod:`orcaops.improving.prewarming`; the containers are the executor's. What
became of each is a fact, and an image whose containers stood for longer than their use was worth is
left alone until that lies seven days back. An incident pauses it.
"""

import logging
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from orcaops.improving import prewarming
from orcaops.model.errors import OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB, show_duration, show_size
from orcaops.model.readiness import (
    ImageBalance,
    Ready,
    Stood,
    WarmBudget,
    WarmIntent,
    WarmPlan,
    WarmStatus,
)
from orcaops.recording.store import Store
from orcaops.running.executor import CannotStandReady, Executor, Prepared, Warmable
from orcaops.services.fetched_images import FetchedImages
from orcaops.services.signing import Signing
from orcaops.services.warm_past import BALANCE, Past, PastOfImage, Place, shape_of

log = logging.getLogger(__name__)

Mode = Literal["off", "suggest", "auto"]
_DAY = timedelta(days=1)
_KEPT = timedelta(days=90)  # seven of them are looked at
_COUNTED_WITHOUT_LIMIT = 64 * MIB  # of a container that may have any memory: a shell that waits holds 1 MiB
_AHEAD_MIN = 6 * 60.0  # how far ahead images are fetched
_LOOK_FOR_IMAGES = timedelta(minutes=10)
_TRY_AGAIN = timedelta(hours=6)
_SOON = timedelta(seconds=5)  # what could not be made is tried again, an engine may be full …
_SELDOM = timedelta(minutes=5)  # … and for less and less often
_SIZE_UNKNOWN = 300 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmLimits:
    """The budget: containers and their memory at any time, bytes of images, idle minutes of a day."""

    containers: int
    memory_bytes: int
    disk_bytes: int
    minutes_per_day: float


class Warming:
    """What stands ready, what should, and what it has brought."""

    def __init__(
        self,
        store: Store,
        executors: Mapping[str, Executor],
        *,
        mode: Mode,
        worth_min: float,
        limits: WarmLimits,
        paused: Callable[[str], str | None],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._images = FetchedImages(store, Signing(clock, new_id))
        self._executors = executors
        self._mode = mode
        self._worth_min = worth_min
        self._limits = limits
        self._paused = paused
        self._clock = clock
        self._past = Past()
        self._cannot: dict[int, str] = {}
        self._failed: dict[Place, tuple[datetime, timedelta]] = {}
        """Where nothing could be made ready just now: until when it is not tried again, and for how long."""
        self._held: dict[str, tuple[bool, int]] = {}
        self._looked_at: datetime | None = None
        self._fetched: dict[str, datetime] = {}
        self._shapes: dict[str, int] = {}
        self._stopping = False

    @property
    def mode(self) -> Mode:
        """``off``, ``suggest`` (only say what would be held) or ``auto``."""
        return self._mode

    def status(self, workspace: str) -> WarmStatus:
        """What stands ready for a workspace, within which budget, and what it has brought in seven days."""
        now = self._clock()
        self._past.follow(self._store, now)
        facts = self._facts(now)
        standing: list[Prepared] = []
        if (executor := self._executor()) is not None:
            try:
                standing = executor.standing()
            except OrcaError as error:
                log.info("cannot ask what stands ready: %s", error)
        ready = tuple(
            Ready(
                id=each.warm_id,
                workspace=each.workspace,
                image=each.image,
                image_digest=each.image_digest,
                ready_at=each.ready_at,
                idle_s=each.idle_s,
                memory_bytes=each.memory_bytes,
            )
            for each in standing
        )
        places = {place for place in self._past.images if place[0] == workspace}
        places |= {(fact.workspace, fact.image) for fact in facts if fact.workspace == workspace}
        return WarmStatus(
            mode=self._mode,
            paused=self._paused(workspace),
            ready=tuple(each for each in ready if each.workspace == workspace),
            budget=WarmBudget(
                containers=self._limits.containers,
                containers_used=len(ready),
                memory_bytes=self._limits.memory_bytes,
                memory_used_bytes=sum(each.memory_bytes or _COUNTED_WITHOUT_LIMIT for each in ready),
                disk_bytes=self._limits.disk_bytes,
                disk_used_bytes=self._disk_used(now),
                minutes_per_day=self._limits.minutes_per_day,
                minutes_used=self._minutes_used(facts, standing, now),
            ),
            images=tuple(
                balance
                for place in sorted(places)
                if (balance := self._balance(place, facts)).hits or balance.misses or balance.idle_min
            ),
        )

    def plan(self, workspace: str) -> WarmPlan:
        """What is expected of each image of a workspace, and what would be held for it now."""
        now = self._clock()
        self._past.follow(self._store, now)
        facts = self._facts(now)
        self._look_for_images(now)
        intents = self._intents(facts, self._minutes_left(facts, [], now), now)
        return WarmPlan(
            mode=self._mode,
            at=now,
            worth_min=self._worth_min,
            intents=tuple(intent for place, intent in sorted(intents.items()) if place[0] == workspace),
        )

    def tend(self) -> None:
        """One round of a server: note what became of what stood, let go what is not wanted, make what is."""
        executor = self._executor()
        if self._mode != "auto" or executor is None:
            return
        now = self._clock()
        self._note(executor, now)
        self._past.follow(self._store, now)
        self._look_for_images(now)
        facts = self._facts(now)
        prepared = executor.prepared()
        intents = self._intents(facts, self._minutes_left(facts, prepared, now), now)
        wanted = {place: intent.granted for place, intent in intents.items() if intent.granted}
        self._let_go(executor, wanted)
        self._make(executor, wanted)
        self._fetch(executor, intents, now)
        self._note(executor, self._clock())

    def close(self) -> None:
        """Remove all that stands ready in this process."""
        self._stopping = True
        executor = self._executor()
        if executor is not None and self._mode == "auto":
            executor.close()
            self._note(executor, self._clock())
            with self._store.write() as transaction:
                transaction.stood_ready.forget_before(self._clock() - _KEPT)

    def _executor(self) -> Warmable | None:
        return next((each for each in self._executors.values() if isinstance(each, Warmable)), None)

    def _facts(self, now: datetime) -> list[Stood]:
        with self._store.read() as transaction:
            return list(transaction.stood_ready.since(now - BALANCE))

    def _minutes_used(self, facts: list[Stood], standing: list[Prepared], now: datetime) -> float:
        today = sum(fact.idle_s for fact in facts if now - fact.ended_at < _DAY)
        return (today + sum(each.idle_s for each in standing)) / 60

    def _minutes_left(self, facts: list[Stood], standing: list[Prepared], now: datetime) -> float:
        return self._limits.minutes_per_day - self._minutes_used(facts, standing, now)

    def _balance(self, place: Place, facts: list[Stood]) -> ImageBalance:
        mine = [fact for fact in facts if (fact.workspace, fact.image) == place]
        hits = [fact for fact in mine if fact.ending == "claimed"]
        idle_min = sum(fact.idle_s for fact in mine) / 60
        image = self._past.images.get(place) or PastOfImage()
        counted = prewarming.Balance(
            hits=len(hits), misses=len(image.missed), idle_min=idle_min, ended=len(mine)
        )
        return ImageBalance(
            workspace=place[0],
            image=place[1],
            hits=counted.hits,
            misses=counted.misses,
            hit_rate=counted.hit_rate,
            saved_s=sum(_saved_s(image, fact) for fact in hits),
            idle_min=idle_min,
            wasted_min=sum(fact.idle_s for fact in mine if fact.ending != "claimed") / 60,
            worth_min=self._worth_min,
            pays=counted.pays(self._worth_min),
        )

    def _intents(self, facts: list[Stood], minutes: float, now: datetime) -> dict[Place, WarmIntent]:
        pooled = prewarming.pooled_hazard(self._past.everything)
        paused = {
            workspace: self._paused(workspace) for workspace in {place[0] for place in self._past.images}
        }
        found: dict[Place, WarmIntent] = {}
        wishes = []
        for place, image in self._past.images.items():
            if image.last is None or image.spec is None:
                continue
            waited = max(0.0, (now - image.last).total_seconds() / 60)
            wanted = prewarming.worth_keeping(image.gaps, pooled, self._worth_min)
            lead_min = statistics.median(image.cold_starts_s or [1.0]) / 60
            schedule = prewarming.schedule_of(image.arrivals_min)
            keep_min = prewarming.keep_until_min(wanted, waited)
            if schedule is not None:
                keep_min = schedule.keep_min(waited, lead_min)
            chance = prewarming.chance_within(image.gaps, pooled, waited, 60.0)
            ahead = prewarming.chance_within(image.gaps, pooled, waited, _AHEAD_MIN)
            why = paused[place[0]] or self._why_not(place, image, facts)
            hold = 0
            if why is None and image.seen < 2:
                why = "it was used once only: 1 of 2 times"
            elif why is None and keep_min <= 0:
                why = "the next job is not likely enough to come soon"
                if schedule is not None:
                    why = f"it comes every {show_duration(round(schedule.every_min * 60))}, and not now"
            elif why is None:
                hold = prewarming.how_many(image.arrivals_min, lead_min, self._worth_min)
                why = "a job is likely enough to come"
            found[place] = WarmIntent(
                workspace=place[0],
                image=place[1],
                arrivals=image.seen,
                last_at=image.last,
                chance_next_hour=chance,
                hold=hold,
                until=now + timedelta(minutes=keep_min) if hold else None,
                fetch=not self._held.get(place[1], (True, 0))[0] and ahead > 0.1,
                why=str(why),
            )
            if hold:
                rate = prewarming.hazard(image.gaps, pooled)[prewarming.bin_of(waited)]
                rate = rate if schedule is None else 1.0 / keep_min
                memory = image.spec.memory or _COUNTED_WITHOUT_LIMIT
                wishes.append(
                    prewarming.Wish(
                        name="\n".join(place), count=hold, gain=rate * self._worth_min, memory_bytes=memory
                    )
                )
        budget = prewarming.Budget(
            containers=self._limits.containers, memory_bytes=self._limits.memory_bytes, minutes=minutes
        )
        granted = prewarming.within(budget, wishes)
        for name, count in granted.items():
            workspace, _, image_name = name.partition("\n")
            place = (workspace, image_name)
            found[place] = found[place].model_copy(update={"granted": count})
        for place, intent in found.items():
            if intent.granted < intent.hold:
                why = f"{intent.why}; {self._beyond(self._past.images[place].spec, minutes)}"
                found[place] = intent.model_copy(update={"why": why})
        return found

    def _beyond(self, spec: JobSpec | None, minutes: float) -> str:
        """Which part of the budget keeps something from being held."""
        limits, memory = self._limits, spec.memory if spec is not None else None
        if minutes <= 0:
            return f"the {limits.minutes_per_day:.0f} minutes of today are used up (warm.minutes_per_day)"
        if memory is not None and memory > limits.memory_bytes:
            budget = show_size(limits.memory_bytes)
            return f"one may have {show_size(memory)}, and the budget is {budget} (warm.memory)"
        return "the rest of the budget is held for others (warm.containers, warm.memory)"

    def _why_not(self, place: Place, image: PastOfImage, facts: list[Stood]) -> str | None:
        """Why nothing can be held for an image, whatever is expected; None if it can."""
        spec = image.spec
        assert spec is not None
        if spec.mounts:
            return "its jobs mount folders: each gets a container of its own"
        if spec.pull_policy == "always":
            return "its jobs look for a newer image every time"
        if reason := self._cannot.get(shape_of(spec)):
            return reason
        if not self._held.get(place[1], (True, 0))[0]:
            return "the image is not on the engine"
        balance = self._balance(place, facts)
        if not balance.pays:
            return (
                f"it did not pay: {show_duration(60 * balance.idle_min)} of waiting "
                f"for {balance.hits} {'hit' if balance.hits == 1 else 'hits'} in seven days"
            )
        return None

    def _let_go(self, executor: Warmable, wanted: Mapping[Place, int]) -> None:
        left = dict(wanted)
        for each in executor.prepared():
            place = (each.workspace, each.image)
            spec = self._past.images[place].spec if place in self._past.images else None
            fits = spec is not None and self._shapes.get(each.warm_id) == shape_of(spec)
            if fits and left.get(place, 0) > 0:
                left[place] -= 1
            elif executor.discard(each.warm_id, "expired"):
                self._shapes.pop(each.warm_id, None)

    def _make(self, executor: Warmable, wanted: Mapping[Place, int]) -> None:
        there: dict[Place, int] = defaultdict(int)
        for each in executor.prepared():
            there[each.workspace, each.image] += 1
        for place, count in wanted.items():
            spec = self._past.images[place].spec
            until, pause = self._failed.get(place, (None, _SOON))
            if until is not None and self._clock() < until:
                continue
            while spec is not None and there[place] < count:
                try:
                    self._shapes[executor.prepare(spec).warm_id] = shape_of(spec)
                except CannotStandReady as why:
                    self._cannot[shape_of(spec)] = str(why)
                    break
                except OrcaError as error:
                    log.warning("nothing could be made ready for %s: %s", place[1], error)
                    self._failed[place] = (self._clock() + pause, min(2 * pause, _SELDOM))
                    break
                self._failed.pop(place, None)
                there[place] += 1

    def _look_for_images(self, now: datetime) -> None:
        """Which images that are used, or were pulled ahead, are on the engine, and how large they are."""
        executor = self._executor()
        known = {image for _, image in self._past.images} <= self._held.keys()
        if executor is None or (
            known and self._looked_at is not None and now - self._looked_at < _LOOK_FOR_IMAGES
        ):
            return
        self._looked_at = now
        for image in {image for _, image in self._past.images} | self._images.removable().keys():
            try:
                found = executor.held_image(image)
            except OrcaError:
                return
            size = self._held.get(image, (False, _SIZE_UNKNOWN))[1]
            self._held[image] = (True, found.size_bytes) if found else (False, size)

    def _disk_used(self, now: datetime) -> int:
        self._look_for_images(now)
        return sum(size for held, size in self._held.values() if held)

    def _fetch(self, executor: Warmable, intents: Mapping[Place, WarmIntent], now: datetime) -> None:
        """Pull one missing image ahead, if it is worth it and there is space: the most worthwhile.

        What was pulled ahead before goes when the budget is exceeded, and when its place is worth less.
        """
        missing: dict[str, tuple[float, float]] = {}
        askers: dict[str, str] = {}
        chances = self._chances(now)
        for (workspace, name), intent in intents.items():
            tried = self._fetched.get(name)
            if intent.fetch and (tried is None or now - tried > _TRY_AGAIN):
                missing[name] = self._worth_of(name)
                askers.setdefault(name, workspace)
        space = float(self._limits.disk_bytes - self._disk_used(now))
        if space < 0:
            space += self._make_room(executor, chances, -space, math.inf, "the budget of disk is exceeded")
        best = next(iter(prewarming.fetch_order(missing, chances, self._limits.disk_bytes)), None)
        if best is None:
            return
        if missing[best][1] > space:
            worth = prewarming.place_worth(missing[best], chances[best])
            why = f"{best} is likelier to be used"
            space += self._make_room(executor, chances, missing[best][1] - space, worth, why)
        for name in prewarming.fetch_order(missing, chances, space)[:1]:
            self._fetched[name] = now
            try:
                executor.fetch(name, lambda: self._stopping)
                why = f"used within {_AHEAD_MIN / 60:.0f} h with a probability of {chances[name]:.2f}"
                self._images.fetched(executor, askers[name], name, why)
                self._looked_at = None
            except OrcaError as error:
                log.info("the image %s could not be fetched ahead: %s", name, error)

    def _chances(self, now: datetime) -> dict[str, float]:
        """How likely each image is to be used within the next hours, by whoever uses it most."""
        pooled = prewarming.pooled_hazard(self._past.everything)
        chances: dict[str, float] = {}
        for (_, name), image in self._past.images.items():
            if image.last is not None:
                waited = max(0.0, (now - image.last).total_seconds() / 60)
                chance = prewarming.chance_within(image.gaps, pooled, waited, _AHEAD_MIN)
                chances[name] = max(chance, chances.get(name, 0.0))
        return chances

    def _worth_of(self, name: str) -> tuple[float, float]:
        """Seconds that pulling an image takes, and its bytes."""
        places = [past for (_, image), past in self._past.images.items() if image == name]
        pulls = [seconds for past in places for seconds in past.pulls_s]
        return statistics.median(pulls or [30.0]), float(self._held[name][1] or _SIZE_UNKNOWN)

    def _make_room(
        self, executor: Warmable, chances: Mapping[str, float], wanted: float, below: float, why: str
    ) -> float:
        """Remove of what was pulled ahead as much as is wanted; how many bytes that freed."""
        known = self._images.removable()
        standing = {each.image for each in executor.prepared()}
        ours = {
            name: self._worth_of(name)
            for name in known
            if self._held.get(name, (False, 0))[0] and name not in standing
        }
        over = min(wanted, sum(size for _, size in ours.values())) if math.isinf(below) else wanted
        gone = self._images.remove(executor, prewarming.making_room(ours, chances, over, below), known, why)
        for name in gone:
            self._held[name] = False, self._held[name][1]
        return sum(ours[name][1] for name in gone)

    def _note(self, executor: Warmable, now: datetime) -> None:
        facts = [
            Stood(
                id=each.warm_id,
                workspace=each.workspace,
                image=each.image,
                image_digest=each.image_digest,
                ready_at=each.ready_at,
                ended_at=max(now, each.ready_at),
                ending=ending,
                took_s=each.took_s,
                idle_s=each.idle_s,
                memory_bytes=each.memory_bytes,
            )
            for each, ending in executor.stood()
        ]
        if facts:
            with self._store.write() as transaction:
                transaction.stood_ready.add_many(facts)


def _saved_s(image: PastOfImage, fact: Stood) -> float:
    """What one job did not wait for: the median cold start less the median warm one, as measured on runs."""
    cold_s = statistics.median(image.cold_starts_s) if image.cold_starts_s else fact.took_s
    warm_s = statistics.median(image.warm_starts_s) if image.warm_starts_s else 0.0
    return max(0.0, cold_s - warm_s)
