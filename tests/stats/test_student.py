"""Student's t, against tables."""

import pytest

from orcaops.stats.student import critical, tail


@pytest.mark.parametrize(
    ("two_sided", "freedom", "expected"),
    [(0.05, 1, 12.7062), (0.05, 5, 2.5706), (0.01, 10, 3.1693), (0.001, 30, 3.6460), (0.10, 120, 1.6577)],
)
def test_critical_values_are_those_of_the_tables(two_sided: float, freedom: int, expected: float) -> None:
    assert critical(two_sided, freedom) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize("freedom", [1, 3, 8, 30])
def test_tail_and_critical_are_inverse(freedom: int) -> None:
    for probability in (0.5, 0.1, 0.003, 0.0003):
        assert tail(critical(probability, freedom), freedom) == pytest.approx(probability, rel=1e-9)


def test_the_ends() -> None:
    assert tail(0.0, 7) == 1.0
    assert tail(1e200, 7) == pytest.approx(0.0)
