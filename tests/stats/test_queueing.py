"""Waiting against tables and textbook cases."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.queueing import mean_wait_s, places_for, probability_of_waiting


def test_erlangs_table() -> None:
    assert probability_of_waiting(1.0, 2) == pytest.approx(1 / 3)
    assert probability_of_waiting(8.0, 10) == pytest.approx(0.4092, abs=1e-4)
    assert probability_of_waiting(0.0, 5) == 0.0
    assert probability_of_waiting(5.0, 5) == 1.0


def test_one_place_waits_as_textbooks_say() -> None:
    # M/M/1 at load .5 waits as long as it serves; M/D/1 half of that.
    assert mean_wait_s(0.5, 1, 60.0) == pytest.approx(60.0)
    assert mean_wait_s(0.5, 1, 60.0, variation=0.0) == pytest.approx(30.0)
    assert mean_wait_s(2.0, 2, 60.0) == math.inf


@given(st.floats(0.01, 5000), st.floats(0.1, 1e5), st.floats(0, 1e4), st.floats(0, 5))
def test_the_places_suffice_and_one_less_does_not(
    load: float, service: float, goal: float, variation: float
) -> None:
    places = places_for(load, service, goal, variation)
    assert mean_wait_s(load, places, service, variation) <= goal or goal == 0
    assert places - 1 <= load or mean_wait_s(load, places - 1, service, variation) > goal
