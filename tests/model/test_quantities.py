"""What is written for people to copy is read as the same value."""

from hypothesis import example, given
from hypothesis import strategies as st

from orcaops.model.quantities import parse_duration, parse_size, write_duration, write_size


@example(0.7)
@given(
    st.one_of(
        st.floats(0.001, 3e8),
        st.integers(1, 3 * 10**8).map(float),
        st.decimals(0, 9, places=3).filter(bool).map(float),
    )
)
def test_a_duration_is_read_as_it_was_written(seconds: float) -> None:
    assert parse_duration(write_duration(seconds)) == seconds


@given(st.one_of(st.integers(1, 2**50), st.integers(1, 2**20).map(lambda n: n * 2**20)))
def test_a_size_is_read_as_it_was_written(size: int) -> None:
    assert parse_size(write_size(size)) == size
