"""Prewarming: what to hold ready when, from how jobs have followed one another. Pure.

*Containers.* For each image the times between arrivals are kept as a histogram of 40 bins, equally wide on
a logarithmic scale from a second to 14 days, old ones fading by .998 with each new one. From it follows a
hazard: how likely the next job is to come in the next minute, given how long none has come. A ready
container is worth its keep in the bins where the hazard is above ``1/R``; R is how many idle minutes one
avoided cold start is worth. An image of which little is known borrows the pooled curve of all images.
There is no factor for the hour of the week: it made the cost 2 to 5 % larger on real traces.

Jobs that come by the clock are awaited by the clock: see :func:`schedule_of`.

*How many.* Arrivals within the time that preparing one takes are counted over the past; the quantile
``R / (R + lead)`` of that count is held, one at least.

*Images.* What to keep on the disk follows greedy-dual-size-frequency: ``clock + frequency × pull seconds /
size``, the frequency halving every 7 days (Cherkasova 1998). What is missing is worth fetching ahead where
the seconds it is expected to save are worth the space.
"""

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

BINS = 40
SHORTEST_MIN = 1.0 / 60.0
LONGEST_MIN = 14 * 24 * 60.0
DECAY = 0.998
LEAST_BORROWED = 0.5
"""`.02` costs up to 4 % more on the traces of `python -m benchmarks warm`."""
HALF_LIFE_MIN = 7 * 24 * 60.0
LEAST_AHEAD_MIN = 0.5

EDGES_MIN = (
    0.0,
    *(SHORTEST_MIN * math.pow(LONGEST_MIN / SHORTEST_MIN, step / (BINS - 1)) for step in range(BINS)),
)
"""Where the bins begin and end, in minutes: bin i is from edge i to edge i + 1."""


@dataclass(slots=True)
class Gaps:
    """The times between arrivals of one image, or of all: events and minutes of waiting, by bin."""

    events: list[float] = field(default_factory=lambda: [0.0] * BINS)
    waited_min: list[float] = field(default_factory=lambda: [0.0] * BINS)

    def learn(self, gap_min: float, decay: float = DECAY) -> None:
        """One more arrival, ``gap_min`` minutes after the one before it."""
        gap_min = max(0.0, gap_min)
        if decay < 1.0:
            self.events = [count * decay for count in self.events]
            self.waited_min = [minutes * decay for minutes in self.waited_min]
        last = bin_of(gap_min)
        for number in range(last):
            self.waited_min[number] += EDGES_MIN[number + 1] - EDGES_MIN[number]
        self.waited_min[last] += min(gap_min, EDGES_MIN[last + 1]) - EDGES_MIN[last]
        if gap_min < LONGEST_MIN:
            self.events[last] += 1.0


def bin_of(gap_min: float) -> int:
    """The number of the bin in which a time lies; the last one for anything longer.

    >>> bin_of(0.0), bin_of(LONGEST_MIN * 9)
    (0, 39)
    """
    return min(BINS - 1, max(0, bisect.bisect_right(EDGES_MIN, gap_min) - 1))


def pooled_hazard(everything: Gaps) -> list[float]:
    """Arrivals per minute of waiting in each bin, over all images.

    Where little has been seen the rate leans on ``.3 / t``: work comes in bursts, and the longer nobody came,
    the longer nobody comes. By that alone one is kept for .3 R minutes, which is about the best fixed time
    on the traces of ``python -m benchmarks warm``.
    """
    rates = []
    for number in range(BINS):
        usual = 0.3 / max((EDGES_MIN[number] + EDGES_MIN[number + 1]) / 2, SHORTEST_MIN)
        rates.append((everything.events[number] + 1.0) / (everything.waited_min[number] + 1.0 / usual))
    return rates


def hazard(own: Gaps, pooled: Sequence[float]) -> list[float]:
    """Arrivals per minute of waiting in each bin for one image, leaning on the pooled curve.

    In each bin the pooled rate counts as ``max(h0 × width, .5)`` arrivals seen at that rate.
    """
    rates = []
    for number in range(BINS):
        rate = pooled[number]
        borrowed = max(rate * (EDGES_MIN[number + 1] - EDGES_MIN[number]), LEAST_BORROWED)
        rates.append((own.events[number] + borrowed) / (own.waited_min[number] + borrowed / rate))
    return rates


def worth_keeping(own: Gaps, pooled: Sequence[float], worth_min: float) -> tuple[bool, ...]:
    """For each bin of the time since the last arrival, whether one should stand ready then."""
    return tuple(rate > 1.0 / worth_min for rate in hazard(own, pooled))


