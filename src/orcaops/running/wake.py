"""Wake: what ends the wait of a selector from another thread."""

import contextlib
import os
import threading


class Wake:
    """Lets another thread end the wait of a selector, also when nobody waits any more."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._closed = False

    def ring(self) -> None:
        """Let :attr:`descriptor` be ready to read."""
        with self._lock:  # a closed descriptor's number may belong to another file
            if not self._closed:
                os.eventfd_write(self.descriptor, 1)

    def quiet(self) -> None:
        """Let it be ready no more."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.descriptor)

    def close(self) -> None:
        """Give the descriptor back; to ring is nothing from now on."""
        with self._lock:
            self._closed = True
            os.close(self.descriptor)
