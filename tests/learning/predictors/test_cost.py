"""Cost: priced from what earlier runs took."""

import random
from dataclasses import replace

import pytest

from orcaops.learning.learner import Memory
from orcaops.learning.predictors.cost import Cost, predictor
from orcaops.model.abstention import Abstention
from orcaops.model.prediction import CostPrediction
from orcaops.model.prices import Prices
from orcaops.testing.learners import CHECKS, question_about, samples_of_job

PRICES = Prices(currency="EUR", per_cpu_second=0.01, per_gb_second=0.001)
PRICED = Cost(prices=PRICES)


def after(runs: list[tuple[float, float, float]]) -> dict[str, Memory]:
    memories = {level: PRICED.fresh() for level in PRICED.levels}
    for place, (cpu, seconds, memory) in enumerate(runs):
        for metric, value in (("duration", seconds), ("memory", memory), ("cpu", cpu)):
            PRICED.learn(memories, samples_of_job([value], metric, first=place)[0])
    return memories


def told(runs: list[tuple[float, float, float]], prices: Prices = PRICES) -> CostPrediction:
    answer = replace(PRICED, prices=prices).predict(after(runs), question_about())
    assert isinstance(answer, CostPrediction)
    return answer


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_with_prices_it_passes_every_check_too(check: object) -> None:
    check(PRICED)  # type: ignore[operator]


def test_without_a_price_file_it_says_where_one_belongs() -> None:
    answer = replace(predictor, missing="no price file: put one there").predict(
        after([(1, 1, 1)]), question_about()
    )
    assert isinstance(answer, Abstention)
    assert "put one there" in answer.reason


def test_cpu_and_memory_are_priced() -> None:
    answer = told([(10.0, 20.0, 2.0 * 2**30)] * 20)
    assert answer.estimate == pytest.approx(10 * 0.01 + 40 * 0.001)
    assert (answer.currency, answer.unit, answer.level, answer.sample_count) == ("EUR", "EUR", "key", 20)
    assert answer.range_low == answer.range_high == pytest.approx(answer.estimate)
    assert answer.confidence > 0.9


def test_new_prices_need_no_learning() -> None:
    runs = [(10.0, 20.0, 2.0**30)] * 5
    assert told(runs, Prices(currency="USD", per_run=3.0)).estimate == 3.0


def test_the_interval_holds_nine_of_ten() -> None:
    chance = random.Random(4)
    for n in (3, 10, 40):
        held = 0
        for _ in range(300):
            answer = told([(chance.lognormvariate(2, 0.5), 1.0, 1.0) for _ in range(n)])
            held += answer.range_low <= 0.01 * chance.lognormvariate(2, 0.5) <= answer.range_high
        assert 0.84 < held / 300 < 0.97, (n, held)


def test_a_new_job_stands_on_its_relatives() -> None:
    memories = after([(10.0, 20.0, 2.0**30)] * 5) | {"key": {}}
    answer = PRICED.predict(memories, question_about("name:new"))
    assert isinstance(answer, CostPrediction)
    assert answer.level == "tool"