def keep_until_min(wanted: Sequence[bool], waited_min: float) -> float:
    """How long one should be kept from now on, when nobody has come for so long; 0 if not at all."""
    number = bin_of(waited_min)
    if waited_min >= LONGEST_MIN or not wanted[number]:
        return 0.0
    while number + 1 < BINS and wanted[number + 1]:
        number += 1
    return EDGES_MIN[number + 1] - waited_min


def idle_min(wanted: Sequence[bool], gap_min: float) -> float:
    """For how many minutes of a gap one stands ready."""
    total = 0.0
    for number in range(bin_of(gap_min) + 1):
        if wanted[number]:
            total += min(gap_min, EDGES_MIN[number + 1]) - EDGES_MIN[number]
    return total


@dataclass(frozen=True, slots=True)
class Schedule:
    """Jobs that come by the clock: so many minutes apart, give or take ``spread_min``."""

    every_min: float
    spread_min: float

    def keep_min(self, waited_min: float, lead_min: float) -> float:
        """How long one should be kept from now on; 0 if it is too early or too late.

        It should be ready 1.2 lead times before the earliest moment at which the job is to be expected.
        """
        begins = self.every_min - self.spread_min - max(1.2 * lead_min, LEAST_AHEAD_MIN)
        ends = self.every_min + self.spread_min + LEAST_AHEAD_MIN
        return ends - waited_min if begins <= waited_min < ends else 0.0


