"""Turnstile: where processes that want to write to one SQLite file line up.

Who finds the file locked looks again every tenth of a second. Between two batches of one that learns a
long history the lock is free for a moment only, so whoever looks would not find it free for minutes, and
a run would fail beside it. So whoever wants to write stands in the turnstile until it may: the one that
learns finds it taken before its next batch, and waits its turn. The kernel lets go of the place of one
that is killed.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_S = 0.005


class Turnstile:
    """One process's view of it; used by one thread at a time."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-turn")
        self._descriptor: int | None = None

    @contextmanager
    def passing(self, within_s: float) -> Iterator[None]:
        """Stand in it for the block; after ``within_s`` without it: the file's own lock decides anyway."""
        taken = self._taken(within_s)
        try:
            yield
        finally:
            if taken and self._descriptor is not None:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _taken(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while True:
            try:
                if self._descriptor is None:
                    self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_LOOK_S)
            except OSError:  # no room for it: who wants to write is told so by the database
                return False
            else:
                return True
