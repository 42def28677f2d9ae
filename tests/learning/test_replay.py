"""Honest order: a submission knows what had finished, and nothing else."""

from datetime import UTC, datetime, timedelta

from orcaops.learning.replay import Event, PastRun, in_honest_order

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(start: float, end: float) -> PastRun:
    return PastRun(START + timedelta(seconds=start), START + timedelta(seconds=end), ())


def test_events_come_as_they_happened() -> None:
    long, short, later = run(0, 10), run(1, 2), run(2, 3)
    assert list(in_honest_order([long, short, later])) == [
        (Event.SUBMITTED, long),
        (Event.SUBMITTED, short),
        (Event.FINISHED, short),
        (Event.SUBMITTED, later),
        (Event.FINISHED, later),
        (Event.FINISHED, long),
    ]


def test_a_run_of_no_length_is_submitted_before_it_finishes() -> None:
    nothing = run(5, 5)
    assert list(in_honest_order([nothing, nothing])) == [
        (Event.SUBMITTED, nothing),
        (Event.FINISHED, nothing),
        (Event.SUBMITTED, nothing),
        (Event.FINISHED, nothing),
    ]
