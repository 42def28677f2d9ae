"""The Beta distribution against sums of the binomial, and its order."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.beta import above, quantile
from orcaops.stats.incomplete_beta import incomplete_beta

counts = st.integers(1, 60)


@given(a=counts, b=counts, x=st.floats(0.001, 0.999))
def test_the_distribution_is_a_sum_of_the_binomial(a: int, b: int, x: float) -> None:
    n = a + b - 1
    tail = math.fsum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    assert incomplete_beta(a, b, x) == pytest.approx(tail, abs=1e-9)


@given(a=counts, b=counts, p=st.floats(0.01, 0.99))
def test_a_quantile_has_its_probability_below_it(a: int, b: int, p: float) -> None:
    assert incomplete_beta(a, b, quantile(a, b, p)) == pytest.approx(p, abs=1e-4)


@given(a=counts, b=counts, c=counts, d=counts)
def test_one_of_two_is_above_the_other(a: int, b: int, c: int, d: int) -> None:
    assert above(a, b, c, d) + above(c, d, a, b) == pytest.approx(1.0, abs=1e-3)


def test_above_is_what_drawing_gives() -> None:
    draw = random.Random(1)
    seen = sum(draw.betavariate(3.5, 4) > draw.betavariate(1.2, 2) for _ in range(20_000)) / 20_000
    assert above(3.5, 4, 1.2, 2) == pytest.approx(seen, abs=0.015)


def test_the_ends() -> None:
    assert incomplete_beta(2, 3, 0) == 0
    assert incomplete_beta(2, 3, 1) == 1
