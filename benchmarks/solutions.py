"""How well solutions are chosen, in simulation: no public data pairs failures with what ended them.

*Success per use*: eight solutions with rates drawn from Beta(1, 3), sixty uses one after the other, each of
the solution that is first in order by what was seen so far; of equals any. *Right fix first*: failures that
one change ends, with other changes beside it and attempts that failed before; after three episodes the change
is looked for at the first place. *Spurious*: outcomes shuffled, so that nothing helps more than the rest.
"""

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from benchmarks.row import Row
from orcaops.learning.failures.solutions import Counting, posterior, rank
from orcaops.model.diagnosis import Trial
from orcaops.model.solution import Atom

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_SOLUTIONS, _USES, _EPISODES = 8, 60, 3

Scored = Callable[[int, int, int], float]
"""The worth of a solution by its place in the list, its successes and its uses."""


def rows(quick: bool) -> Iterator[Row]:
    """All figures; ``quick`` simulates less."""
    yield from uses(quick)
    yield right_first(quick)
    yield spurious(quick)


def _ours(_place: int, successes: int, n: int) -> float:
    a, b = posterior(Counting(successes=successes, failures=n - successes))
    return a / (a + b)


def _wilson(_place: int, successes: int, n: int) -> float:
    if n == 0:
        return 0.0
    z, p = 1.96, successes / n
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (p + z * z / (2 * n) - spread) / (1 + z * z / n)


_RIVALS: dict[str, Scored] = {
    "static": lambda place, _successes, _n: -place,
    "raw count": lambda _place, successes, _n: successes,
    "raw rate": lambda _place, successes, n: successes / n if n else 0.0,
    "Wilson": _wilson,
}


def _success_per_use(score: Scored, simulations: int) -> float:
    draw = random.Random(4)
    shares: list[float] = []
    for _ in range(simulations):
        rates = [draw.betavariate(1, 3) for _ in range(_SOLUTIONS)]
        successes, used = [0] * _SOLUTIONS, [0] * _SOLUTIONS
        for _ in range(_USES):
            chosen = max(range(_SOLUTIONS), key=lambda n: (score(n, successes[n], used[n]), draw.random()))
            used[chosen] += 1
            successes[chosen] += draw.random() < rates[chosen]
        shares.append(sum(successes) / _USES)
    return statistics.fmean(shares)


def uses(quick: bool) -> Iterator[Row]:
    """Success per use, beside each rival."""
    simulations = 200 if quick else 2000
    ours = _success_per_use(_ours, simulations)
    for name, score in _RIVALS.items():
        yield Row(
            row="solutions, simulated",
            figure="success per use",
            value=ours,
            rival=name,
            rival_value=_success_per_use(score, simulations),
            n=simulations,
            set="8 solutions, 60 uses",
            bar="value ≥ .45",
        )


_FIXES = (
    ("oom", Atom(kind="memory", before="64", after="128")),
    ("timeout", Atom(kind="timeout", before="60", after="600")),
    ("dependency", Atom(kind="image", before="a:1", after="a:2")),
    ("dependency", Atom(kind="word", name="--upgrade", after="added")),
    ("network", Atom(kind="network", before="none", after="bridge")),
    ("credentials", Atom(kind="env", name="TOKEN", after="set")),
    ("permission", Atom(kind="mount", name="/cache", after="mounted")),
    ("test", Atom(kind="commit", before="a", after="b")),
    ("disk", Atom(kind="word", name="--clean", after="added")),
    ("resource", Atom(kind="pids", before="64", after="512")),
)
_BESIDE = (
    Atom(kind="commit", before="c", after="d"),
    Atom(kind="env", name="CI_NODE", after="set"),
    Atom(kind="digest", before="x", after="y"),
    Atom(kind="word", name="-v", after="added"),
    Atom(kind="cpus", before="1", after="2"),
)


def _trial(number: int, atoms: Sequence[Atom], *, helped: bool, family: str) -> Trial:
    return Trial(
        job_id=f"f{number}",
        next_job_id=f"n{number}",
        number=number,
        at=_NOW - timedelta(hours=number),
        signature="s",
        family=family,
        circumstance=f"c{number}",
        atoms=tuple({atom.key: atom for atom in atoms}.values()),
        helped=helped,
    )


def _beside(draw: random.Random, share: float) -> list[Atom]:
    return [atom for atom in _BESIDE if draw.random() < share]


def _history(draw: random.Random, family: str, fix: Atom) -> list[Trial]:
    """Three episodes: attempts that changed something else and failed, then the fix with others beside it."""
    trials: list[Trial] = []
    for _ in range(_EPISODES):
        while draw.random() < 0.4:
            atoms = _beside(draw, 0.3)
            trials.append(_trial(len(trials), atoms, helped=draw.random() < 0.05, family=family))
        trials.append(_trial(len(trials), [fix, *_beside(draw, 0.3)], helped=True, family=family))
    return trials


def right_first(quick: bool) -> Row:
    """How often the change that ends a failure is first after three episodes, beside counting changes."""
    draw = random.Random(5)
    ours, theirs = [], []
    for _ in range(20 if quick else 100):
        for family, fix in _FIXES:
            trials = _history(draw, family, fix)
            ranked, _ = rank(trials, category=family, now=_NOW)
            ours.append(bool(ranked) and ranked[0].key == fix.key)
            counts: dict[str, int] = {}
            for trial in trials:
                for atom in trial.atoms if trial.helped else ():
                    counts[atom.key] = counts.get(atom.key, 0) + 1
            best = max(sorted(counts), key=lambda key: counts[key])
            theirs.append(best == fix.key)
    return Row(
        row="solutions, simulated",
        figure="right fix first after 3 episodes",
        value=statistics.fmean(ours),
        rival="most often beside a success",
        rival_value=statistics.fmean(theirs),
        n=len(ours),
        set="10 kinds of failure, 5 other changes",
        bar="value ≥ .80",
    )


def spurious(quick: bool) -> Row:
    """The share of changes called validated although outcomes were shuffled."""
    draw = random.Random(6)
    changes = [Atom(kind="env", name=f"V{n}", after="set") for n in range(6)]
    validated = suggested = total = 0
    for _ in range(40 if quick else 300):
        outcomes = [n % 2 == 0 for n in range(60)]
        draw.shuffle(outcomes)
        trials = [
            _trial(n, [] if n % 4 == 0 else [draw.choice(changes)], helped=helped, family="test")
            for n, helped in enumerate(outcomes)
        ]
        ranked, _ = rank(trials, category="test", now=_NOW)
        validated += sum(one.standing == "validated" for one in ranked)
        suggested += sum(one.effect.helped >= 5 for one in ranked)
        total += len(changes)
    return Row(
        row="solutions, simulated",
        figure="validated on shuffled outcomes",
        value=validated / total,
        rival="five successes are proof",
        rival_value=suggested / total,
        n=total,
        set="6 changes, 60 runs",
        bar="value ≤ .05",
    )
