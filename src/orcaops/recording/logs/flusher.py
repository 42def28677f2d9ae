"""One thread that flushes all logs being written, so that nothing lies long unseen."""

import logging
import threading
import time
from typing import Protocol

FLUSH_EVERY_S = 0.15

_log = logging.getLogger(__name__)


class Flushable(Protocol):
    """What is flushed: a writer."""

    def flush_due(self, now: float) -> None:
        """Write what has lain long enough; ``now`` is of the monotonic clock."""

    @property
    def waiting(self) -> bool:
        """Whether something lies there that is not in the file."""


class Flusher:
    """Flushes the writers of a store; its thread lives while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writers: set[Flushable] = set()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, writer: Flushable) -> None:
        """Take care of a writer."""
        with self._lock:
            self._writers.add(writer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-flusher", daemon=True)
                self._thread.start()

    def remove(self, writer: Flushable) -> None:
        """The writer is closed; the thread ends with the last one."""
        with self._lock:
            self._writers.discard(writer)
        self._work.set()

    def wake(self) -> None:
        """Something has been written."""
        if not self._work.is_set():
            self._work.set()

    def _run(self) -> None:
        while True:
            self._work.wait()
            time.sleep(FLUSH_EVERY_S / 2)
            self._work.clear()
            with self._lock:
                writers = list(self._writers)
                if not writers:
                    self._thread = None
                    return
            now = time.monotonic()
            for writer in writers:
                try:
                    writer.flush_due(now)
                except Exception:  # noqa: BLE001 - one log in trouble must not stop the others
                    _log.exception("flushing a log failed")
                if writer.waiting:
                    self._work.set()
