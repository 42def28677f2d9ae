"""Memory limits: above what was seen, in steps, wider while little is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.sizing import BALANCED, SAFE, Margin, memory_limit

MIB = 1024 * 1024


@given(st.lists(st.floats(1, 1e12), min_size=5, max_size=150), st.sampled_from([BALANCED, SAFE]))
def test_a_limit_is_above_every_peak(peaks: list[float], margin: Margin) -> None:
    limit = memory_limit(peaks, margin)
    assert limit is not None
    assert limit > max(peaks)
    assert limit % (16 * MIB) == 0
    assert limit >= 64 * MIB


@pytest.mark.parametrize("margin", [BALANCED, SAFE])
def test_too_few_peaks_give_none(margin: Margin) -> None:
    assert memory_limit([1e9] * (margin.needed - 1), margin) is None
    assert memory_limit([], margin) is None


def test_the_margin_shrinks_with_experience_and_remembers_the_largest() -> None:
    few, many = memory_limit([1e9] * 5, SAFE), memory_limit([1e9] * 100, SAFE)
    assert few is not None
    assert many is not None
    assert few > many
    remembered = memory_limit([1e9] * 100, SAFE, largest=4e9)
    assert remembered is not None
    assert remembered > 4e9
