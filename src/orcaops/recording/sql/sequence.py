"""Sequence numbers that follow the time of submission.

The number of a run is its submission in microseconds times 512, plus a count of runs of that very
microsecond. So the order of numbers *is* the order of submissions: every index ends in it for
free, the full-text index can be read newest first, a page goes on behind one integer, and a time
filter is a range of it. Runs that were imported with times of whole seconds spill over into the
following microseconds, a difference nobody can see.

A document of the full-text index is numbered ``2 * seq`` (the job's own words) or ``2 * seq + 1``
(its log), which is why seven more bits are not used: 63 bits reach to the year 2112. Earlier or
later than can be numbered is numbered as the earliest or latest.
"""

from datetime import UTC, datetime

PER_MICROSECOND = 512
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**52 - 2**32  # room above for runs that spill over
_EARLIEST = -_LATEST


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970."""
    span = at - _EPOCH
    return (span.days * 86400 + span.seconds) * 1_000_000 + span.microseconds


def first_of(at: datetime) -> int:
    """The lowest number that a run submitted at that moment can have."""
    return min(max(microseconds(at), _EARLIEST), _LATEST) * PER_MICROSECOND
