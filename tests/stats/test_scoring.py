"""The figures, on cases small enough to check by hand."""

import math

import pytest

from orcaops.stats import scoring


def test_nothing_scores_nothing() -> None:
    assert scoring.within([], []) is None
    assert scoring.median_abs_pct_error([], []) is None
    assert scoring.mean_abs_log_error([], []) is None
    assert scoring.coverage([], [], []) is None
    assert scoring.winkler([], [], []) is None
    assert scoring.calibration_error([], []) is None
    assert scoring.brier([], []) is None
    assert scoring.auc([], []) is None


def test_errors_are_relative_to_the_truth() -> None:
    assert scoring.within([8, 12, 12.1], [10, 10, 10]) == pytest.approx(2 / 3)
    assert scoring.median_abs_pct_error([5, 12, 10], [10, 10, 10]) == pytest.approx(0.2)
    assert scoring.mean_abs_log_error([20, 5], [10, 10]) == pytest.approx(math.log(2))


def test_winkler_is_the_width_plus_the_miss() -> None:
    assert scoring.winkler([1], [math.e], [2]) == pytest.approx(1)
    assert scoring.winkler([1], [math.e], [math.e**2]) == pytest.approx(1 + 20)


def test_auc_counts_ties_half_and_needs_both() -> None:
    assert scoring.auc([0.2, 0.2], [True, False]) == 0.5
    assert scoring.auc([0.9, 0.1], [True, False]) == 1.0
    assert scoring.auc([0.9], [True]) is None


def test_calibration() -> None:
    assert scoring.calibration_error([0.25] * 4, [True, False, False, False]) == 0
    assert scoring.brier([1.0, 0.0], [True, True]) == 0.5
