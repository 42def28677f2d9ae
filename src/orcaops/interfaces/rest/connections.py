"""Connections: what a client may cost that does not say what it wants, or does not take what it asked for.

The HTTP server waits for ever, for the rest of a request and for whoever takes an answer. Each such
connection holds a file that a run may need, and what it is answered from. So a request has to come within a
time, a body that has begun has to go on, an answer has to be taken, and there are only so many connections.
"""

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_WITHIN_S = 30.0
BODY_GOES_ON_WITHIN_S = 60.0
TAKEN_WITHIN_S = 1800.0  # somebody may page through it
_MOST = 4096
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 5\r\n"
    b"Connection: close\r\n\r\n"
    b'{"title": "Service Unavailable", "status": 503, "code": "unavailable", '
    b'"detail": "there are too many connections", "hint": "Try again in a moment."}'
)


def most_connections() -> int:
    """Half of the files that this process may have open; the other half is for what it works with.

    >>> 0 < most_connections() <= 4096
    True
    """
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MOST if most_files == resource.RLIM_INFINITY else max(16, min(_MOST, most_files // 2))


class Connection(H11Protocol):
    """One client's connection; closed when what it has begun does not come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watch: asyncio.TimerHandle | None = None
        self._watched: object = None
        self._untaken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, or refuse one too many."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.write(_BUSY)
            transport.close()
            return
        self._look()

    def data_received(self, data: bytes) -> None:
        """See what there is of a request now."""
        super().data_received(data)
        if self.conn.their_state is h11.SEND_BODY:
            self._forget()  # it goes on
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is to come."""
        self._forget()
        self._is_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes no more for now."""
        super().pause_writing()
        self._is_taken()
        self._untaken = self.loop.call_later(TAKEN_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It has taken what there was."""
        self._is_taken()
        super().resume_writing()

    def _is_taken(self) -> None:
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None

    def _look(self) -> None:
        """Watch what is to come now, if it is not watched already."""
        awaited = self.conn.their_state
        if awaited is self._watched:
            return
        self._forget()
        within_s = {h11.IDLE: HEADERS_WITHIN_S, h11.SEND_BODY: BODY_GOES_ON_WITHIN_S}.get(awaited)
        if within_s is not None and not self.transport.is_closing():
            self._watched = awaited
            self._watch = self.loop.call_later(within_s, self._too_late)

    def _forget(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._watched = None

    def _too_late(self) -> None:
        waits_for_us = self.flow.read_paused  # then it is not the client that is slow
        self._forget()
        if waits_for_us:
            self._look()
        else:
            self.transport.close()
