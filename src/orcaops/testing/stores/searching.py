"""What every store must hold of searching runs: filters, pages, facets, and words of logs."""
# ruff: noqa: D102  the name of a check says what it checks

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orcaops.model.baseline import Baseline
from orcaops.model.errors import ErrorCode
from orcaops.model.query import EVERYTHING, And, Compare, Comparison, Not, Or, Query, Words
from orcaops.model.run import Cause, Context, Run, Status, Usage
from orcaops.recording.store import Store, Transaction
from orcaops.testing.stores.builders import ODD, START, above, all_pages, equal, ids, like, make_run, refused


class SearchConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

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

    def test_colours_hide_no_word(self, store: Store) -> None:
        link = "\x1b]8;;http://a.example/x\x1b\\test_pay\x1b]8;;\x1b\\"
        printed = f"\x1b[1m\x1b[31mFAILED\x1b[0m {link} un\x1b[4mder\x1b[0mlined"
        with store.write() as transaction:
            transaction.runs.add_new([make_run(1), make_run(2)], {"job-0001": printed})
        with store.read() as transaction:
            for words, found in (("failed test_pay", 1), ("underlined", 1), ("31mFAILED", 0)):
                assert (words, transaction.runs.page("default", Words(words)).total) == (words, found)

    def test_the_end_of_a_long_log_is_found_as_its_beginning_is(self, store: Store) -> None:
        printed = (
            "begun\n" + "\n".join(f"line {number}" for number in range(60_000)) + "\nfell over: test_pay"
        )
        with store.write() as transaction:
            transaction.runs.add_new([make_run(1), make_run(2)], {"job-0001": printed})
        with store.read() as transaction:
            for words in ("begun", "fell", "over test_pay"):
                assert (words, ids(transaction.runs.page("default", Words(words)).items)) == (
                    words,
                    ["job-0001"],
                )

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
