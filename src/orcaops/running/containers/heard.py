"""Heard: what of a run has been passed on, so that it is passed on once though it is told again.

A container that is taken over once more, because its engine was away meanwhile, is told from the beginning
of the engine's log: only the bytes themselves say where what was heard before ends.
"""

from datetime import datetime
from pathlib import Path

from orcaops.model.logline import Stream
from orcaops.model.run import PhaseName, Step
from orcaops.running.containers.request import LOG_KEPT_BYTES
from orcaops.running.executor import Observer, Outcome


class Heard:
    """An :class:`Observer` before another one, for one run."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._passed = dict.fromkeys(Stream, 0)
        self._again = dict.fromkeys(Stream, 0)
        self._steps = self._steps_again = 0
        self._last_at: datetime | None = None
        self.engine_ref: str | None = None
        """What the run is to the engine, once it is that."""

    @property
    def artifact_dir(self) -> Path:
        """The run's own folder."""
        return self._observer.artifact_dir

    def tell_again(self, seen_until: datetime | None) -> datetime | None:
        """What comes next comes from the run's beginning; or from the time that is returned.

        That is where the engine's log may no longer hold all that was heard, and ``seen_until`` where nothing
        was heard yet.
        """
        self._steps_again = self._steps
        if not any(self._passed.values()):
            return seen_until
        if seen_until is not None or sum(self._passed.values()) >= LOG_KEPT_BYTES // 2:
            return self._last_at
        self._again = dict(self._passed)
        return None

    def phase(self, name: PhaseName) -> None:
        """Pass it on."""
        self._observer.phase(name)

    def placed(self, engine_ref: str) -> None:
        """Pass it on, and know it."""
        self.engine_ref = engine_ref
        self._observer.placed(engine_ref)

    def started(self, at: datetime) -> None:
        """Pass it on."""
        self._observer.started(at)

    def unheard(self) -> None:
        """Pass it on."""
        self._observer.unheard()

    def output(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Pass on what of it is new."""
        behind = self._again[stream]
        if behind:
            self._again[stream] = max(0, behind - len(data))
            data = data[behind:]
            if not data:
                return
        self._passed[stream] += len(data)
        self._last_at = at
        self._observer.output(stream, data, at)

    def step(self, step: Step) -> None:
        """Pass it on if it is new."""
        if self._steps_again:
            self._steps_again -= 1
            return
        self._steps += 1
        self._observer.step(step)

    def ended(self, outcome: Outcome) -> None:
        """Pass it on."""
        self._observer.ended(outcome)
