"""Which change ends a failure: counted over what was tried after it, against trying again as the control.

Each run right after a failure is one trial of what was different in it. A success is shared among its changes
(see :func:`count`), given only to those that can have to do with the failure, and halves every 90 days. The
rate of success is Beta(1 + successes, 2 + failures); where a signature has few trials, those of its family
stand in with the weight of five. A change is offered if it beats a plain retry with probability above .8.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orcaops.learning.failures.fixes import credited, told
from orcaops.model.diagnosis import Trial
from orcaops.model.identity import content_id
from orcaops.model.solution import RETRY, Atom, Effect, Tally
from orcaops.stats import beta

HALF_LIFE_S = 90 * 86400.0
BACK_OFF = 5.0
FEEDBACK = 2.0
_OFFERED, _PROVEN = 0.8, 0.97
_SUGGESTED, _VALIDATED, _CIRCUMSTANCES = 2, 5, 2
_SUCCESSES_BEFORE, _FAILURES_BEFORE = 1.0, 2.0
_WORTH = _SUCCESSES_BEFORE / (_SUCCESSES_BEFORE + _FAILURES_BEFORE)
_ROUNDS = 6

Standing = Literal["untried", "tried", "offered", "suggested", "validated"]


@dataclass(slots=True)
class Counting:
    """What is known of one change (or of trying again) after one kind of failure."""

    successes: float = 0.0
    failures: float = 0.0
    n: int = 0
    helped: int = 0
    circumstances: set[str] = field(default_factory=set)
    atoms: list[Atom] = field(default_factory=list)

    def add(self, helped: bool, weight: float, circumstance: str, atom: Atom | None = None) -> None:
        """One more case."""
        self.n += 1
        if helped:
            self.successes += weight
            self.helped += 1
            self.circumstances.add(circumstance)
            if atom is not None:
                self.atoms.append(atom)
        else:
            self.failures += weight


@dataclass(frozen=True, slots=True)
class Ranked:
    """A change with what is known of it; ``atom`` is the change as it was seen last to succeed."""

    key: str
    atom: Atom
    effect: Effect
    standing: Standing
    chance: float
    explored: bool = False


def learned_id(signature: str, key: str) -> str:
    """The id of a learned solution: one change after one signature."""
    return content_id("learned", signature, key)


def age_weight(at: datetime, now: datetime) -> float:
    """What a case of that time still counts: it halves every 90 days; the future counts as now."""
    return float(0.5 ** (max(0.0, (now - at).total_seconds()) / HALF_LIFE_S))


def count(trials: Iterable[Trial], *, category: str, now: datetime) -> dict[str, Counting]:
    """Cases by the change's key; :data:`~orcaops.model.solution.RETRY` is where nothing was changed.

    A success is shared among its changes: equally at first, then by what each is worth by all trials together
    (expectation and maximisation, a few rounds), so that a change that was there every time takes the credit
    from those that were there by chance. A failure counts fully against each.
    """
    some = [
        (trial, age_weight(trial.at, now), {atom.key: atom for atom in credited(trial.atoms, category)})
        for trial in trials
    ]
    counted: dict[str, Counting] = {}
    for _ in range(_ROUNDS):
        worth = {key: _worth(each) for key, each in counted.items()}
        counted = defaultdict(Counting)
        for trial, weight, atoms in some:
            if not trial.atoms:
                counted[RETRY].add(trial.helped, weight, trial.circumstance)
                continue
            idle = len(trial.atoms) - len(atoms)  # changes that cannot have to do with it keep their share
            every = idle * _WORTH + sum(worth.get(key, _WORTH) for key in atoms)
            for key, atom in atoms.items():
                share = worth.get(key, _WORTH) / every if trial.helped else 1.0
                counted[key].add(trial.helped, weight * share, trial.circumstance, atom)
    return dict(counted)


def _worth(one: Counting) -> float:
    a, b = posterior(one)
    return a / (a + b)


def posterior(
    own: Counting, family: Counting | None = None, given: Tally | None = None
) -> tuple[float, float]:
    """The parameters of the Beta distribution of a rate of success.

    ``family`` are cases of the same change after other signatures of the family: they count as five at most.
    ``given`` is what people said.
    """
    a = _SUCCESSES_BEFORE + own.successes + (given.successes if given else 0.0)
    b = _FAILURES_BEFORE + own.failures + (given.failures if given else 0.0)
    if family is not None and family.successes + family.failures > 0:
        known = family.successes + family.failures
        share = min(1.0, BACK_OFF / known)
        a, b = a + share * family.successes, b + share * family.failures
    return a, b


def effect_of(own: Counting, family: Counting | None = None, given: Tally | None = None) -> Effect:
    """How often it was followed by success, with the central 80 % interval; nothing known: no rate."""
    n = own.n + (given.n if given else 0)
    a, b = posterior(own, family, given)
    if n == 0 and (family is None or family.n == 0):
        return Effect()
    return Effect(
        n=n,
        helped=own.helped + (given.helped if given else 0),
        rate=round(a / (a + b), 4),
        low=round(beta.quantile(a, b, 0.1), 4),
        high=round(beta.quantile(a, b, 0.9), 4),
    )


def standing_of(
    own: Counting, retry: tuple[float, float], mine: tuple[float, float], given: Tally | None
) -> Standing:
    """How well a change is proven; see :class:`~orcaops.model.solution.Solution`."""
    n = own.n + (given.n if given else 0)
    helped = own.helped + (given.helped if given else 0)
    if n == 0:
        return "untried"
    chance = beta.above(*mine, *retry)
    if chance <= _OFFERED:
        return "tried"
    if helped < _SUGGESTED or len(own.circumstances) + (given.helped if given else 0) < _CIRCUMSTANCES:
        return "offered"
    # Of several changes looked at one is lucky: the lower bound alone validated 7 % of those that do nothing.
    proven = helped >= _VALIDATED and chance > _PROVEN and beta.quantile(*mine, 0.1) > retry[0] / sum(retry)
    return "validated" if proven else "suggested"


def rank(
    trials: Sequence[Trial],
    family: Sequence[Trial] = (),
    *,
    category: str,
    now: datetime,
    given: dict[str, Tally] | None = None,
    seed: str = "",
) -> tuple[list[Ranked], Effect]:
    """The changes worth trying after a failure, best first, and what trying again is worth.

    ``trials`` are those of the signature, ``family`` those of other signatures about the same thing;
    ``given`` what people said, by the change's key. First come changes that beat the retry; where none
    does, the best of the others, as tried. Of the rest that ever helped one is shown in second place to be
    explored, drawn by chance that ``seed`` decides.
    """
    own, others = count(trials, category=category, now=now), count(family, category=category, now=now)
    retry_own, retry_family = own.pop(RETRY, Counting()), others.pop(RETRY, None)
    retry = posterior(retry_own, retry_family)
    offered: list[Ranked] = []
    rest: list[tuple[Ranked, tuple[float, float]]] = []
    for key in sorted(own.keys() | others.keys()):
        mine, theirs = own.get(key, Counting()), others.get(key)
        atoms = mine.atoms or (theirs.atoms if theirs else [])
        if not atoms:
            continue  # it never helped anywhere
        said = (given or {}).get(key)
        parameters = posterior(mine, theirs, said)
        chance = beta.above(*parameters, *retry)
        standing = standing_of(mine, retry, parameters, said)
        one = Ranked(key, typical(atoms), effect_of(mine, theirs, said), standing, chance)
        if chance > _OFFERED:
            offered.append(one)
        else:
            rest.append((one, parameters))
    offered.sort(key=lambda one: (-(one.effect.rate or 0.0), -one.chance, one.key))
    if rest and not offered:
        first = max(rest, key=lambda pair: (pair[0].effect.rate or 0.0, pair[0].chance, pair[0].key))
        rest.remove(first)
        offered.append(first[0])
    if rest:
        draw = random.Random(f"{seed}\x1f{len(trials)}")  # noqa: S311 - no secret: the same answer for the same ids
        best, parameters = max(rest, key=lambda pair: (draw.betavariate(*pair[1]), pair[0].key))
        offered.insert(1, Ranked(best.key, best.atom, best.effect, best.standing, best.chance, explored=True))
    return offered, effect_of(retry_own, retry_family)


def typical(atoms: Sequence[Atom]) -> Atom:
    """The change as it succeeded most often; of several the latest."""
    seen = Counter((atom.before, atom.after) for atom in atoms)
    most = max(seen.values())
    return next(atom for atom in atoms if seen[atom.before, atom.after] == most)


def sentence(atom: Atom, effect: Effect) -> str:
    """What was seen, in a sentence.

    >>> sentence(Atom(kind="memory", before="536870912", after="1073741824"), Effect(n=9, helped=7))
    'Raising memory from 512 MiB to 1.0 GiB ended this in 7 of 9 cases.'
    """
    cases = "case" if effect.n == 1 else "cases"
    return f"{told(atom)} ended this in {effect.helped} of {effect.n} {cases}."
