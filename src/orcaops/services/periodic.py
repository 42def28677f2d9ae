"""PeriodicThread: something that a server does again and again in the background."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class PeriodicThread:
    """Calls ``work`` every so many seconds, or as soon as it is woken; what it raises is logged."""

    def __init__(self, name: str, every_s: float, work: Callable[[], object]) -> None:
        self._every_s = every_s
        self._work = work
        self._woken = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._go_on, name=name, daemon=True)

    def start(self) -> None:
        """Begin, at once."""
        self._thread.start()

    def wake(self) -> None:
        """Do not wait for the next time."""
        self._woken.set()

    def stop(self, timeout_s: float = 15.0) -> None:
        """End after what is being done."""
        self._stopping = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _go_on(self) -> None:
        while not self._stopping:
            try:
                self._work()
            except Exception:
                log.exception("%s failed; it is tried again", self._thread.name)
            self._woken.wait(self._every_s)
            self._woken.clear()
