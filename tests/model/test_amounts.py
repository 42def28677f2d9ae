"""Amounts that are saved, as people say them."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.benefits import UNITS
from orcaops.model.amounts import NOTHING, is_nothing, show_amount, show_benefit, show_between, show_number
from orcaops.model.optimization import Benefit
from orcaops.model.recommendation import SavingUnit

AMOUNTS = st.floats(-1e9, 1e9)


@given(st.sampled_from(get_args(SavingUnit)), AMOUNTS, AMOUNTS, AMOUNTS)
def test_no_amount_is_a_power_of_ten(unit: SavingUnit, one: float, two: float, three: float) -> None:
    low, middle, high = sorted((one / 1e9, two / 1e5, three))
    for told in (show_amount(unit, low), show_between(unit, middle, low, high), show_number(middle)):
        assert "e-" not in told
        assert "e+" not in told


@pytest.mark.parametrize("unit", UNITS.values())
def test_what_a_change_brings_is_said_whatever_it_saves(unit: str) -> None:
    told = show_benefit(Benefit(amount=0.4, low=0.2, high=0.7, unit=unit, runs=9))
    assert " per run, " in told
    assert "80% of cases" in told
    assert show_benefit(Benefit(amount=1.37e-5, low=0, high=2e-5, unit=unit, runs=9)) == f"{NOTHING} per run"


def test_an_interval_is_in_the_unit_of_its_largest_end() -> None:
    assert show_between("gib_hours", 0.002, 0.001, 3.0) == "0.002 GiB h, 0.001 to 3"
    assert show_between("gib_hours", -0.002, -0.003, -0.001) == "-2 MiB h, -3.1 to -1"
    assert show_between("seconds", 90, 60, 120) == "1 min 30 s, 1 min to 2 min"
    assert not is_nothing("seconds", 0, 0, 0.5)


def test_one_is_one_run() -> None:
    assert show_amount("exposures", 1) == "1 run"
    assert show_amount("failures", 1, of="jobs") == "1 failed job"
