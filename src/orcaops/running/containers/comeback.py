"""Comeback: waits until an engine that has gone away is there again, for one run."""

import logging
import time
from collections.abc import Callable

from orcaops.model.run import Run
from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineError
from orcaops.running.executor import Halt, HaltReason

_log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 0.5
_STAYED_S = 10.0  # an engine that answers for so long is back, and is waited for anew if it goes again
_FOREGROUND_S = 30.0


class Comeback:
    """How long a run's engine is waited for: ``within_s``, or 30 s at most where somebody sits there.

    ``meanwhile`` is called about twice a second while it is away.
    """

    def __init__(
        self,
        engine: Engine,
        run: Run,
        halt: Halt,
        within_s: float,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._run = run
        self._halt = halt
        self._within_s = min(within_s, _FOREGROUND_S) if run.attached else within_s
        self._meanwhile = meanwhile
        self._give_up = 0.0
        self._back_at: float | None = None

    def awaited(self) -> bool:
        """Whether the engine answers before its time is over, and before the run is cancelled.

        A run whose own time is over is still waited for: it may have ended in time, and if not, it is stopped
        when the engine is back.
        """
        if self._back_at is None or time.monotonic() - self._back_at > _STAYED_S:
            self._give_up = time.monotonic() + self._within_s
        else:  # it answers, and then does not do what it is asked
            self._pause()
        told = False
        while self._halt.reason is not HaltReason.CANCELLED:
            try:
                self._engine.ping()
            except EngineError as error:
                if not told:
                    _log.error(
                        "%s: %s; it is waited for, %.0f s at most", self._run.job_id, error, self._within_s
                    )
                    told = True
            else:
                self._back_at = time.monotonic()
                return self._back_at < self._give_up
            if time.monotonic() >= self._give_up:
                return False
            self._pause()
        return False

    def _pause(self) -> None:
        self._meanwhile()
        if self._halt.requested:
            time.sleep(_LOOK_AGAIN_S)
        else:
            self._halt.wait(_LOOK_AGAIN_S)
