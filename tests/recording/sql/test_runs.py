"""Runs as rows: places in time that are never shared, and pages that stay the same while runs arrive."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orcaops.model.run import PhaseName, Status, Usage
from orcaops.recording.store import Store
from orcaops.testing.stores import START, all_pages, equal, ids, make_run

_numbers = itertools.count()
times = st.sampled_from(
    [
        START,
        START + timedelta(microseconds=1),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
) | st.datetimes(timezones=st.just(UTC))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(times, max_size=12), max_size=4))
def test_any_times_are_listed_in_their_order(store: Store, batches: list[list[datetime]]) -> None:
    workspace = f"w{next(_numbers)}"
    with store.write() as transaction:
        expected: list[str] = []
        for number, batch in enumerate(batches):
            new = [
                make_run(1, job_id=f"b{number}-{n}", submitted_at=at, workspace=workspace)
                for n, at in enumerate(batch)
            ]
            assert transaction.runs.add_new(new) == len(new)
            expected += ids(new)
        found = list(transaction.runs.each(workspace))
        assert sorted(ids(found)) == sorted(expected)
        in_numbers = [run.submitted_at for run in found if 1830 < run.submitted_at.year < 2100]
        assert in_numbers == sorted(in_numbers)


def test_new_arrivals_do_not_shift_the_pages_behind(store: Store) -> None:
    with store.write() as transaction:
        transaction.runs.add_new([make_run(n) for n in range(20)])
        first = transaction.runs.page("default", limit=8)
        transaction.runs.add_new([make_run(n) for n in range(20, 40)])
        rest = all_pages(lambda at: transaction.runs.page("default", limit=8, cursor=at or first.next_cursor))
        assert ids([*first.items, *rest]) == [f"job-{n:04}" for n in range(19, -1, -1)]


def test_what_is_compared_comes_from_where_it_was_measured(store: Store) -> None:
    queue = {"queue": {"started_at": START, "duration_s": 7.5}}
    with store.write() as transaction:
        transaction.runs.add_new(
            [
                make_run(1, usage=Usage(memory_resident_bytes=5), phases=queue),
                make_run(
                    2, usage=Usage(memory_peak_bytes=9, memory_resident_bytes=5), started_at=None, phases={}
                ),
            ]
        )
        assert PhaseName.QUEUE in transaction.runs.get("default", "job-0001").phases
        for field, value, expected in (
            ("memory", 5, "job-0001"),
            ("memory", 9, "job-0002"),
            ("wait", 7.5, "job-0001"),
        ):
            assert ids(transaction.runs.page("default", equal(field, value)).items) == [expected]


def test_a_run_that_ends_leaves_the_open_ones(store: Store) -> None:
    running = make_run(1, status=Status.RUNNING, cause=None, finished_at=None)
    with store.write() as transaction:
        transaction.runs.add(running)
        assert transaction.runs.unabsorbed(9) == []
        transaction.runs.save(make_run(1))
        assert ids(transaction.runs.unabsorbed(9)) == ["job-0001"]
