"""NetworkUse: what a container sent and received, up to its last byte.

The counters are those of the interfaces in the container's network namespace. They are gone a few hundredths
of a second after its first process: the engine takes the interfaces away. So the file with the counters is
kept open, and the kernel tells at once when that process has ended (pidfd): what a job sends last (a result,
a message that it is done) is counted, too.
"""

import contextlib
import os
import select
from collections.abc import Sequence
from typing import IO, Self

_LARGEST = 1 << 16


class NetworkUse:
    """The counters of one container, and the wait for its end. For one thread; ``close`` is for the same."""

    def __init__(self, before: tuple[int, int] = (0, 0)) -> None:
        self._before = before
        self._counters: IO[bytes] | None = None
        self._first: int | None = None
        self.bytes: tuple[int, int] | None = None
        """Received and sent since the beginning; None before the first look."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the container."""
        if self._counters is not None:
            self._counters.close()
        if self._first is not None:
            os.close(self._first)
            self._first = None

    def look(self, processes: Sequence[int]) -> None:
        """Read the counters; ``processes`` are those of the container, none once it has ended."""
        if self._counters is None and processes:
            with contextlib.suppress(OSError):  # it has just ended
                self._counters = open(f"/proc/{processes[0]}/net/dev", "rb", buffering=0)  # noqa: PTH123, SIM115
                first = next((process for process in processes if _is_first(process)), None)
                self._first = os.pidfd_open(first) if first is not None else None
        if self._counters is None:
            return
        with contextlib.suppress(OSError):
            self._counters.seek(0)
            now = _bytes(self._counters.read(_LARGEST))
            if now is not None:
                self.bytes = now[0] - self._before[0], now[1] - self._before[1]

    def ended_within(self, seconds: float) -> bool | None:
        """Whether the first process ended in that time; None at once where the kernel does not tell."""
        if self._first is None:
            return None
        poll = select.poll()
        poll.register(self._first, select.POLLIN)
        return bool(poll.poll(1000 * seconds))


def bytes_of(process: int) -> tuple[int, int] | None:
    """Received and sent by all interfaces of the process's network but the loopback; None if it is gone."""
    try:
        with open(f"/proc/{process}/net/dev", "rb") as counters:  # noqa: PTH123 - looked at ten times a second
            return _bytes(counters.read())
    except OSError:
        return None


def _is_first(process: int) -> bool:
    """Whether it is number one of a process namespace: when that ends, all the others do."""
    with open(f"/proc/{process}/status", "rb") as status:  # noqa: PTH123
        return any(line.startswith(b"NSpid:") and line.split()[-1] == b"1" for line in status)


def _bytes(table: bytes) -> tuple[int, int] | None:
    lines = [line.split() for line in table.splitlines()[2:]]
    counted = [words for words in lines if len(words) > 9 and words[0] != b"lo:"]
    return (sum(int(w[1]) for w in counted), sum(int(w[9]) for w in counted)) if counted else None