def schedule_of(arrivals_min: Sequence[float]) -> Schedule | None:
    """The schedule that the last arrivals follow; None if they follow none.

    At least five gaps of five minutes or more, none further than a minute or 2 % from their median: bins on a
    logarithmic scale are too wide to know what comes every night at two.

    >>> schedule_of([0.0, 60.0, 120.5, 180.0, 240.0, 300.0])
    Schedule(every_min=60.0, spread_min=0.5)
    """
    last = arrivals_min[-9:]
    gaps = sorted(after - before for before, after in pairwise(last))
    if len(gaps) < 5:
        return None
    middle = gaps[len(gaps) // 2]
    spread = max(middle - gaps[0], gaps[-1] - middle)
    if middle < 5.0 or spread > max(1.0, 0.02 * middle):
        return None
    return Schedule(middle, spread)


def how_many(arrivals_min: Sequence[float], lead_min: float, worth_min: float) -> int:
    """How many to hold: the quantile ``R / (R + lead)`` of what came within one lead time of an arrival.

    ``arrivals_min`` are times in order. At least 1.

    >>> how_many([0, 60, 60.1, 60.2, 120, 120.1, 120.2], 0.5, 120)
    3
    """
    if not arrivals_min or lead_min <= 0:
        return 1
    counts = []
    ahead = 0
    for number, at in enumerate(arrivals_min):
        ahead = max(ahead, number)
        while ahead + 1 < len(arrivals_min) and arrivals_min[ahead + 1] - at <= lead_min:
            ahead += 1
        counts.append(ahead - number + 1)
    counts.sort()
    place = math.ceil(worth_min / (worth_min + lead_min) * len(counts)) - 1
    return max(1, counts[min(place, len(counts) - 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Containers that would be held ready, if the budget allows it.

    ``gain`` is what each is worth per idle minute: its hazard times R; above 1 it pays.
    """

    name: str
    count: int
    gain: float
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be held at most; ``minutes`` is what is left of the idle minutes of a day."""

    containers: int
    memory_bytes: int
    minutes: float


def within(budget: Budget, wishes: Iterable[Wish]) -> dict[str, int]:
    """How many of each to hold, the most worthwhile first; never more than the budget.

    The first container of every wish comes before the second of any, because the second is less
    likely to be used.
    """
    if budget.minutes <= 0:
        return {}
    granted: dict[str, int] = {}
    containers, memory = budget.containers, budget.memory_bytes
    ordered = sorted(wishes, key=lambda wish: (-wish.gain, wish.name))
    for number in range(max((wish.count for wish in ordered), default=0)):
        for wish in ordered:
            if wish.count > number and containers >= 1 and memory >= wish.memory_bytes:
                granted[wish.name] = granted.get(wish.name, 0) + 1
                containers -= 1
                memory -= wish.memory_bytes
    return granted


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What holding ready has brought for one image: hits, misses, and minutes in vain or until used."""

    hits: int = 0
    misses: int = 0
    idle_min: float = 0.0
    ended: int = 0

    @property
    def hit_rate(self) -> float | None:
        """The share of jobs that found one ready; None before the first."""
        tried = self.hits + self.misses
        return self.hits / tried if tried else None

    def pays(self, worth_min: float, enough: int = 5) -> bool:
        """Whether it may go on: what it saved is worth the idle minutes, or too little has been seen."""
        return self.ended < enough or self.hits * worth_min >= self.idle_min


@dataclass(slots=True)
class Shelf:
    """Images on a disk of limited size, by greedy-dual-size-frequency."""

    capacity_bytes: float
    clock: float = 0.0
    held: dict[str, float] = field(default_factory=dict)
    """The priority of each image that is on the disk."""
    _sizes: dict[str, float] = field(default_factory=dict)
    _seen: dict[str, tuple[float, float]] = field(default_factory=dict)

    def frequency(self, image: str, at_min: float) -> float:
        """How often an image is used, old uses fading."""
        count, since = self._seen.get(image, (0.0, at_min))
        return count * math.exp2(-(at_min - since) / HALF_LIFE_MIN)

    def use(self, image: str, at_min: float, *, pull_s: float, size_bytes: float) -> bool:
        """An image is needed; whether it was on the disk. Afterwards it is, if it is worth its place."""
        frequency = self.frequency(image, at_min) + 1.0
        self._seen[image] = (frequency, at_min)
        priority = self.clock + frequency * pull_s / max(size_bytes, 1.0)
        hit = image in self.held
        if hit or self._make_room(size_bytes, priority):
            self.held[image] = priority
            self._sizes[image] = size_bytes
        return hit

    def used_bytes(self) -> float:
        """What the images on the disk take together."""
        return sum(self._sizes[image] for image in self.held)

    def _make_room(self, size_bytes: float, priority: float) -> bool:
        free = self.capacity_bytes - self.used_bytes()
        going: list[str] = []
        for image in sorted(self.held, key=self.held.__getitem__):
            if free >= size_bytes:
                break
            if self.held[image] >= priority:
                return False  # what would have to go is worth more
            going.append(image)
            free += self._sizes[image]
        if free < size_bytes:
            return False
        for image in going:
            self.clock = max(self.clock, self.held.pop(image))
        return True


def fetch_order(
    missing: Mapping[str, tuple[float, float]], chances: Mapping[str, float], space_bytes: float
) -> list[str]:
    """Which missing images to pull ahead, the most worthwhile first, as far as there is space.

    ``missing`` gives seconds of pulling and bytes of each, ``chances`` how likely each is to be used
    within the next hours. One that is not likelier than .1 is not worth the traffic.
    """
    order = sorted(missing, key=lambda name: (-place_worth(missing[name], chances.get(name, 0.0)), name))
    chosen = []
    for image in order:
        size = missing[image][1]
        if chances.get(image, 0.0) > 0.1 and size <= space_bytes:
            chosen.append(image)
            space_bytes -= size
    return chosen


def making_room(
    ours: Mapping[str, tuple[float, float]], chances: Mapping[str, float], bytes_wanted: float, below: float
) -> list[str]:
    """Which images to remove for so many bytes, those first whose place is worth least; none if too few.

    ``ours`` gives seconds of pulling and bytes of what may be removed; only what is worth less than ``below``
    (expected seconds of pulling by byte) goes.

    >>> making_room({"a": (10, 5), "b": (10, 5), "c": (10, 50)}, {"a": 0.5, "b": 0.1, "c": 0.9}, 4, 9.0)
    ['c']
    >>> making_room({"a": (10, 5), "b": (10, 5)}, {"a": 0.5, "b": 0.1}, 4, 0.1)
    []
    """
    worth = {image: place_worth(each, chances.get(image, 0.0)) for image, each in ours.items()}
    going: list[str] = []
    for image in sorted(ours, key=lambda image: (worth[image], image)):
        if bytes_wanted <= 0 or worth[image] >= below:
            break
        going.append(image)
        bytes_wanted -= ours[image][1]
    return going if bytes_wanted <= 0 else []


def place_worth(image: tuple[float, float], chance: float) -> float:
    """Expected seconds of pulling by byte that an image on the disk spares: ``image`` is (seconds, bytes)."""
    pull_s, size = image
    return chance * pull_s / max(size, 1.0)


def chance_within(own: Gaps, pooled: Sequence[float], waited_min: float, ahead_min: float) -> float:
    """How likely the next arrival is to come within so many minutes from now."""
    rates = hazard(own, pooled)
    expected = 0.0
    at, end = waited_min, waited_min + ahead_min
    while at < end:
        number = bin_of(at)
        until = min(end, EDGES_MIN[number + 1]) if at < LONGEST_MIN else end
        if until <= at:
            break
        expected += rates[number] * (until - at) if at < LONGEST_MIN else 0.0
        at = until
    return -math.expm1(-expected)
