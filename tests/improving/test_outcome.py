"""Promised and realised: verdicts, and that promises are kept as often as they say."""

import random

import pytest

from orcaops.improving.outcome import NEEDED, effect_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats.interval import Estimate, difference
from orcaops.testing.advisors import a_dossier, a_run


def runs(seconds: list[float], first: int = 0) -> list[Run]:
    return [a_run(first + n, each) for n, each in enumerate(seconds)]


def promise(before: list[Run], per_run: Estimate) -> Recommendation:
    return propose(
        a_dossier(before),
        advisor="made_up",
        field="image",
        kind="performance",
        title="Be quicker",
        description="It could be.",
        action="--quickly",
        worth=Worth(unit="seconds", per_run=per_run, effort="easy"),
        evidence={},
    )


@pytest.mark.parametrize(
    ("after_s", "verdict"), [(60.0, "kept"), (59.0, "kept"), (99.0, "worse"), (20.0, "better")]
)
def test_verdicts(after_s: float, verdict: str) -> None:
    before = runs([100.0 + n % 3 for n in range(20)])
    promised = promise(before, Estimate(40.0, 35.0, 45.0))
    effect = effect_of(promised, before, runs([after_s + n % 3 for n in range(NEEDED)], 20))
    assert effect is not None
    assert effect.verdict == verdict
    assert effect.sentence


def test_it_waits_for_enough_runs_and_counts_successes_only() -> None:
    before = runs([100.0] * 20)
    promised = promise(before, Estimate(40.0, 35.0, 45.0))
    failed = [a_run(n, 1.0, cause=Cause.COMMAND_FAILED) for n in range(40, 60)]
    effect = effect_of(promised, before, [*runs([60.0] * 5, 20), *failed])
    assert effect is not None
    assert (effect.verdict, effect.runs_after, effect.realised) == ("pending", 5, None)


def test_what_has_no_measure_has_no_effect() -> None:
    promised = promise(runs([1.0] * 3), Estimate(1.0, 1.0, 1.0))
    assert promised.saving is not None
    open_door = promised.model_copy(
        update={"saving": promised.saving.model_copy(update={"unit": "exposures"})}
    )
    assert effect_of(open_door, runs([1.0] * 3), runs([1.0] * 20)) is None


def test_promises_are_kept_as_often_as_they_say() -> None:
    """Simulated: a variant with 8 to 30 runs beside as many of the job; then 20 runs with the change.

    The promise is for the mean of twenty further runs of both, so of many promises four in five hold.
    """
    chance = random.Random(20261122)
    kept = 0
    for _ in range(600):
        base, factor = chance.uniform(10, 600), chance.uniform(0.4, 0.9)
        spread = chance.uniform(0.03, 0.4)

        def draw(n: int, scale: float, spread: float = spread) -> list[float]:
            return [scale * chance.lognormvariate(0, spread) for _ in range(n)]

        n = chance.randint(8, 30)
        per_run = difference(draw(n, base), draw(n, base * factor), ahead=AHEAD)
        before = runs(draw(AHEAD, base))
        promised = promise(before, per_run)
        effect = effect_of(promised, before, runs(draw(AHEAD, base * factor), AHEAD))
        assert effect is not None
        assert effect.realised is not None
        kept += effect.promised_low <= effect.realised <= effect.promised_high
    assert 0.75 <= kept / 600 <= 0.88
