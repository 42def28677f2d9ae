"""Feeds: a blocking iterator as a stream that the event loop sends, for as long as somebody listens.

Each feed has a thread of its own that waits for what comes and hands it over in batches; the event
loop never waits for it, and a slow client holds back its own thread only.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

from orcaops.model.errors import unavailable

T = TypeVar("T")


class Feeds:
    """All feeds of a server, so that it can count them, bound them and end them."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._open: set[Feed[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def closed(self) -> bool:
        """Whether the server is about to end."""
        return self._closed

    def close(self) -> None:
        """End all feeds; to be called in the event loop."""
        self._closed = True
        for feed in list(self._open):
            feed.close()

    def open(
        self,
        items: Callable[[], Iterator[T]],
        *,
        ahead: int = 2000,
        weight: Callable[[T], int] = lambda _: 1,
    ) -> AsyncGenerator[list[T], None]:
        """What ``items()`` gives, in batches, in order; raises what it raises.

        Items that weigh at most ``ahead`` together, or one that weighs more, are found before they are sent.
        Ends early when the server does. Raises ``unavailable``, at once, if there are too many feeds already.
        """
        if self._closed or len(self._open) >= self._most:
            raise unavailable(f"{len(self._open)} clients are listening already", hint="Try again later.")
        return self._batches(items, ahead, weight)

    async def _batches(
        self, items: Callable[[], Iterator[T]], ahead: int, weight: Callable[[T], int]
    ) -> AsyncGenerator[list[T], None]:
        feed = Feed(items, ahead, weight)
        self._open.add(feed)
        try:
            async for batch in feed.batches():
                yield batch
        finally:
            feed.close()
            self._open.discard(feed)


class Feed(Generic[T]):
    """One thread that iterates, and the event loop that takes what it found."""

    def __init__(self, items: Callable[[], Iterator[T]], ahead: int, weight: Callable[[T], int]) -> None:
        self._items = items
        self._loop = asyncio.get_running_loop()
        self._found: deque[T] = deque()
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False
        self._arrived = asyncio.Event()
        self._told = False
        self._ahead = ahead
        self._weight = weight
        self._held = 0
        self._room = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="feed", daemon=True)
        self._thread.start()

    async def batches(self) -> AsyncIterator[list[T]]:
        """Everything found since the last batch, whenever there is something."""
        while not self._closed:
            await self._arrived.wait()
            self._arrived.clear()
            self._told = False  # before taking: what comes after this line tells again
            ended = self._ended
            batch = []
            while self._found:
                batch.append(self._found.popleft())
            if batch:
                with self._room:
                    self._held -= sum(map(self._weight, batch))
                    self._room.notify()
                yield batch
            if ended:
                if self._error is not None:
                    raise self._error
                return

    def close(self) -> None:
        """Let the thread end as soon as it notices; to be called in the event loop."""
        with self._room:
            self._closed = True
            self._room.notify()
        self._arrived.set()

    def _work(self) -> None:
        try:
            items = self._items()
            try:
                for item in items:
                    if not self._makes_room(self._weight(item)):
                        return
                    self._found.append(item)
                    self._tell()
            finally:
                if isinstance(items, Generator):
                    items.close()
        except BaseException as error:  # noqa: BLE001 - raised where the stream is read
            self._error = error
        finally:
            self._ended = True
            self._told = False
            self._tell()

    def _makes_room(self, weight: int) -> bool:
        """Wait until something of this weight may be found; false if nobody listens any more."""
        with self._room:
            while self._held and self._held + weight > self._ahead and not self._closed:
                self._room.wait()
            self._held += weight
            return not self._closed

    def _tell(self) -> None:
        if self._told:
            return
        self._told = True
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:
            self._closed = True  # the loop has ended: nobody listens any more
