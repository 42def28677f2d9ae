"""Search against the definition of what matches, and with steps that do not grow with the store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.query import And, Compare, Comparison, Not, Or, Query, Words
from orcaops.model.run import Run, Status
from orcaops.recording.sql import open_store, search
from orcaops.recording.store import Store
from orcaops.testing.stores import above, all_pages, equal, ids, like, make_run

IMAGES = ("python:3.11", "python:3.12", "node:20", None)


def _run(number: int) -> Run:
    return make_run(
        number,
        status=Status.FAILED if number % 7 == 0 else Status.SUCCEEDED,
        image=IMAGES[number % 4],
        duration_s=float(number % 11),
        labels={"team": "ab"[number % 2]} if number % 3 else {},
        name=f"word{number % 5}" if number % 2 else None,
    )


RUNS = [_run(number) for number in range(120)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("search") / "orcaops.db"
    store = open_store(f"sqlite:///{path}")
    with store.write() as transaction:
        transaction.runs.add_new(RUNS, {run.job_id: f"log of word{n % 9}" for n, run in enumerate(RUNS)})
    yield store
    store.close()


PLAIN: dict[Any, Any] = {
    equal("status", "failed"): lambda n, run: run.status is Status.FAILED,
    equal("image", "node:20"): lambda n, run: run.image == "node:20",
    like("image", "python*"): lambda n, run: (run.image or "").startswith("python"),
    like("image", "*1"): lambda n, run: (run.image or "").endswith("1"),
    like("name", "*rd3"): lambda n, run: run.name == "word3",
    like("name", "*nothing*"): lambda n, run: False,
    above("duration", 7): lambda n, run: run.duration_s > 7,
    Compare("duration", Comparison.AT_MOST, 2.0): lambda n, run: run.duration_s <= 2,
    equal("duration", 3.0): lambda n, run: run.duration_s == 3,
    equal("label", "a", "team"): lambda n, run: run.labels.get("team") == "a",
    like("label", "*", "team"): lambda n, run: "team" in run.labels,
    above("submitted_at", RUNS[60].submitted_at): lambda n, run: n > 60,
    Words("word3"): lambda n, run: n % 9 == 3 or run.name == "word3",
    Words("log word8"): lambda n, run: False,
    Words("of word8"): lambda n, run: n % 9 == 8,
}


def _matches(query: Query, number: int, run: Run) -> bool:
    if isinstance(query, And):
        return all(_matches(part, number, run) for part in query.parts)
    if isinstance(query, Or):
        return any(_matches(part, number, run) for part in query.parts)
    if isinstance(query, Not):
        return not _matches(query.part, number, run)
    return bool(PLAIN[query](number, run))


queries = st.recursive(
    st.sampled_from(list(PLAIN)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("few", [5, 40, 10_000])
@given(query=queries)
def test_what_matches_is_found_whatever_the_plan(filled: Store, few: int, query: Query) -> None:
    wanted = [run.job_id for number, run in enumerate(RUNS) if _matches(query, number, run)]
    with pytest.MonkeyPatch.context() as patch, filled.read() as transaction:
        patch.setattr(search, "FEW", few)
        patch.setattr(search, "_TEXTS_CHECKED", few // 5)
        patch.setattr(search, "_FEW_RECORDS", few // 2)
        patch.setattr(search, "_VALUES_KNOWN", few - 1)  # of five there are too many to know them
        found = all_pages(lambda cursor: transaction.runs.page("default", query, limit=9, cursor=cursor))
        assert ids(found) == wanted[::-1]
        assert ids(transaction.runs.each("default", query)) == wanted
        total = transaction.runs.page("default", query, limit=9).total
        assert total in (len(wanted), None)
        if few == 10_000:
            assert total == len(wanted)


def test_a_page_takes_no_more_steps_where_there_is_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own steps, not time: 500 runs against 5 000, with thresholds that both are above."""
    monkeypatch.setattr(search, "FEW", 30)
    monkeypatch.setattr(search, "_FEW_RECORDS", 10)
    monkeypatch.setattr(search, "_TEXTS_CHECKED", 5)
    asked: list[Query] = [
        And(()),
        equal("status", "failed"),
        equal("label", "a", "team"),
        like("image", "python*"),
        like("name", "*nothing*"),
        like("image", "*:20"),
        above("duration", 5),
        Words("word3"),
        And((equal("status", "failed"), above("duration", 5))),
        And((Words("of word8"), equal("status", "succeeded"))),
    ]
    store = open_store(f"sqlite:///{tmp_path}/orcaops.db")
    steps: list[list[int]] = []
    for start, end in ((0, 500), (500, 5000)):
        with store.write() as transaction:
            new = [_run(number) for number in range(start, end)]
            transaction.runs.add_new(new, {run.job_id: f"log of word{n % 9}" for n, run in enumerate(new)})
        steps.append([_steps(store, query) for query in asked])
    store.close()
    assert [query for query, few, many in zip(asked, *steps, strict=True) if many > 2 * few] == []


def _steps(store: Store, query: Query) -> int:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store.read() as transaction:
        connection = transaction.runs._connection.connection.driver_connection  # type: ignore[attr-defined]
        connection.set_progress_handler(step, 1)
        try:
            assert len(transaction.runs.page("default", query, limit=10).items) in (0, 10)
        finally:
            connection.set_progress_handler(None, 0)
    return steps
