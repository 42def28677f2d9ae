"""The classes that numbers are indexed by."""

from hypothesis import given
from hypothesis import strategies as st

from orcaops.recording.sql.tables import size_class

numbers = st.floats(0, 1e18, allow_nan=False)


@given(numbers, numbers)
def test_a_larger_number_has_no_lower_class(one: float, other: float) -> None:
    small, large = sorted((one, other))
    low, high = size_class(small), size_class(large)
    assert low is not None
    assert high is not None
    assert low <= high


def test_unknown_has_no_class() -> None:
    assert size_class(None) is None
