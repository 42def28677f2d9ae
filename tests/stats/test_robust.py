"""The centre and spread agree with numpy and stand still under wild values."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.robust import half_sample_mode, median_deviation, middle, percentile, weighted_median

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(values, st.floats(0, 100))
def test_percentile_is_numpys(sample: list[float], percent: float) -> None:
    assert percentile(sorted(sample), percent) == float(np.percentile(sample, percent))


@given(values)
def test_middle_is_the_median(sample: list[float]) -> None:
    assert np.isclose(middle(sorted(sample)), float(np.median(sample)), rtol=1e-12, atol=1e-9)


@given(values, st.floats(-1e6, 1e6) | st.none())
def test_deviation_is_the_median_of_all_distances(sample: list[float], centre: float | None) -> None:
    ordered = sorted(sample)
    centre = middle(ordered) if centre is None else centre
    assert median_deviation(ordered, centre) == middle(sorted(abs(value - centre) for value in sample))


@given(values)
def test_mode_lies_inside(sample: list[float]) -> None:
    assert min(sample) <= half_sample_mode(sorted(sample)) <= max(sample)


def test_mode_finds_the_crowd() -> None:
    assert 5.0 <= half_sample_mode([1, 2, 5.0, 5.01, 5.02, 5.03, 9, 20, 40]) <= 5.03


@given(values)
def test_even_weights_give_a_median(sample: list[float]) -> None:
    told = weighted_median(sample, [1.0] * len(sample))
    assert sum(v < told for v in sample) * 2 <= len(sample)
    assert sum(v > told for v in sample) * 2 <= len(sample)
