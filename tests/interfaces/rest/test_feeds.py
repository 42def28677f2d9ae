"""Feeds: order, batches, errors, slow and vanished listeners, and the end of the server."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from orcaops.interfaces.rest.feeds import Feeds
from orcaops.model.errors import OrcaError


def threads() -> int:
    return sum(thread.name == "feed" for thread in threading.enumerate())


def until_none_is_left() -> None:
    deadline = time.monotonic() + 60
    while threads() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert threads() == 0


async def collected(feeds: Feeds, items: Iterator[int]) -> list[list[int]]:
    return [batch async for batch in feeds.open(lambda: items)]


def test_everything_arrives_in_order() -> None:
    batches = asyncio.run(collected(Feeds(), iter(range(20_000))))
    assert [item for batch in batches for item in batch] == list(range(20_000))
    assert len(batches) < 20_000  # what is there at once is sent at once
    until_none_is_left()


def test_nothing_at_all() -> None:
    assert asyncio.run(collected(Feeds(), iter(()))) == []


def test_what_it_raises_is_raised_behind_what_it_found() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("gone")

    async def follow() -> None:
        feeds = Feeds()
        stream = feeds.open(failing)
        seen: list[int] = []

        async def listen() -> None:
            async for batch in stream:
                seen.extend(batch)

        with pytest.raises(ValueError, match="gone"):
            await listen()
        assert seen == [1]
        assert len(feeds) == 0

    asyncio.run(follow())


def test_a_listener_that_leaves_ends_its_thread_and_the_iterator() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    async def follow() -> None:
        feeds = Feeds()
        stream = feeds.open(endless)
        assert await anext(stream)
        assert len(feeds) == 1
        await stream.aclose()
        assert len(feeds) == 0

    asyncio.run(follow())
    assert closed.wait(60)
    until_none_is_left()


def test_a_slow_listener_holds_its_thread_back() -> None:
    found = 0

    def counting() -> Iterator[int]:
        nonlocal found
        while found < 1000:
            yield found
            found += 1

    async def follow() -> None:
        seen: list[int] = []
        async for batch in Feeds().open(counting, ahead=10):
            assert len(batch) <= 10
            seen += batch
            assert found <= seen[-1] + 12
            await asyncio.sleep(0)
        assert seen == list(range(1000))

    asyncio.run(follow())


def test_what_is_heavy_is_not_found_far_ahead() -> None:
    held = most = 0

    def found() -> Iterator[int]:
        nonlocal held, most
        for weight in [10] * 200 + [500] + [90] * 20:
            held += weight
            most = max(most, held)
            yield weight

    async def follow() -> None:
        nonlocal held
        seen = 0
        async for batch in Feeds().open(found, ahead=100, weight=lambda weight: weight):
            await asyncio.sleep(0.001)
            held -= sum(batch)
            seen += len(batch)
        assert seen == 221

    asyncio.run(follow())
    assert most <= 500 + 2 * 100 + 100, "what is sent, what is ready, and what waits for room"


def test_a_hundred_follow_while_the_loop_stays_free() -> None:
    go = threading.Event()

    def waiting() -> Iterator[int]:
        yield 0
        go.wait(10)
        yield 1

    async def follow() -> None:
        feeds = Feeds()
        tasks = [asyncio.create_task(collected(feeds, waiting())) for _ in range(100)]
        while len(feeds) < 100:
            await asyncio.sleep(0.001)
        began = time.monotonic()
        await asyncio.sleep(0)
        assert time.monotonic() - began < 5, "it is not held until the others go on"
        go.set()
        for task in tasks:
            assert [n for batch in await task for n in batch] == [0, 1]

    asyncio.run(follow())


def test_there_are_only_so_many() -> None:
    async def follow() -> None:
        feeds = Feeds(most=1)
        stream = feeds.open(lambda: iter((1, 2)))
        await anext(stream)
        with pytest.raises(OrcaError, match="listening"):
            feeds.open(lambda: iter(()))
        await stream.aclose()

    asyncio.run(follow())


def test_the_end_of_the_server_ends_them_all() -> None:
    stop = threading.Event()

    def silent() -> Iterator[int]:
        stop.wait(10)
        yield 1

    async def follow() -> None:
        feeds = Feeds()
        tasks = [asyncio.create_task(collected(feeds, silent())) for _ in range(3)]
        while len(feeds) < 3:
            await asyncio.sleep(0.001)
        feeds.close()
        assert [await task for task in tasks] == [[], [], []]
        assert feeds.closed
        stop.set()

    asyncio.run(follow())
    until_none_is_left()
