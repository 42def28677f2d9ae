"""What every store must hold of several processes and threads at once."""
# ruff: noqa: D102  the name of a check says what it checks

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from orcaops.model.errors import OrcaError
from orcaops.model.run import Run, Status
from orcaops.recording.sql import open_store
from orcaops.recording.store import Store, Transaction
from orcaops.testing.stores.builders import ids, make_run
from orcaops.testing.stores.sandboxes import make_sandbox

_PROCESSES = multiprocessing.get_context("spawn")


class ProcessesConformance:
    """Inherit, and give a fixture ``store``: an empty one, at the fixture ``url``."""

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

    def test_imports_are_under_way_for_a_time(self, store: Store, url: str) -> None:
        other = open_store(url)
        try:
            with store.write() as transaction:
                assert not transaction.imports.under_way(0.0)
                transaction.imports.hold("a", 100.0)
                transaction.imports.hold("b", 50.0)
                transaction.imports.hold("a", 200.5)
            with other.write() as transaction:
                assert transaction.imports.under_way(200.0)
                transaction.drop_opinions()
                assert transaction.imports.under_way(200.0)
                transaction.imports.release("a")
                assert transaction.imports.under_way(49.0)
                assert not transaction.imports.under_way(50.0)
                assert transaction.imports.marks() == {"b": 50.0}
                transaction.imports.release("b")
                assert not transaction.imports.under_way(0.0)
        finally:
            other.close()

    def test_who_decides_about_a_run_sees_what_was_decided_before(self, store: Store, url: str) -> None:
        with store.write() as transaction:
            transaction.runs.add(_running())
        other, begun, seen = open_store(url), threading.Event(), threading.Event()
        found: list[str | None] = []

        def decide_too() -> None:
            with other.write() as transaction:
                begun.set()
                found.append(transaction.runs.get_to_change("default", "job").owner)
                seen.set()

        deciding = threading.Thread(target=decide_too)
        with store.write() as transaction:
            run = transaction.runs.get_to_change("default", "job")
            deciding.start()
            begun.wait(1.0)  # where the database lets it begin
            assert not seen.wait(0.5), "it has to wait"
            transaction.runs.save(run.changed(owner="first"))
        deciding.join(60)
        other.close()
        assert found == ["first"]

    def test_what_has_ended_meanwhile_is_not_changed(self, store: Store, url: str) -> None:
        with store.write() as transaction:
            transaction.runs.add(running := _running())
        other, saved = open_store(url), threading.Event()
        told: list[str] = []

        def save_too_late() -> None:
            try:
                with other.write() as transaction:
                    transaction.runs.save(running.changed(owner="late"))
            except OrcaError as error:
                told.append(error.code)
            saved.set()

        saving = threading.Thread(target=save_too_late)
        with store.write() as transaction:
            transaction.runs.save(ended := make_run(1, job_id="job"))
            saving.start()
            assert not saved.wait(0.5), "it has to wait"
        saving.join(60)
        other.close()
        with store.read() as transaction:
            assert transaction.runs.get("default", "job").status == ended.status
        assert told == ["conflict"]

    def test_who_asks_the_same_gets_the_answer_of_the_first(self, store: Store, url: str) -> None:
        other, begun, answered = open_store(url), threading.Event(), threading.Event()
        found: list[tuple[str, bytes] | None] = []

        def ask_too() -> None:
            with other.write() as transaction:
                begun.set()
                found.append(transaction.requests.recall("default", "k"))
                answered.set()

        asking = threading.Thread(target=ask_too)
        with store.write() as transaction:
            assert transaction.requests.recall("default", "k") is None
            asking.start()
            begun.wait(1.0)  # where the database lets it begin
            assert not answered.wait(0.5), "it has to wait"
            transaction.requests.remember("default", "k", "print", b"answer", datetime.now(UTC))
        asking.join(60)
        other.close()
        assert found == [("print", b"answer")]

    def test_who_adds_a_sandbox_sees_what_was_added_before(self, store: Store, url: str) -> None:
        other, begun, seen = open_store(url), threading.Event(), threading.Event()
        found: list[str | None] = []

        def add_too() -> None:
            with other.write() as transaction:
                begun.set()
                found.extend(each.name for each in transaction.sandboxes.living_to_add("default"))
                seen.set()

        adding = threading.Thread(target=add_too)
        with store.write() as transaction:
            assert transaction.sandboxes.living_to_add("default") == []
            adding.start()
            begun.wait(1.0)  # where the database lets it begin
            assert not seen.wait(0.5), "it has to wait"
            transaction.sandboxes.put(make_sandbox("s1", name="the-one"))
            transaction.sandboxes.put(make_sandbox("s2", name="elsewhere", workspace="other"))
        adding.join(60)
        other.close()
        assert found == ["the-one"]

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


def _running() -> Run:
    return make_run(
        1, job_id="job", status=Status.RUNNING, cause=None, exit_code=None, finished_at=None, duration_s=None
    )


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
