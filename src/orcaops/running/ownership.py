"""Ownership: which process of this machine answers for a run, and whether it still lives.

Every process that runs jobs holds a lock on a file of its own. The kernel lets go of the lock when
the process ends, however it ends, so a dead owner is told from a living one without any clock.
Locks are seen where the files are, so an owner's name says which home they belong to; one of another home,
which may share the database, cannot be judged from here and counts as living.
"""

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

_PLACE = "place"


class Ownership:
    """This process's claim, and its view of the others'.

    ``home`` is shared by all processes that can judge each other; the file appears in it with the first
    :meth:`claim` and goes with :meth:`release`.
    """

    def __init__(self, home: Path, nonce: str) -> None:
        self._home = home
        self._folder = home / "owners"
        self._nonce = nonce
        self._descriptor: int | None = None
        self._claiming = threading.Lock()

    @cached_property
    def name(self) -> str:
        """What runs of this process have as their owner."""
        return f"{self._place}:{os.getpid()}:{self._nonce}"

    def claim(self) -> str:
        """Make sure that others see this process as living; returns the owner's name."""
        with self._claiming:
            while self._descriptor is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(self._path(self.name), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.fstat(descriptor).st_nlink:
                    self._descriptor = descriptor
                else:  # swept away by somebody who saw it before it was locked
                    os.close(descriptor)
        return self.name

    def release(self) -> None:
        """Let go: from now on whatever this process still owns counts as orphaned."""
        if self._descriptor is not None:
            self._path(self.name).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def lives(self, owner: str) -> bool:
        """Whether a run's owner can still bring it to its end."""
        if owner == self.name:
            return self._descriptor is not None
        if owner.partition(":")[0] != self._place:
            return True
        with self._dead(self._path(owner)) as dead:
            return not dead

    def sweep(self) -> None:
        """Remove the files of owners that have died, one process at a time."""
        if not self._folder.is_dir():
            return
        sweeping = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(sweeping, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for path in self._folder.iterdir():
                if path != self._path(self.name) or self._descriptor is None:
                    with self._dead(path) as dead:
                        if dead:
                            path.unlink(missing_ok=True)
        except BlockingIOError:
            pass  # somebody else does
        finally:
            os.close(sweeping)

    @contextlib.contextmanager
    def _dead(self, path: Path) -> Iterator[bool]:
        """Whether nobody holds the lock of an owner's file; nobody can take it meanwhile."""
        while True:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                yield True
                return
            try:
                # Shared, so that two who ask at the same time do not take each other for the owner.
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                if not os.fstat(descriptor).st_nlink:
                    continue  # swept away meanwhile: its owner, if it lives, makes another one
            except BlockingIOError:
                yield False
            else:
                yield True
            finally:
                os.close(descriptor)
            return

    @cached_property
    def _place(self) -> str:
        """A word for the home, drawn when it is first asked for; it moves with the home, not with a host."""
        known = self._home / _PLACE
        drawn = secrets.token_hex(8)
        with contextlib.suppress(OSError):  # it is there, or this home cannot be written and has no owners
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not known.exists():
                written = self._home / f"{_PLACE}.{drawn}"
                try:
                    written.write_text(drawn, "ascii")
                    known.hardlink_to(written)  # there with its content or not at all; the first one counts
                finally:
                    written.unlink(missing_ok=True)
        try:
            return known.read_text("ascii")
        except OSError:
            return drawn

    def _path(self, owner: str) -> Path:
        return self._folder / owner.replace(":", "%").replace("/", "%")
