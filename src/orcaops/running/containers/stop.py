"""ContainerStop: ends a container when its run is to stop: TERM, grace, KILL."""

import logging
import signal
import threading
from collections.abc import Callable

from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineError
from orcaops.running.executor import Halt

_log = logging.getLogger(__name__)

_NEVER_LONGER_S = 4.0


class ContainerStop:
    """Stops one container when ``halt`` says so; waits in a thread of its own, begun only then.

    TERM goes to the init, which passes it on; KILL ends everything in the container at once. A container
    that the engine cannot end 4 s after a KILL is given up: ``give_up`` is called. ``tell_all`` sends TERM to
    whom the init does not tell.
    """

    def __init__(
        self,
        engine: Engine,
        container: str,
        halt: Halt,
        give_up: Callable[[], None],
        *,
        tell_all: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._container = container
        self._halt = halt
        self._give_up = give_up
        self._tell_all = tell_all
        self._ended = threading.Event()
        self.sent: set[int] = set()
        """The signals that were sent."""

    def begin(self) -> None:
        """From now on a halt stops the container."""
        self._halt.subscribe(self._begin_to_stop)

    def ended(self) -> None:
        """The container has stopped: whatever is still to be sent is not."""
        self._ended.set()

    def _begin_to_stop(self) -> None:
        if not self._ended.is_set():
            threading.Thread(target=self._stop, name="orcaops-stop", daemon=True).start()

    def _stop(self) -> None:
        for number, wait_s in ((signal.SIGTERM, self._halt.grace_s), (signal.SIGKILL, _NEVER_LONGER_S)):
            try:
                self.sent.add(int(number))
                self._engine.kill(self._container, number.name)
                if number is signal.SIGTERM:
                    self._tell_all()
            except EngineError as error:
                _log.warning("%s could not be sent to %s: %s", number.name, self._container[:12], error)
            if self._ended.wait(wait_s):
                return
        self._give_up()
