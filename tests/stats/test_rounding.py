"""Many numbers are rounded as one is."""

from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.rounding import rounded


@given(
    values=st.lists(
        st.floats(allow_nan=False)
        | st.floats(-700, 700)
        | st.integers(-(10**8), 10**8).map(lambda half: (half + 0.5) / 10**6)
        | st.integers(-(10**9), 10**9).map(lambda half: (2 * half + 1) / 2**7)
    ),
    digits=st.integers(2, 9),
)
def test_each_is_what_round_gives(values: list[float], digits: int) -> None:
    found = rounded(values, digits)
    assert found == [round(value, digits) for value in values]
    assert "-0.0" not in map(repr, found)
