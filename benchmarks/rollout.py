"""Rollout: how often a harmless change is taken back, and how soon a harmful one.

Simulated runs with known failure rates, judged after every run, against a z-test of two proportions
that is looked at as often (p < .05), as people do with a dashboard. Where the past is short, every fifth run
has the change and those between go on without it, as in a canary: they say what is usual meanwhile. Delays
and looks count runs with the change. Memory limits that are set once are held against the runs that come
after. The last rows are one bad limit on a real engine.
"""

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence

from benchmarks.row import NotMeasured, Row
from orcaops.stats import sizing
from orcaops.stats.sequential import e_values

_MIB = 1024 * 1024
_LOOKS = 300
_PAST = 100
_SHORT_PAST = 20  # with fewer runs a change is not tried by itself
_BAR = 20.0
_EVERY = 5  # one of so many runs of a canary has the change


def _by_e_value(past: Sequence[bool], outcomes: Sequence[bool]) -> int | None:
    """The run after which the change is stopped; None if it never is."""
    found = e_values(outcomes, sum(past), len(past))
    return next((n for n, e in found if e > _BAR), None)


def _beside_others(past: Sequence[bool], outcomes: Sequence[bool], others: Sequence[bool]) -> int | None:
    """The same where runs without the change lie between those with it."""
    between = _EVERY - 1
    woven: list[bool] = []
    for place, outcome in enumerate(outcomes):
        woven += [*others[place * between : (place + 1) * between], outcome]
    changed = [place % _EVERY == between for place in range(len(woven))]
    found = e_values(woven, sum(past), len(past), changed=changed)
    return next((n // _EVERY for n, e in found if e > _BAR), None)


def _by_peeking(past: Sequence[bool], outcomes: Sequence[bool]) -> int | None:
    before, failures = sum(past) / len(past), 0
    for n, failed in enumerate(outcomes, 1):
        failures += failed
        pooled = (failures + sum(past)) / (n + len(past))
        variance = pooled * (1 - pooled) * (1 / n + 1 / len(past))
        if variance > 0 and (failures / n - before) / math.sqrt(variance) > 1.645:
            return n
    return None


Test = Callable[[Sequence[bool], Sequence[bool]], int | None]


def _stops(
    test: Test, before: float, now: float, *, trials: int, seed: int, past: int = _PAST
) -> list[int | None]:
    chance = random.Random(seed)
    found = []
    for _ in range(trials):
        seen = [chance.random() < before for _ in range(past)]
        found.append(test(seen, [chance.random() < now for _ in range(_LOOKS)]))
    return found


def _canaries(before: float, now: float, *, trials: int, seed: int) -> list[int | None]:
    chance = random.Random(seed)

    def drawn(rate: float, n: int) -> list[bool]:
        return [chance.random() < rate for _ in range(n)]

    return [
        _beside_others(drawn(before, _SHORT_PAST), drawn(now, _LOOKS), drawn(before, _LOOKS * (_EVERY - 1)))
        for _ in range(trials)
    ]


def _share(stops: Sequence[int | None]) -> float:
    return sum(stop is not None for stop in stops) / len(stops)


def _median(stops: Sequence[int | None]) -> float:
    return float(statistics.median(stop if stop is not None else _LOOKS + 1 for stop in stops))


def rows(quick: bool) -> Iterator[Row]:
    """False rollbacks, delays, and a bad limit on a real engine."""
    trials = 300 if quick else 3000
    for rate, past in ((0.02, _PAST), (0.1, _PAST), (0.1, _SHORT_PAST)):
        ours = _share(_stops(_by_e_value, rate, rate, past=past, trials=trials, seed=7))
        theirs = _share(_stops(_by_peeking, rate, rate, past=past, trials=trials, seed=7))
        yield Row(
            row="rollout",
            figure=f"false rollback over {_LOOKS} looks, share",
            value=ours,
            rival="z-test looked at after each run",
            rival_value=theirs,
            n=trials,
            set=f"simulated, {rate:.0%} fail anyway, {past} runs before",
            bar=f"at most .05: {'reached' if ours <= 0.05 else 'missed'}",
        )
    for before, now in ((0.02, 0.3), (0.1, 0.3), (0.02, 0.1)):
        yield Row(
            row="rollout",
            figure="runs until a harmful change is stopped, median",
            value=_median(_stops(_by_e_value, before, now, trials=trials, seed=11)),
            rival="z-test looked at after each run",
            rival_value=_median(_stops(_by_peeking, before, now, trials=trials, seed=11)),
            n=trials,
            set=f"simulated, failures {before:.0%} to {now:.0%}",
            bar="10 runs at most" if (before, now) == (0.02, 0.3) else None,
        )
    yield from _with_a_short_past(trials // 3)
    yield from _limits_that_stay(trials // 3)
    yield from _on_an_engine()


def _limits_that_stay(trials: int) -> Iterator[Row]:
    """A memory limit set once, from 10 to 50 runs: how often one of the next twenty goes above it."""
    kinds: dict[str, Callable[[int, random.Random], float]] = {
        "constant": lambda _, draw: draw.lognormvariate(0.0, 0.05),
        "follows its input (log-normal, 1)": lambda _, draw: draw.lognormvariate(0.0, 1.0),
        "grows by 3% a run": lambda n, draw: 1.03**n * draw.lognormvariate(0.0, 0.05),
        "grows by 3% of the first": lambda n, draw: (1 + 0.03 * n) * draw.lognormvariate(0.0, 0.05),
        "rises by 30% every 20 runs": lambda n, draw: (
            1.3 ** ((n + 13) // 20) * draw.lognormvariate(0.0, 0.02)
        ),
        "two sizes, three to one": lambda _, draw: (
            (3 if draw.random() < 0.3 else 1) * draw.lognormvariate(0.0, 0.08)
        ),
        "ten times as much now and then": lambda _, draw: (
            (10 if draw.random() < 0.4 else 1) * draw.lognormvariate(0.0, 0.05)
        ),
        "grows by less than it varies": lambda n, draw: 1.03**n * draw.lognormvariate(0.0, 0.25),
    }
    for kind, held in kinds.items():
        draw = random.Random(23)
        ours = theirs = 0
        for _ in range(trials):
            n = draw.choice((10, 12, 15, 20, 30, 50))
            peaks = [300.0 * _MIB * held(place, draw) for place in range(n + 20)]
            ours += max(peaks[n:]) > (sizing.memory_limit(peaks[:n], sizing.SAFE) or 0)
            theirs += max(peaks[n:]) > 1.5 * max(peaks[:n])
        yield Row(
            row="a memory limit that stays",
            figure="exceeded by one of the next 20 runs, share of limits",
            value=ours / trials,
            rival="largest × 1.5",
            rival_value=theirs / trials,
            n=trials,
            set=f"simulated, {kind}",
        )


def _with_a_short_past(trials: int) -> Iterator[Row]:
    """A canary of a job with few runs before it: what a change hurts is seen beside what goes on without."""
    where = f"{_SHORT_PAST} runs before"
    for rate in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9):
        alone = _share(_stops(_by_e_value, rate, rate, past=_SHORT_PAST, trials=trials, seed=17))
        ours = _share(_canaries(rate, rate, trials=trials, seed=17))
        yield Row(
            row="rollout, canary",
            figure=f"false rollback over {_LOOKS} looks, share",
            value=ours,
            rival="the same without runs between",
            rival_value=alone,
            n=trials,
            set=f"simulated, {rate:.0%} fail anyway, {where}",
            bar=f"at most .05: {'reached' if ours <= 0.05 else 'missed'}",
        )
    yield Row(
        row="rollout, canary",
        figure="runs with the change until a harmful one is stopped, median",
        value=_median(_canaries(0.02, 0.3, trials=trials, seed=19)),
        rival="the same without runs between",
        rival_value=_median(_stops(_by_e_value, 0.02, 0.3, past=_SHORT_PAST, trials=trials, seed=19)),
        n=trials,
        set=f"simulated, failures 2% to 30%, {where}",
        bar="10 runs at most",
    )


def _on_an_engine() -> Iterator[Row]:
    """A limit that begins to kill, on the engine that answers here."""
    from benchmarks.bad_limit import bad_limit

    found = bad_limit()
    if found is None:
        raise NotMeasured("no container engine with the image orcaops-test/work:1 answers")
    yield Row(
        row="a bad optimisation on a live engine",
        figure="jobs lost of those that the limit would kill",
        value=float(found.lost),
        rival="the same limit laid over every run",
        rival_value=float(found.would_be_lost),
        n=found.jobs,
        set="containers that begin to need more than the canary's limit",
        bar="undone before a second run is lost: "
        + ("reached" if found.killed <= 1 and not found.lost else "missed"),
    )
