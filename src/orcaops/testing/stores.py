"""What every store must hold, as tests to inherit.

.. code-block:: python

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def url(self, tmp_path):
            return f"sqlite:///{tmp_path}/orcaops.db"

Each test gets an empty database of its own; several stores may be open on one ``url`` at once.
"""
# ruff: noqa: D102  the name of a check says what it checks

import dataclasses
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.baseline import Baseline
from orcaops.model.decision import Decision
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.notice import Notice
from orcaops.model.optimization import Optimization
from orcaops.model.override import OptimizedField
from orcaops.model.query import EVERYTHING, And, Compare, Comparison, Not, Or, Query, Words
from orcaops.model.recommendation import Priority, Recommendation
from orcaops.model.run import Cause, Context, Phase, PhaseName, Run, Status, Step, Usage
from orcaops.model.test_case import CaseStatus, TestCase
from orcaops.recording.confirmation import Confirmation
from orcaops.recording.outbox import Told
from orcaops.recording.sql import open_store
from orcaops.recording.store import MemoryKey, Store, Transaction

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""When the first run of :func:`make_run` was submitted."""

ODD = (
    "o'brien",
    'say "x"',
    "100%",
    "a_b",
    "a*b",
    "a?b",
    "[a]",
    "ünï-çødé 雪 🐳",
    "back\\slash",
    "; DROP TABLE runs;--",
)
"""Texts that a careless statement or pattern would take for something else."""

_PROCESSES = multiprocessing.get_context("spawn")


def make_run(number: int, **changes: Any) -> Run:
    """A finished run; ``number`` makes its id, and its submission that many minutes after START."""
    at = START + timedelta(minutes=number)
    fields: dict[str, Any] = {
        "job_id": f"job-{number:04}",
        "key": "image:python:3.11|command:pytest",
        "status": Status.SUCCEEDED,
        "cause": Cause.SUCCESS,
        "exit_code": 0,
        "submitted_at": at,
        "started_at": at + timedelta(seconds=2),
        "finished_at": at + timedelta(seconds=12),
        "duration_s": 10.0,
        "image": "python:3.11",
        "command": "pytest",
        "executor": "process",
        "requested": JobSpec(image="python:3.11", command=("pytest",), memory=512 * 1024**2),
        "usage": Usage(cpu_seconds=9.5, memory_peak_bytes=200_000_000, exact=True, basis="cgroup_v2"),
        "phases": {PhaseName.RUN: Phase(started_at=at, duration_s=10.0)},
        "steps": (Step(command=("pytest",), started_at=at, duration_s=10.0, exit_code=0),),
    }
    return Run.model_validate({**fields, **changes})


def make_anomaly(name: str, **changes: Any) -> Anomaly:
    """An open warning on the key of :func:`make_run`."""
    fields: dict[str, Any] = {
        "id": name,
        "job_id": "job-0001",
        "type": "duration",
        "severity": Severity.WARNING,
        "title": "twice as slow",
        "description": "…",
        "expected": 10.0,
        "actual": 20.0,
        "detected_at": START,
        "key": "image:python:3.11|command:pytest",
        "detector": "duration",
    }
    return Anomaly.model_validate({**fields, **changes})


def equal(field: str, value: Any, name: str | None = None) -> Compare:
    """``field:value``."""
    return Compare(field, Comparison.EQUAL, value, name)


def like(field: str, value: str, name: str | None = None) -> Compare:
    """``field:val*``."""
    return Compare(field, Comparison.LIKE, value, name)


def above(field: str, value: Any) -> Compare:
    """``field:>value``."""
    return Compare(field, Comparison.ABOVE, value)


def ids(runs: Any) -> list[str]:
    """The ids of runs, in their order."""
    return [run.job_id for run in runs]


def all_pages(page: Callable[[str | None], Any]) -> list[Any]:
    """Everything behind a paged list, page after page."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        one = page(cursor)
        items.extend(one.items)
        cursor = one.next_cursor
        if cursor is None:
            return items


def refused(code: ErrorCode) -> Any:
    """``with refused(ErrorCode.CONFLICT): …``"""
    return pytest.raises(OrcaError, check=lambda error: error.code is code)


