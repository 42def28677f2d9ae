"""Prices: what a run costs, and what is said of a price file that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.prices import EXAMPLE, Prices, prices_of


def test_the_example_is_one() -> None:
    assert prices_of(EXAMPLE, where="x").currency == "EUR"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency = = 3", "not TOML.*line 1"),
        ("per_run = 1", "currency: it is missing"),
        ('currency = "euro"\nper_run = 1', "currency"),
        ('currency = "EUR"', "prices nothing"),
        ('currency = "EUR"\nper_rnu = 1', "unknown name 'per_rnu'"),
        ('currency = "EUR"\nper_run = -1', "per_run.*greater than or equal"),
        ('currency = "EUR"\nper_run = nan', "per_run"),
        ('currency = "EUR"\nper_run = "much"', "per_run"),
        ('currency = "EUR"\nper_run = [1]', "per_run"),
        ("", "currency: it is missing"),
    ],
)
def test_a_wrong_file_says_what_and_where(text: str, said: str) -> None:
    with pytest.raises(OrcaError, match=f"(?s){said}") as caught:
        prices_of(text, where="/etc/prices.toml")
    assert caught.value.code is ErrorCode.INVALID
    assert caught.value.where == "/etc/prices.toml"
    assert caught.value.hint


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.sampled_from([0.0, 0.01, 0.1, 1.0]))
def test_rounding_goes_up_by_less_than_a_step(cpu: float, gb: float, step: float) -> None:
    exact = Prices(currency="USD", per_cpu_second=1e-4, per_gb_second=1e-5, per_run=0.02)
    rounded = exact.model_copy(update={"rounding": step})
    more = rounded.cost(cpu, gb) - exact.cost(cpu, gb)
    assert -1e-6 <= more <= step * (1 + 1e-6) + 1e-6


def test_a_multiple_is_not_rounded_up_once_more() -> None:
    assert Prices(currency="USD", per_run=0.3, rounding=0.1).cost(0, 0) == pytest.approx(0.3)
