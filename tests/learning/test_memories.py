"""The book: bulk loading, eviction that loses nothing, forgetting, the same bytes whatever happened."""

from collections.abc import Iterable, Mapping

import orjson
import pytest

from orcaops.learning.memories import MemoryAddress, MemoryBook


def address(scope: str, level: str = "key") -> MemoryAddress:
    return MemoryAddress("default", "duration", 1, "duration", level, scope)


class Shelf:
    """A store that counts how often it is asked."""

    def __init__(self, stored: Mapping[MemoryAddress, bytes] | None = None) -> None:
        self.stored = dict(stored or {})
        self.calls: list[list[MemoryAddress]] = []

    def __call__(self, addresses: Iterable[MemoryAddress]) -> Mapping[MemoryAddress, bytes]:
        wanted = list(addresses)
        self.calls.append(wanted)
        return {a: self.stored[a] for a in wanted if a in self.stored}


def test_prefetch_asks_once_for_all_and_never_again() -> None:
    shelf = Shelf({address("a"): b'{"n":1}'})
    book = MemoryBook(shelf)
    book.prefetch([address("a"), address("b"), address("a")])
    assert shelf.calls == [[address("a"), address("b")]]
    assert book.get(address("a")) == {"n": 1}
    assert book.get(address("b")) is None
    book.prefetch([address("a"), address("b")])
    assert len(shelf.calls) == 1


def test_what_was_changed_survives_eviction() -> None:
    book = MemoryBook(Shelf(), capacity=1)
    for scope in "abc":
        book.keep(address(scope), {"of": scope})
    assert book.get(address("a")) == {"of": "a"}
    assert book.drain() == {address(s): b'{"of":"%b"}' % s.encode() for s in "abc"}
    assert book.drain() == {}


def test_bytes_have_sorted_keys_and_addresses_are_ordered() -> None:
    book = MemoryBook()
    book.keep(address("z"), {"b": 1, "a": 2.5})
    book.keep(address("a"), {})
    assert list(book.drain().items()) == [(address("a"), b"{}"), (address("z"), b'{"a":2.5,"b":1}')]


def test_forgetting_hides_what_is_stored_until_the_store_has_forgotten_too() -> None:
    shelf = Shelf({address("a"): b'{"n":1}', address("b"): b'{"n":2}'})
    book = MemoryBook(shelf)
    book.keep(address("a"), {"n": 7})
    book.forget("default", "key", "a")
    book.prefetch([address("a")])
    assert book.get(address("a")) is None
    assert book.get(address("b")) == {"n": 2}
    assert book.drain() == {}


def test_clear_drops_changes() -> None:
    book = MemoryBook(Shelf({address("a"): b'{"n":1}'}))
    book.keep(address("a"), {"n": 2})
    book.clear()
    assert book.get(address("a")) == {"n": 1}


def test_what_is_no_json_is_dropped_and_what_cannot_be_read_begins_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book = MemoryBook(Shelf({address("a"): b"{broken"}))
    assert book.get(address("a")) is None
    book.keep(address("b"), {"x": object()})
    book.keep(address("c"), {"x": 1})
    assert book.drain() == {address("c"): orjson.dumps({"x": 1})}
    assert "cannot be read" in caplog.text
    assert "not JSON" in caplog.text


def test_nothing_is_evicted_while_the_book_is_held() -> None:
    book = MemoryBook(capacity=1)
    with book.holding():
        for scope in ("a", "b", "c"):
            book.keep(address(scope), {"n": 0})
        held = {scope: book.get(address(scope)) for scope in ("a", "b", "c")}
        for scope, memory in held.items():
            assert memory is not None
            memory["n"] = ord(scope)
    assert [orjson.loads(memory)["n"] for memory in book.drain().values()] == [97, 98, 99]