class StoreConformance:
    """The contract of :mod:`orcaops.recording.store`."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        store = open_store(url)
        yield store
        store.close()

    # Facts

    def test_a_run_is_read_back_as_it_was(self, store: Store) -> None:
        rich = make_run(
            1,
            name="nightly",
            labels={"team": "a", "ünï": "雪"},
            context=Context(commit="abc", branch="main", host="h1", env_names=("A",), attributes={"x": "y"}),
            intent="find out",
            message="ok",
            signal=9,
        )
        with store.write() as transaction:
            transaction.runs.add(rich)
        with store.read() as transaction:
            assert transaction.runs.get("default", rich.job_id) == rich

    def test_an_id_is_used_once_in_a_workspace(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
            transaction.runs.add(make_run(1, workspace="other"))
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.runs.add(make_run(1))
        with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
            transaction.runs.get("third", "job-0001")

    def test_only_new_runs_are_added(self, store: Store) -> None:
        with store.write() as transaction:
            assert transaction.runs.add_new([make_run(1), make_run(2), make_run(1)]) == 2
            assert transaction.runs.add_new([make_run(n) for n in range(1, 5)]) == 2
            assert transaction.runs.add_new([]) == 0
        with store.read() as transaction:
            assert ids(transaction.runs.each("default")) == ["job-0001", "job-0002", "job-0003", "job-0004"]

    def test_a_final_record_is_not_changed(self, store: Store) -> None:
        queued = make_run(1, status=Status.QUEUED, cause=None, finished_at=None, labels={"a": "1"})
        final = make_run(1, labels={"a": "2"})
        with store.write() as transaction:
            transaction.runs.add(queued)
            assert ids(transaction.runs.open_runs()) == ["job-0001"]
            transaction.runs.save(queued.changed(status=Status.RUNNING))
            transaction.runs.save(final)
            transaction.runs.save(final.changed(number=7))  # says nothing new
            assert transaction.runs.open_runs() == []
            assert transaction.runs.get("default", "job-0001") == final
            assert ids(transaction.runs.page("default", equal("label", "2", "a")).items) == ["job-0001"]
            assert ids(transaction.runs.page("default", equal("label", "1", "a")).items) == []
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.runs.save(final.changed(status=Status.FAILED))
        with refused(ErrorCode.NOT_FOUND), store.write() as transaction:
            transaction.runs.save(make_run(2))

    def test_what_raises_writes_nothing(self, store: Store) -> None:
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.runs.add(make_run(1))
            transaction.runs.add(make_run(1))
        with store.read() as transaction:
            assert transaction.runs.page("default").items == ()

    def test_a_reader_cannot_write_and_sees_one_state(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
        with store.read() as reader:
            assert len(reader.runs.page("default").items) == 1
            with store.write() as transaction:
                transaction.runs.add(make_run(2))
            assert len(reader.runs.page("default").items) == 1
        with pytest.raises(OrcaError), store.read() as reader:
            reader.runs.add(make_run(3))
        with store.read() as reader:
            assert len(reader.runs.page("default").items) == 2

    def test_runs_of_one_moment_all_have_a_place(self, store: Store) -> None:
        same = [make_run(n, submitted_at=START) for n in range(1200)]
        with store.write() as transaction:
            assert transaction.runs.add_new(same[:700]) == 700
        with store.write() as transaction:
            assert transaction.runs.add_new(same[700:]) == 500
            transaction.runs.add(make_run(2000, submitted_at=START - timedelta(microseconds=1)))
        with store.read() as transaction:
            found = ids(transaction.runs.each("default"))
            assert sorted(found) == sorted(set(found))
            assert len(found) == 1201
            assert found[0] == "job-2000"

    def test_a_queued_run_is_claimed_once_oldest_first(self, store: Store) -> None:
        queued = [make_run(n, status=Status.QUEUED, cause=None, finished_at=None) for n in (2, 1, 3)]
        elsewhere = make_run(0, status=Status.QUEUED, cause=None, finished_at=None, workspace="other")
        with store.write() as transaction:
            transaction.runs.add_new([*queued, elsewhere, make_run(9)])
        claimed: list[str] = []
        lock = threading.Lock()

        def take(owner: str) -> None:
            while True:
                with store.write() as transaction:
                    run = transaction.runs.claim("default", owner)
                if run is None:
                    return
                assert run.owner == owner
                with lock:
                    claimed.append(run.job_id)

        threads = [threading.Thread(target=take, args=(f"owner-{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == ["job-0001", "job-0002", "job-0003"]
        with store.write() as transaction:
            anywhere = transaction.runs.claim(None, "me")
            assert anywhere is not None
            assert (anywhere.workspace, anywhere.owner) == ("other", "me")
            assert transaction.runs.claim(None, "me") is None

    def test_the_learning_order(self, store: Store) -> None:
        late = make_run(1, finished_at=START + timedelta(days=1))
        with store.write() as transaction:
            transaction.runs.add_new([late, make_run(3), make_run(2), make_run(4, status=Status.RUNNING)])
            waiting = transaction.runs.unabsorbed(10)
            assert ids(waiting) == ["job-0002", "job-0003", "job-0001"]
            transaction.runs.set_numbers([("default", run.job_id, n) for n, run in enumerate(waiting, 1)])
            transaction.set_watermark(3)
        with store.read() as transaction:
            assert transaction.watermark() == 3
            assert transaction.runs.unabsorbed(10) == []
            numbered = transaction.runs.numbered(1, 10)
            assert [(run.job_id, run.number) for run in numbered] == [("job-0003", 2), ("job-0001", 3)]
            assert transaction.runs.get("default", "job-0001").number == 3
        with store.write() as transaction:
            transaction.runs.clear_numbers()
            assert ids(transaction.runs.unabsorbed(2)) == ["job-0002", "job-0003"]

    def test_the_latest_of_a_key_and_counts(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new(
                [
                    make_run(1),
                    make_run(3),
                    make_run(2),
                    make_run(4, key="k"),
                    make_run(5, status=Status.RUNNING),
                ]
            )
        with store.read() as transaction:
            latest = transaction.runs.latest_of_key("default", make_run(1).key, 2)
            assert ids(latest) == ["job-0003", "job-0002"]
            assert transaction.runs.counts() == {"succeeded": 4, "running": 1}
            assert transaction.runs.open_count(Status.RUNNING) == 1
            assert transaction.runs.open_count(Status.QUEUED) == 0
            assert transaction.runs.workspaces() == ["default"]

    def test_all_workspaces_are_known(self, store: Store) -> None:
        with store.read() as transaction:
            assert transaction.runs.workspaces() == []
        spaces = ("team-b", "default", "team-a", "team")
        with store.write() as transaction:
            transaction.runs.add_new([make_run(n, workspace=space) for n in range(3) for space in spaces])
            transaction.runs.add(make_run(9, status=Status.QUEUED, workspace="zoo"))
            assert transaction.runs.workspaces() == ["default", "team", "team-a", "team-b", "zoo"]
            assert transaction.runs.open_count(Status.QUEUED) == 1

    def test_runs_are_tallied_and_told_as_figures(self, store: Store) -> None:
        team = {"team": "a"}
        used = Usage(cpu_seconds=2.0, memory_peak_bytes=2**30)
        with store.write() as transaction:
            transaction.runs.add_new(
                [
                    make_run(0, name="x", usage=used, labels=team, duration_s=8.0),
                    make_run(1, name="x", usage=used, labels=team, duration_s=4.0, status=Status.FAILED),
                    make_run(2, name="y", usage=Usage(), status=Status.CANCELLED, exit_code=None),
                    make_run(20, name=None, usage=Usage(), duration_s=None, status=Status.RUNNING),
                    make_run(3, name="z", workspace="other", labels={"team": "b"}),
                ]
            )
            runs = transaction.runs
            assert runs.values("default", "name", 9) == ["x", "y"]
            assert runs.values("default", "name", 1) == ["x"]
            assert runs.values("default", "exit_code", 9) == ["0"]
            assert runs.values("default", "label", 9) == ["team"]
            assert runs.values("other", "label:team", 9) == ["b"]
            by_name = {one.group: one for one in runs.tally("default", EVERYTHING, "name", most=99)}
            assert {name: one.runs for name, one in by_name.items()} == {"x": 2, "y": 1, None: 1}
            x = by_name["x"]
            assert (x.failed, x.ended, x.seconds, x.cpu_seconds, x.gb_seconds) == (1, 2, 12.0, 4.0, 12.0)
            assert [one.runs for one in runs.tally("default", EVERYTHING, None, most=3)] == [3]
            (team_of_x,) = runs.tally("default", equal("name", "x"), "label:team", most=9)
            assert team_of_x.group == "a"
            quarter = int(START.timestamp()) // 900
            by_time = {one.group: one.runs for one in runs.tally("default", EVERYTHING, "quarter", most=9)}
            assert by_time == {str(quarter): 3, str(quarter + 1): 1}
            figures = runs.figures("default", equal("name", "x"), "image", most=9)
            assert [one.job_id for one in figures] == ["job-0001", "job-0000"]
            assert figures[1].at == START
            assert (figures[1].group, figures[1].status) == ("python:3.11", Status.SUCCEEDED)
            assert (figures[1].duration_s, figures[1].memory_bytes, figures[1].cpu_s) == (8.0, 2**30, 2.0)
            assert len(runs.figures("default", EVERYTHING, None, most=2)) == 2
        with refused(ErrorCode.INVALID), store.read() as transaction:
            transaction.runs.tally("default", EVERYTHING, "moonphase", most=1)

    def test_runs_are_counted_by_the_hour(self, store: Store) -> None:
        gib = 2**30
        used = Usage(cpu_seconds=2.0, memory_peak_bytes=gib // 2)
        with store.read() as transaction:
            assert transaction.runs.hourly("default", START, START + timedelta(hours=9)) == []
        with store.write() as transaction:
            transaction.runs.add_new(
                [
                    # Two overlap; the third begins when the second ends; the fourth is two hours later.
                    make_run(0, duration_s=7200.0, usage=used),
                    make_run(10, duration_s=600.0, usage=used),
                    make_run(20, duration_s=10.0, usage=Usage()),
                    make_run(180, status=Status.QUEUED, duration_s=None, usage=Usage()),
                    make_run(5, duration_s=60.0, workspace="other"),
                    make_run(600, duration_s=60.0),
                ]
            )
            hours = transaction.runs.hourly("default", START, START + timedelta(hours=5))
            assert [hour.at for hour in hours] == [START + timedelta(hours=n) for n in range(5)]
            assert [hour.arrivals for hour in hours] == [3, 0, 0, 1, 0]
            assert [hour.measured for hour in hours] == [3, 0, 0, 0, 0]
            assert [hour.at_once for hour in hours] == [2, 1, 1, 0, 0]
            assert hours[0].seconds == 7810.0
            assert hours[0].squared_seconds == 7200.0**2 + 600.0**2 + 100.0
            assert hours[0].cpu_seconds == 4.0
            assert hours[0].gb_seconds == 3900.0
            assert transaction.runs.hourly("default", START, START) == []

    # Searching

    def test_filters(self, store: Store) -> None:
        def failed(number: int, **changes: Any) -> Run:
            return make_run(number, status=Status.FAILED, cause=Cause.COMMAND_FAILED, **changes)

        with store.write() as transaction:
            transaction.runs.add_new(
                [
                    make_run(1, labels={"team": "a", "tier": "1"}),
                    failed(2, exit_code=137, labels={"team": "ab"}, duration_s=100.0),
                    failed(3, image="node:20", key="image:node:20|command:npm test", command="npm test"),
                    make_run(4, name="nightly", duration_s=None, usage=Usage(), cause=None),
                    make_run(5, workspace="other", labels={"team": "a"}),
                    make_run(6, context=Context(commit="c1", branch="main", host="h1"), source="github"),
                ],
                {"job-0003": "npm ERR! code ELIFECYCLE", "job-0001": "3 passed in 0.5s"},
            )
        expected: list[tuple[Query, list[int]]] = [
            (EVERYTHING, [6, 4, 3, 2, 1]),
            (equal("status", "failed"), [3, 2]),
            (equal("status", Status.FAILED), [3, 2]),
            (equal("cause", "success"), [6, 1]),
            (Not(equal("cause", "success")), [4, 3, 2]),
            (like("image", "python*"), [6, 4, 2, 1]),
            (like("image", "*:20"), [3]),
            (like("image", "n*e:*0"), [3]),
            (like("image", "PYTHON*"), []),
            (equal("name", "nightly"), [4]),
            (equal("command", "npm test"), [3]),
            (like("command", "npm*"), [3]),
            (equal("key", "image:node:20|command:npm test"), [3]),
            (equal("job_id", "job-0002"), [2]),
            (equal("exit_code", 137), [2]),
            (above("duration", 10), [2]),
            (Compare("duration", Comparison.AT_LEAST, 10), [6, 3, 2, 1]),
            (Compare("memory", Comparison.BELOW, 300_000_000), [6, 3, 2, 1]),
            (above("cpu", 1), [6, 3, 2, 1]),
            (Compare("wait", Comparison.AT_MOST, 2.0), [6, 4, 3, 2, 1]),
            (equal("commit", "c1"), [6]),
            (equal("branch", "main"), [6]),
            (equal("host", "h1"), [6]),
            (equal("source", "github"), [6]),
            (equal("executor", "process"), [6, 4, 3, 2, 1]),
            (equal("label", "a", "team"), [1]),
            (like("label", "a*", "team"), [2, 1]),
            (like("label", "*", "team"), [2, 1]),
            (Not(equal("label", "a", "team")), [6, 4, 3, 2]),
            (above("submitted_at", START + timedelta(minutes=4)), [6]),
            (Compare("submitted_at", Comparison.AT_LEAST, START + timedelta(minutes=4)), [6, 4]),
            (Compare("submitted_at", Comparison.BELOW, START + timedelta(minutes=2)), [1]),
            (Compare("submitted_at", Comparison.AT_MOST, START + timedelta(minutes=2)), [2, 1]),
            (equal("submitted_at", START + timedelta(minutes=2)), [2]),
            (Words("npm"), [3]),
            (Words("code elifecycle"), [3]),
            (Words("elifecycle code"), []),
            (Words("elife*"), [3]),
            (Words("Passed"), [1]),
            (Words("nightly"), [4]),
            (Not(Words("npm")), [6, 4, 2, 1]),
            (And((equal("status", "failed"), like("image", "python*"), above("duration", 60))), [2]),
            (And((equal("status", "failed"), Words("npm"))), [3]),
            (And((equal("label", "a", "team"), equal("label", "1", "tier"))), [1]),
            (Or((equal("exit_code", 137), equal("name", "nightly"))), [4, 2]),
            (Or((Words("passed"), equal("label", "ab", "team"))), [2, 1]),
            (And((Or((equal("exit_code", 137), Words("npm"))), Not(Words("elifecycle")))), [2]),
            (Not(And((equal("status", "succeeded"), equal("source", "local")))), [6, 3, 2]),
            (Or(()), []),
            (Not(And(())), []),
        ]
        with store.read() as transaction:
            for query, numbers in expected:
                page = transaction.runs.page("default", query)
                wanted = [f"job-{number:04}" for number in numbers]
                assert (query, ids(page.items)) == (query, wanted)
                assert (query, page.total) == (query, len(wanted))
                assert ids(transaction.runs.each("default", query)) == wanted[::-1]

    def test_an_unknown_field_is_refused(self, store: Store) -> None:
        for query in (
            equal("mood", "good"),
            Not(like("mood", "g*")),
            Compare("label", Comparison.EQUAL, "x"),
        ):
            with refused(ErrorCode.INVALID), store.read() as transaction:
                transaction.runs.page("default", query)

    @pytest.mark.parametrize("odd", ODD)
    def test_odd_texts_mean_themselves(self, store: Store, odd: str) -> None:
        with store.write() as transaction:
            transaction.runs.add(make_run(1, name=odd, labels={odd: odd}, key=f"name:{odd}"))
            transaction.runs.add(make_run(2, name="ordinary", labels={"a": "b"}, key="name:x"))
            transaction.baselines.put_many([Baseline(key=f"name:{odd}", sample_count=1, last_updated=START)])
        with store.read() as transaction:
            for query in (
                equal("name", odd),
                equal("label", odd, odd),
                equal("key", f"name:{odd}"),
                like("key", f"*:{odd}"),
                like("name", f"{odd[0]}*{odd[-1]}"),
                And((equal("name", odd), like("label", "*", odd))),
            ):
                found = transaction.runs.page("default", query)
                assert (query, ids(found.items)) == (query, ["job-0001"])
            assert len(transaction.baselines.page("default", text=odd).items) == 1
            assert transaction.baselines.get("default", f"name:{odd}").sample_count == 1
            transaction.runs.page("default", Words(odd))
            transaction.anomalies.page("default", text=odd)

    def test_every_page_follows_the_one_before(self, store: Store) -> None:
        numbers = list(range(60))
        random.Random(4).shuffle(numbers)  # noqa: S311 - a repeatable order
        with store.write() as transaction:
            for number in numbers[:30]:
                transaction.runs.add(make_run(number, labels={"half": str(number % 2)}))
            transaction.runs.add_new(
                [make_run(number, labels={"half": str(number % 2)}) for number in numbers[30:]],
                {f"job-{number:04}": "pytest pytest" for number in numbers[30:]},
            )
        with store.read() as transaction:
            for query in (
                EVERYTHING,
                Words("pytest"),
                equal("label", "1", "half"),
                above("duration", 5),
                And((Words("pytest"), equal("label", "1", "half"))),
                like("image", "py*"),
            ):

                def page(cursor: str | None, query: Query = query) -> Any:
                    return transaction.runs.page("default", query, limit=7, cursor=cursor)

                found = ids(all_pages(page))
                assert found == ids(transaction.runs.each("default", query))[::-1]
                assert found == sorted(found, reverse=True)
                assert page(None).total == len(found)

    def test_a_cursor_belongs_to_one_list(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new([make_run(n) for n in range(5)])
            transaction.baselines.put_many(
                [Baseline(key=f"k{n}", sample_count=1, last_updated=START) for n in range(5)]
            )
        with store.read() as transaction:
            cursor = transaction.runs.page("default", limit=2).next_cursor
            assert cursor is not None
        for foreign in (cursor, "", "x", "é", "AAAA", cursor[:-4], "W10", "bnVsbA"):
            asks: list[Callable[[Transaction, str], object]] = [
                lambda t, c: t.runs.page("default", equal("status", "failed"), cursor=c),
                lambda t, c: t.runs.page("other", cursor=c),
                lambda t, c: t.baselines.page("default", cursor=c),
                lambda t, c: t.anomalies.page("default", cursor=c),
                lambda t, c: t.recommendations.page("default", cursor=c),
            ]
            for ask in asks:
                with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
                    ask(transaction, foreign)

    def test_facets_count_what_matches(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new(
                [make_run(n, labels={"team": "ab"[n % 2]}, exit_code=n % 3) for n in range(6)]
            )
        with store.read() as transaction:
            facets = transaction.runs.facets(
                "default", EVERYTHING, ["status", "label:team", "exit_code", "name"]
            )
            assert facets == {
                "status": {"succeeded": 6},
                "label:team": {"a": 3, "b": 3},
                "exit_code": {"0": 2, "1": 2, "2": 2},
                "name": {},
            }
            for query in (
                equal("label", "a", "team"),
                Words("pytest"),
                above("duration", 1),
                like("image", "p*"),
            ):
                counted = transaction.runs.facets("default", query, ["status"])["status"]["succeeded"]
                assert counted == len(ids(transaction.runs.each("default", query)))
        with refused(ErrorCode.INVALID), store.read() as transaction:
            transaction.runs.facets("default", EVERYTHING, ["mood"])

    def test_a_log_is_found_by_its_words_once_it_is_indexed(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new([make_run(1), make_run(2)])
            transaction.runs.index_log(
                "default", "job-0001", "E   ConnectionRefused: \x00 port 5432 — “schön”"
            )
            transaction.runs.index_log("default", "job-0001", "a second time changes nothing")
        with store.read() as transaction:
            for words in ("connectionrefused", "port 5432", "schön", "connect*"):
                assert ids(transaction.runs.page("default", Words(words)).items) == ["job-0001"]
            assert transaction.runs.page("other", Words("5432")).items == ()
        with refused(ErrorCode.NOT_FOUND), store.write() as transaction:
            transaction.runs.index_log("default", "nobody", "text")

    # Opinions and decisions

    def test_memories(self, store: Store) -> None:
        keys = [
            MemoryKey("default", learner, 1, "duration_s", level, scope)
            for learner in ("spike", "drift")
            for level in ("key", "all")
            for scope in ("a", "b", *ODD)
        ]
        with store.write() as transaction:
            transaction.memories.put_many({key: repr(key).encode() for key in keys})
            transaction.memories.put_many({keys[0]: b"again"})
            transaction.memories.put_many({})
        with store.read() as transaction:
            absent = MemoryKey("default", "spike", 2, "duration_s", "key", "a")
            found = transaction.memories.get_many([*keys, absent])
            assert found == {**{key: repr(key).encode() for key in keys}, keys[0]: b"again"}
            assert dict(transaction.memories.each()) == found
            assert transaction.memories.get_many([]) == {}
        with store.write() as transaction:
            transaction.memories.forget("default", "key", "a")
            left = transaction.memories.get_many(keys)
            assert set(keys) - set(left) == {key for key in keys if (key.level, key.scope) == ("key", "a")}

    def test_memories_of_the_tests_below_a_key(self, store: Store) -> None:
        def key(scope: str, learner: str = "tests", version: int = 1) -> MemoryKey:
            return MemoryKey("default", learner, version, "", "key", scope)

        jobs = ("job", "job|", "job|test", "jobs", *ODD)
        below = [key(f"{job}|test:t{n}") for job in jobs for n in range(3)]
        others = [key(job) for job in jobs] + [key("job|test:t0", "other"), key("job|test:t0", version=2)]
        with store.write() as transaction:
            transaction.memories.put_many({each: repr(each).encode() for each in [*below, *others]})
        with store.read() as transaction:
            for job in jobs:
                own = [each for each in below if each.scope.startswith(f"{job}|test:")]
                first = transaction.memories.below("default", "tests", 1, f"{job}|test:", limit=2)
                assert first == [(each, repr(each).encode()) for each in own[:2]]
                rest = transaction.memories.below(
                    "default", "tests", 1, f"{job}|test:", after=own[1].scope, limit=2
                )
                assert [each for each, _ in rest] == own[2:]
            assert transaction.memories.below("default", "tests", 1, "nobody|test:") == []
        with store.write() as transaction:
            transaction.memories.forget("default", "key", "job")
            left = set(transaction.memories.get_many([*below, *others]))
        assert {each.scope for each in {*below, *others} - left} == {
            "job",
            *(f"job|test:t{n}" for n in range(3)),
        }

    def test_the_tests_of_runs(self, store: Store) -> None:
        cases = [
            TestCase(id="a::x", status=CaseStatus.PASSED, duration_s=0.25, read_from="junit.xml"),
            TestCase(
                id="a::y[\U0001f433]", status=CaseStatus.FAILED, message="1 != 2", read_from="other.xml"
            ),
            TestCase(id="a::z", status=CaseStatus.ERROR, attempts=3, read_from="junit.xml"),
            TestCase(id="a::w", status=CaseStatus.SKIPPED, read_from="junit.xml"),
        ]
        with store.write() as transaction:
            transaction.test_cases.put_many({("default", "job-1"): cases, ("other", "job-1"): cases[:1]})
            transaction.test_cases.put_many({("default", "job-1"): [], ("default", "job-2"): []})
            transaction.test_cases.put_many({})
        with store.read() as transaction:
            assert transaction.test_cases.of_run("default", "job-1") == cases
            assert transaction.test_cases.of_run("other", "job-1") == cases[:1]
            assert transaction.test_cases.of_run("default", "job-2") == []
            assert transaction.test_cases.of_run("default", "job-3") == []

    def test_many_memories(self, store: Store) -> None:
        many = {MemoryKey("default", "x", 1, "m", "key", f"s{n}"): b"%d" % n for n in range(2500)}
        with store.write() as transaction:
            transaction.memories.put_many(many)
        with store.read() as transaction:
            assert transaction.memories.get_many(many) == many
            assert dict(transaction.memories.each()) == many

    def test_baselines(self, store: Store) -> None:
        def baseline(number: int, **changes: Any) -> Baseline:
            at = START + timedelta(minutes=number)
            return Baseline(key=f"image:x|command:{number}", sample_count=number, last_updated=at, **changes)

        with store.write() as transaction:
            transaction.baselines.put_many([baseline(n) for n in range(12)])
            transaction.baselines.put_many([baseline(3, duration_mean=1.5), baseline(1, workspace="other")])
        with store.read() as transaction:
            assert transaction.baselines.get("default", "image:x|command:3").duration_mean == 1.5
            listed = all_pages(lambda cursor: transaction.baselines.page("default", limit=5, cursor=cursor))
            assert [each.sample_count for each in listed] == list(range(11, -1, -1))
            assert transaction.baselines.page("default", limit=5).total == 12
            assert [
                b.sample_count for b in transaction.baselines.page("default", text="command:1").items
            ] == [11, 10, 1]
            assert len(transaction.baselines.page("default", text="image*:1*").items) == 3
            assert len(list(transaction.baselines.each())) == 13
            assert len(list(transaction.baselines.each("other"))) == 1
        with store.write() as transaction:
            transaction.baselines.forget("default", "image:x|command:3")
        with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
            transaction.baselines.get("default", "image:x|command:3")

    def test_anomalies_keep_what_people_decided(self, store: Store) -> None:
        first = make_anomaly("a1", job_ids=("job-0001", "job-0002"))
        with store.write() as transaction:
            transaction.anomalies.put_many([first])
            transaction.anomalies.decide("default", "a1", acknowledged=True, note="known")
            transaction.anomalies.put_many(
                [first.model_copy(update={"title": "worse", "job_ids": ("job-0003",)})]
            )
            transaction.anomalies.decide("default", "a1", resolution="fixed")
            found = transaction.anomalies.get("default", "a1")
            assert (found.title, found.acknowledged, found.note, found.resolution) == (
                "worse",
                True,
                "known",
                "fixed",
            )
            for job_id in ("job-0001", "job-0002", "job-0003"):
                assert [a.id for a in transaction.anomalies.of_run("default", job_id)] == ["a1"]
            transaction.anomalies.decide("default", "a1", acknowledged=False, resolution="")
            reopened = transaction.anomalies.get("default", "a1")
            assert (reopened.acknowledged, reopened.resolution) == (False, None)
        for workspace, name in (("default", "a2"), ("other", "a1")):
            with refused(ErrorCode.NOT_FOUND), store.write() as transaction:
                transaction.anomalies.decide(workspace, name, acknowledged=True)
            with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
                transaction.anomalies.get(workspace, name)

    def test_anomalies_are_listed_and_filtered(self, store: Store) -> None:
        kinds = ("duration", "memory", "error")
        levels = list(Severity)
        anomalies = [
            make_anomaly(
                f"a{n:02}",
                type=kinds[n % 3],
                severity=levels[n % 2],
                detected_at=START + timedelta(minutes=n // 2),
                key=f"k{n % 4}",
                job_id=f"job-{n:04}",
                open=n % 5 == 0,
            )
            for n in range(20)
        ]
        with store.write() as transaction:
            transaction.anomalies.put_many(anomalies)
            transaction.anomalies.put_many([make_anomaly("a00", workspace="other")])
            transaction.anomalies.decide("default", "a04", acknowledged=True)
            transaction.anomalies.decide("default", "a05", resolution="done")
        newest = sorted((a.id for a in anomalies), reverse=True)
        with store.read() as transaction:
            listed = all_pages(lambda cursor: transaction.anomalies.page("default", limit=3, cursor=cursor))
            assert [a.id for a in listed] == newest
            expected = {
                ("type", "memory"): [a for a in newest if int(a[1:]) % 3 == 1],
                ("severity", "warning"): [a for a in newest if int(a[1:]) % 2 == 1],
                ("key", "k2"): [a for a in newest if int(a[1:]) % 4 == 2],
                ("job_id", "job-0007"): ["a07"],
                ("open", "true"): ["a15", "a10", "a05", "a00"],
                ("acknowledged", "true"): ["a04"],
                ("acknowledged", "no"): [a for a in newest if a != "a04"],
                ("resolved", "true"): ["a05"],
                ("resolved", "false"): [a for a in newest if a != "a05"],
            }
            for (name, value), wanted in expected.items():
                page = transaction.anomalies.page("default", filters={name: value})
                assert (name, value, [a.id for a in page.items]) == (name, value, wanted)
                assert page.total == len(wanted)
            both = transaction.anomalies.page("default", filters={"type": "memory", "open": "true"})
            assert [a.id for a in both.items] == ["a10"]
            assert len(transaction.anomalies.page("default", text="slow").items) == 20
            assert [a.id for a in transaction.anomalies.find("default", ["a03", "zz", "a01"])] == [
                "a03",
                "a01",
            ]
            since = list(transaction.anomalies.since(START + timedelta(minutes=8)))
            assert [a.id for a in since] == ["a16", "a17", "a18", "a19"]
            assert [(a.workspace, a.id) for a in transaction.anomalies.each()][-1] == ("other", "a00")
        for filters in ({"mood": "x"}, {"open": "maybe"}):
            with refused(ErrorCode.INVALID), store.read() as transaction:
                transaction.anomalies.page("default", filters=filters)

    def test_recommendations(self, store: Store) -> None:
        def recommendation(name: str, score: float, **changes: Any) -> Recommendation:
            return Recommendation(
                id=name,
                type="cost",
                priority=Priority.LOW,
                title="t",
                description="d",
                impact="i",
                action="a",
                created_at=START,
                key="k",
                advisor="adv",
                field="memory",
                score=score,
                **changes,
            )

        with store.write() as transaction:
            transaction.recommendations.put_many([recommendation(f"r{n}", n % 3) for n in range(7)])
            transaction.recommendations.decide("default", "r5", "dismissed")
            transaction.recommendations.put_many([recommendation("r5", 9.5)])
        with store.read() as transaction:
            assert transaction.recommendations.get("default", "r5").state == "dismissed"
            listed = all_pages(
                lambda cursor: transaction.recommendations.page("default", limit=2, cursor=cursor)
            )
            assert [r.score for r in listed] == [9.5, 2, 1, 1, 0, 0, 0]
            assert [r.id for r in transaction.recommendations.page("default", state="dismissed").items] == [
                "r5"
            ]
        with refused(ErrorCode.NOT_FOUND), store.write() as transaction:
            transaction.recommendations.decide("default", "r9", "applied")

    def test_what_is_no_longer_proposed_is_withdrawn(self, store: Store) -> None:
        def recommendation(name: str, key: str, **changes: Any) -> Recommendation:
            return Recommendation(
                id=name,
                type="cost",
                priority=Priority.LOW,
                title="t",
                description="d",
                impact="i",
                action="a",
                created_at=START,
                key=key,
                advisor="adv",
                field="memory",
                **changes,
            )

        with store.write() as transaction:
            transaction.recommendations.put_many(
                [recommendation(f"r{n}", "k") for n in range(4)]
                + [recommendation("other-key", "K"), recommendation("elsewhere", "k", workspace="other")]
            )
            transaction.recommendations.decide("default", "r3", "applied")
            transaction.recommendations.withdraw("default", "k", keep=["r1", "never"])

        def left(workspace: str) -> set[str]:
            with store.read() as transaction:
                return {each.id for each in transaction.recommendations.page(workspace).items}

        assert left("default") == {"r1", "r3", "other-key"}
        with store.write() as transaction:
            transaction.recommendations.withdraw("default", "k", keep=[])
        assert left("default") == {"r3", "other-key"}
        assert left("other") == {"elsewhere"}

    def test_changes_on_probation_are_counted_by_one_at_a_time(self, store: Store) -> None:
        change = Optimization(
            id="o1", key="k", field=OptimizedField.MEMORY, own=9, before=9, after=7, proposed_at=START,
            changed_at=START,
        )  # fmt: skip
        with store.write() as transaction:
            transaction.optimizations.put_many([change, change.changed(id="o2", key="l", after=None)])

        def count() -> None:
            for _ in range(8):
                with store.write() as transaction:
                    (found,) = transaction.optimizations.of_key("default", "k")
                    transaction.optimizations.put_many([found.changed(assigned=found.assigned + 1)])

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as transaction:
            assert transaction.optimizations.get("default", "o1") == change.changed(assigned=32)
            listed = transaction.optimizations.page("default", state="proposed", limit=1)
            assert (listed.total, [each.id for each in listed.items]) == (2, ["o2"])
            rest = transaction.optimizations.page("default", state="proposed", cursor=listed.next_cursor)
            assert [each.id for each in rest.items] == ["o1"]
        with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
            transaction.optimizations.get("other", "o1")

    def test_decisions_are_appended(self, store: Store) -> None:
        def decision(number: int, subject: str = "anomaly") -> Decision:
            return Decision(id=f"d{number}", subject=subject, subject_id="x", verb="ack", by="me", at=START)

        with store.write() as transaction:
            for number in (3, 1, 2):
                transaction.decisions.append(decision(number))
            transaction.decisions.append(decision(4, "baseline"))
            about = transaction.decisions.about("default", "anomaly", "x")
            assert [each.id for each in about] == ["d3", "d1", "d2"]
            assert [each.id for each in transaction.decisions.each()] == ["d3", "d1", "d2", "d4"]
            assert [each.id for each in transaction.decisions.each("baseline")] == ["d4"]
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.decisions.append(decision(1))

    def test_requests_are_answered_once(self, store: Store) -> None:
        now = datetime.now(UTC)
        with store.write() as transaction:
            transaction.requests.remember("default", "k", "print", b"answer", now)
            transaction.requests.remember("default", "k", "print", b"answer", now)
            transaction.requests.remember("default", "old", "print", b"answer", now - timedelta(days=2))
            assert transaction.requests.recall("default", "k") == ("print", b"answer")
            assert transaction.requests.recall("other", "k") is None
            assert transaction.requests.recall("default", "old") is None
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.requests.remember("default", "k", "other", b"other", now)

    def test_notices_wait_in_the_outbox(self, store: Store) -> None:
        notices = [
            Notice(id=f"n{n}", severity=Severity.INFO, title="t", body="b", at=START, subject="anomaly")
            for n in range(4)
        ]
        later = START + timedelta(hours=1)
        with store.write() as transaction:
            transaction.outbox.add(notices)
            transaction.outbox.add(notices, due_at=later)
            assert [each.id for each in transaction.outbox.due(START, 3)] == ["n0", "n1", "n2"]
            transaction.outbox.handed_over("default", ["n0"])
            transaction.outbox.hold("default", ["n1", "n2"], later)
            transaction.outbox.add(notices)
            assert [each.id for each in transaction.outbox.due(START, 9)] == ["n3"]
            assert [each.id for each in transaction.outbox.waiting("default")] == ["n1", "n2", "n3"]
            assert transaction.outbox.waiting("other") == []
            assert [each.id for each in transaction.outbox.due(later, 9)] == ["n3", "n1", "n2"]
            assert transaction.outbox.known("default", ["n0", "n3", "n9"]) == {"n0", "n3"}

    def test_a_delivery_is_claimed_by_one_at_a_time(self, store: Store) -> None:
        at, until = START, START + timedelta(minutes=5)
        notice = Notice(id="n", severity=Severity.INFO, title="t", body="b", at=START, subject="anomaly")
        with store.write() as transaction:
            transaction.deliveries.add(notice, ["a", "b"], at=at)
            transaction.deliveries.add(notice, ["a"], at=until)
            first = transaction.deliveries.claim(["a"], at, until=until)
        assert first is not None
        assert (first.notice, first.channel, first.state, first.attempts) == (notice, "a", "sending", 1)
        with store.write() as transaction:
            assert transaction.deliveries.claim(["a"], at, until=until) is None
            assert transaction.deliveries.claim([], until, until=until) is None
            second = transaction.deliveries.claim(["a"], until, until=until + timedelta(minutes=5))
            assert second is not None
            assert second.attempts == 2, "who claimed it first has died"
            transaction.deliveries.settle(first, "waiting", at=until, next_at=START, reason="late")
            assert transaction.deliveries.counts() == {"a": {"sending": 1}, "b": {"waiting": 1}}
            transaction.deliveries.settle(second, "failed", at=until, reason="gone")
            (failed,) = transaction.deliveries.page("default", state="failed")
            assert transaction.deliveries.page("other") == []
            assert (failed.reason, failed.settled_at) == ("gone", until)
            assert transaction.deliveries.retry("other", until) == 0
            assert transaction.deliveries.retry("default", until) == 1
            again = transaction.deliveries.claim(["a"], until, until=until)
            assert again is not None
            transaction.deliveries.settle(again, "sent", at=until)
            assert transaction.deliveries.counts() == {"b": {"waiting": 1}}
            assert {each.state for each in transaction.deliveries.page()} == {"sent", "waiting"}
            assert transaction.deliveries.forget_settled(until + timedelta(hours=1)) == 1

    def test_what_was_told_outlives_opinions(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.tellings.put_many(
                "default", [Told("a", False, "first"), Told("a", True, "then")], START
            )
            transaction.tellings.keep_window("default", {"tests": {"x": [1, 2]}})
            transaction.drop_opinions()
            assert transaction.tellings.find("default", ["a", "b"]) == {"a": Told("a", True, "then")}
            assert transaction.tellings.find("other", ["a"]) == {}
            assert transaction.tellings.window("default") == {"tests": {"x": [1, 2]}}
            assert transaction.tellings.window("other") is None

    def test_a_run_is_confirmed_once(self, store: Store) -> None:
        wanted = Confirmation(
            workspace="default", job_id="j", anomaly_id="a", state="wanted", because="slow", at=START
        )
        with store.write() as transaction:
            confirmations = transaction.confirmations
            confirmations.want(wanted)
            assert confirmations.wanted(START, 9) == [wanted]
            assert confirmations.wanted(START + timedelta(seconds=1), 9) == []
            running = dataclasses.replace(wanted, state="running", rerun_id="r")
            confirmations.keep(running)
            confirmations.want(wanted)
            assert confirmations.wanted(START, 9) == []
            assert confirmations.of_rerun("default", "r") == running == confirmations.of_run("default", "j")
            assert confirmations.of_rerun("other", "r") is None
            assert (confirmations.begun_since(START), confirmations.begun_since(START + timedelta(1))) == (
                1,
                0,
            )

    def test_opinions_are_dropped_and_the_rest_stays(self, store: Store) -> None:
        key = MemoryKey("default", "x", 1, "m", "key", "s")
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
            transaction.memories.put_many({key: b"{}"})
            transaction.baselines.put_many([Baseline(key="k", sample_count=1, last_updated=START)])
            transaction.anomalies.put_many([make_anomaly("a1")])
            transaction.decisions.append(
                Decision(id="d1", subject="anomaly", subject_id="a1", verb="ack", by="me", at=START)
            )
            transaction.set_watermark(5)
        with store.write() as transaction:
            transaction.drop_opinions()
            assert transaction.watermark() == 0
            assert list(transaction.memories.each()) == []
            assert list(transaction.baselines.each()) == []
            assert list(transaction.anomalies.each()) == []
            assert transaction.anomalies.of_run("default", "job-0001") == []
            assert len(list(transaction.decisions.each())) == 1
            assert len(transaction.runs.page("default").items) == 1

    # Several at once

    def test_there_is_one_absorber(self, store: Store, url: str) -> None:
        other = open_store(url)
        try:
            with store.absorbing() as first:
                assert first is not None
                first.set_watermark(1)
                with other.absorbing() as second:
                    assert second is None
                with _in_thread(store.absorbing) as third:
                    assert third is None
            with other.absorbing() as again:
                assert again is not None
                assert again.watermark() == 1
        finally:
            other.close()

    def test_two_processes_lose_nothing(self, store: Store, url: str) -> None:
        writers = [_PROCESSES.Process(target=_write_runs, args=(url, f"p{n}", 40)) for n in range(2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
            assert writer.exitcode == 0
        with store.read() as transaction:
            assert len(list(transaction.runs.each("default"))) == 80

    def test_a_killed_writer_loses_nothing_that_was_committed(self, store: Store, url: str) -> None:
        reader, told = _PROCESSES.Pipe(duplex=False)
        writer = _PROCESSES.Process(target=_write_until_killed, args=(url, told))
        writer.start()
        last = -1
        while last < 20:
            assert reader.poll(60)
            last = reader.recv()
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join(60)
        told.close()
        while reader.poll(0):
            try:
                last = reader.recv()
            except EOFError:
                break
        with store.read() as transaction:
            found = ids(transaction.runs.each("default"))
        assert len(found) in (last + 1, last + 2)  # the last commit may not have been told any more
        with store.write() as transaction:  # and nothing is locked
            transaction.runs.add(make_run(9999))
        assert store.check()["problems"] == []

    def test_a_store_is_opened_by_many_at_once(self, url: str) -> None:
        opened = [_PROCESSES.Process(target=_write_runs, args=(url, f"p{n}", 1)) for n in range(3)]
        for each in opened:
            each.start()
        for each in opened:
            each.join(60)
            assert each.exitcode == 0

    # The whole

    def test_an_installation_keeps_its_id(self, store: Store, url: str) -> None:
        again = open_store(url)
        assert again.installation() == store.installation() != ""
        again.close()

    def test_a_check_finds_nothing_wrong(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
        found = store.check()
        assert found["problems"] == []
        assert found["version"] == found["latest_version"]
        assert found["counts"]["runs"] == 1
        assert found["bytes"] > 0


class _in_thread:  # noqa: N801 - reads as a verb
    """Enter a context manager in another thread, and leave it there."""

    def __init__(self, enter: Callable[[], Any]) -> None:
        self._enter = enter

    def __enter__(self) -> Transaction | None:
        found: list[Any] = []

        def ask() -> None:
            with self._enter() as transaction:
                found.append(transaction)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(30)
        return found[0] if found else None

    def __exit__(self, *_: object) -> None:
        """Nothing is left to do."""


def _write_runs(url: str, name: str, count: int) -> None:
    store = open_store(url)
    for number in range(count):
        with store.write() as transaction:
            transaction.runs.add(make_run(number, job_id=f"{name}-{number}"))
    store.close()


def _write_until_killed(url: str, told: Any) -> None:
    store = open_store(url)
    number = 0
    while True:
        with store.write() as transaction:
            transaction.runs.add(make_run(number))
        told.send(number)
        number += 1
