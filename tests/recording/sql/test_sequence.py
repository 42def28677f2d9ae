"""Numbers follow the time of submission."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orcaops.recording.sql.sequence import PER_MICROSECOND, first_of

times = st.datetimes(timezones=st.just(UTC))


@given(times, times)
def test_a_later_submission_has_no_lower_number(one: datetime, other: datetime) -> None:
    assert (first_of(one) <= first_of(other)) or one > other


@given(times)
def test_two_documents_per_run_fit_into_63_bits(at: datetime) -> None:
    highest = first_of(at) + PER_MICROSECOND * 2**32
    assert 2 * first_of(at) >= -(2**63)
    assert 2 * highest + 1 < 2**63


def test_each_microsecond_of_our_time_has_its_own_numbers() -> None:
    for year in (1971, 2026, 2100):
        at = datetime(year, 1, 1, tzinfo=UTC)
        assert first_of(at + timedelta(microseconds=1)) - first_of(at) == PER_MICROSECOND
