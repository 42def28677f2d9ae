"""Deadlines: one thread that calls back when moments have come, for any number of runs."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Deadline:
    """A moment that was asked for; :meth:`cancel` makes it pass unnoticed."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Do not call back. A callback that has begun is not stopped."""
        self._callback = None

    def fire(self) -> None:
        """Call back, unless cancelled; what the callback raises is logged."""
        callback = self._callback
        if callback is None:
            return
        try:
            callback()
        except Exception:  # noqa: BLE001  the thread serves every other run too
            _log.exception("a deadline's callback failed")


class Deadlines:
    """A heap of moments and the one daemon thread that watches it, started when first needed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def after(self, delay_s: float, callback: Callable[[], None]) -> Deadline:
        """Call ``callback`` once, in the shared thread, ``delay_s`` from now. It must not block."""
        deadline = Deadline(callback)
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + max(0.0, delay_s), next(self._order), deadline))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._watch, name="orcaops-deadlines", daemon=True)
                self._thread.start()
            self._changed.notify()
        return deadline

    def close(self) -> None:
        """End the thread; what has not come due never will."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._closed:
                    left_s = self._heap[0][0] - time.monotonic() if self._heap else None
                    if left_s is not None and left_s <= 0:
                        break
                    # A wait of more than threading.TIMEOUT_MAX is an error; an hour is soon enough to look.
                    self._changed.wait(None if left_s is None else min(left_s, 3600.0))
                if self._closed:
                    return
                _, _, deadline = heapq.heappop(self._heap)
            deadline.fire()
