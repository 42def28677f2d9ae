"""What an engine sends while a container runs: its output on a socket, or its log to be read like a file."""

import contextlib
import select
import socket
from typing import Any

from orcaops.running.engine.errors import translated


class Connection:
    """A connection over which an engine sends a container's output as it is written."""

    def __init__(self, answer: Any, stream: Any) -> None:
        self._answer = answer
        self._stream = stream
        # Below docker-py's file object lies a socket, or whatever SSH has instead.
        self._socket = getattr(stream, "_sock", stream)
        if hasattr(self._socket, "settimeout"):
            self._socket.settimeout(None)

    def receive(self, most: int) -> bytes:
        """What has arrived, at least one byte; empty when the engine has ended the connection."""
        data: bytes = self._socket.recv(most)
        return data

    def send(self, data: bytes) -> None:
        """Write to the container's standard input. Raises ``OSError`` where the connection is gone."""
        self._socket.sendall(data)

    def wait_at_most(self, timeout_s: float | None) -> None:
        """How long :meth:`receive` waits before it raises ``TimeoutError``; None is for ever."""
        self._socket.settimeout(timeout_s)

    def is_open(self) -> bool:
        """Whether the other end is still there and has said nothing since it was last listened to."""
        poll = select.poll()
        try:
            poll.register(self._socket, select.POLLIN | select.POLLHUP | select.POLLERR)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def shut_down(self) -> None:
        """End the wait of whoever receives."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of everything."""
        for part in (self._answer, self._stream, self._socket):
            with contextlib.suppress(OSError, ValueError):  # ValueError: it has gone with the part before
                part.close()


class LogStream:
    """An engine's log of a container, to be read like a file until the container has ended."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        with translated():
            data: bytes = self._answer.raw.read(size)
        return data

    def shut_down(self) -> None:
        """End the wait of whoever reads."""
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._answer.close()
