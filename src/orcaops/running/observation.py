"""Observation: what a supervisor sees of one run while it goes on."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

from orcaops.model.attempts import without_overrides
from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.override import Value
from orcaops.model.run import LogSummary, Phase, PhaseName, Run, Status, Step
from orcaops.running.clock import RunClock
from orcaops.running.conclusion import Seen, conclude, noted
from orcaops.running.deadlines import Deadline, Deadlines
from orcaops.running.executor import Halt, HaltReason, Outcome
from orcaops.running.recorder import LogSink, Recorder

_log = logging.getLogger(__name__)


class Observation:
    """The :class:`Observer` of one run: times its phases, keeps its output, watches its timeouts.

    Timeouts count from the start of the first command, not from the pull of an image. What cannot
    be written down (a full disk) is remembered in ``trouble`` and the job goes on: stopping it would
    destroy work, and its record says at the end what was lost.
    """

    def __init__(
        self,
        run: Run,
        spec: JobSpec,
        *,
        recorder: Recorder,
        deadlines: Deadlines,
        halt: Halt,
        clock: RunClock,
        adopted: bool = False,
    ) -> None:
        self.run = run
        self.started_at: datetime | None = None
        self.steps: list[Step] = []
        self.trouble: str | None = None
        self.tighter: Run | None = None
        """The run as it was placed, if its limits have been loosened since."""
        self._spec = spec
        self._recorder = recorder
        self._halt = halt
        self._clock = clock
        self._adopted = adopted
        self._deadlines = deadlines
        self._watches: list[Deadline] = []
        self._total: Deadline | None = None
        self._totals = 0
        self._late = False
        self._lock = threading.Lock()
        # What else a former owner noted comes again as the run is brought to its end.
        self._phases: dict[PhaseName, Phase] = {
            name: phase for name, phase in run.phases.items() if name is PhaseName.QUEUE
        }
        self._current: tuple[PhaseName, datetime, float] | None = None
        self._last_output = self._began = clock.monotonic()
        self._ended_by_itself = False
        self._summary: LogSummary | None = None
        self._sink: LogSink | None = None
        try:
            self._sink = recorder.open_log(run)
        except Exception as error:  # noqa: BLE001  whatever the store raises, the job is not to blame
            self._note_trouble("its output could not be kept", error)

    @cached_property
    def artifact_dir(self) -> Path:
        """The folder for what the run leaves, made when it is first asked for."""
        return self._recorder.artifact_dir(self.run)

    @property
    def halted(self) -> HaltReason | None:
        """Why the run was stopped; null if nobody asked, or only after the last command had ended."""
        return None if self._ended_by_itself else self._halt.reason

    def phase(self, name: PhaseName) -> None:
        """Close the phase before and open this one; a phase entered twice is added up."""
        if name is PhaseName.PULL:  # may take minutes: the record should not say "queued" meanwhile
            self._note_running()
        with self._lock:
            self._close_phase()
            self._current = (name, self._clock.now(), self._clock.monotonic())

    def placed(self, engine_ref: str) -> None:
        """Write down what the run is to the engine. Raises as the recorder does: nothing may start."""
        # Until the end tells exactly when the commands began, this is as near as makes no matter.
        self.run = self.run.changed(engine_ref=engine_ref, started_at=self._clock.now())
        self._note_running()

    def started(self, at: datetime) -> None:
        """Begin to watch the timeouts; ``at`` lies back where the run was adopted."""
        with self._lock:
            if self.started_at is not None:
                return
            self.started_at = at
            self._last_output = self._clock.monotonic()
            # Of a run that begins now no time has passed, even if the engine's clock differs from ours.
            past_s = max(0.0, (self._clock.now() - at).total_seconds()) if self._adopted else 0.0
            self._began = self._last_output - past_s
            self._watch_total(past_s)
            if self._spec.idle_timeout is not None:
                self._watch(self._spec.idle_timeout, self._perhaps_idle)

    def output(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Keep a piece of output."""
        self._last_output = self._clock.monotonic()
        if self._sink is None:
            return
        try:
            self._sink.write(stream, data, at)
        except Exception as error:  # noqa: BLE001  see open_log
            self._note_trouble("part of its output could not be kept", error)
            # No more is written: a log with a hole in the middle would look whole.
            self._close_log()

    def unheard(self) -> None:
        """Do not count this moment as a silence of the job."""
        self._last_output = self._clock.monotonic()

    def step(self, step: Step) -> None:
        """Keep a command's result; behind the last one a halt comes too late to change it."""
        with self._lock:
            self.steps.append(step)
            last = step.exit_code != 0 or len(self.steps) >= len(self._spec.steps())
            if last and not self._halt.requested:
                self._ended_by_itself = True
                self._stop_watching()

    def ended(self, outcome: Outcome) -> None:
        """Note how the job ended. What fails in it is only logged: the record of the run is still to come."""
        self._close_log()
        try:
            self._recorder.running(noted(conclude(self.run, outcome, self.seen())))
        except Exception:  # noqa: BLE001  see open_log
            _log.warning("%s: how it ended could not be noted", self.run.job_id, exc_info=True)

    def loosen(self, own: Mapping[str, Value]) -> bool:
        """Let the job go on with these limits of its own; false if it is being stopped already."""
        with self._lock:
            if self._late or self._ended_by_itself or self._halt.requested:
                return False
            self.tighter = self.tighter or self.run
            self._spec = self._spec.model_copy(update=dict(own))
            self.run = without_overrides(self.run, own)
            if self.started_at is not None and "timeout" in own:
                self._watch_total(self._clock.monotonic() - self._began)
        self._note_running()
        return True

    def finish(self) -> None:
        """End the last phase, the watches and the log."""
        with self._lock:
            self._close_phase()
            self._stop_watching()
        self._close_log()

    def seen(self) -> Seen:
        """What was seen of the run until now; phases, in their order, without the one that goes on."""
        return Seen(
            at=self._clock.now(),
            halted=self.halted,
            started_at=self.started_at,
            steps=tuple(self.steps),
            phases={name: self._phases[name] for name in PhaseName if name in self._phases},
            log=self._summary,
            tighter=self.tighter,
            trouble=self.trouble,
        )

    def _close_log(self) -> None:
        with self._lock:
            sink, self._sink = self._sink, None
        if sink is None:
            return
        try:
            self._summary = sink.close()
        except Exception as error:  # noqa: BLE001  see open_log
            self._note_trouble("the end of its output could not be kept", error)

    def _note_trouble(self, what: str, error: Exception) -> None:
        _log.warning("%s: %s: %s", self.run.job_id, what, error)
        if self.trouble is None:
            self.trouble = f"{what}: {error}"

    def _note_running(self) -> None:
        self.run = self.run.changed(status=Status.RUNNING)
        self._recorder.running(self.run)

    def _close_phase(self) -> None:
        if self._current is None:
            return
        name, started_at, since = self._current
        before = self._phases.get(name)
        duration_s = max(0.0, self._clock.monotonic() - since)
        self._phases[name] = Phase(
            started_at=before.started_at if before is not None else started_at,
            duration_s=duration_s + (before.duration_s if before is not None else 0.0),
        )
        self._current = None

    def _watch(self, delay_s: float, callback: Callable[[], None]) -> Deadline:
        watch = self._deadlines.after(delay_s, callback)
        self._watches.append(watch)
        return watch

    def _watch_total(self, gone_s: float) -> None:
        """Watch the total timeout, of which so much has gone, in place of the one that was watched."""
        if self._total is not None:
            self._total.cancel()
            self._total = None
        self._totals += 1
        if self._spec.timeout is not None:
            over = partial(self._total_is_over, self._totals)
            self._total = self._watch(self._spec.timeout - gone_s, over)

    def _stop_watching(self) -> None:
        for watch in self._watches:
            watch.cancel()
        self._watches.clear()

    def _total_is_over(self, which: int) -> None:
        with self._lock:
            if which != self._totals:
                return  # it was given more time in the very moment
            self._late = True
        self._halt.request(HaltReason.TIMEOUT_TOTAL)

    def _perhaps_idle(self) -> None:
        # Output does not move the deadline (it may come a million times); the deadline looks back.
        limit_s = self._spec.idle_timeout
        if limit_s is None or self._ended_by_itself:
            return
        left_s = limit_s - (self._clock.monotonic() - self._last_output)
        if left_s <= 0:
            self._halt.request(HaltReason.TIMEOUT_IDLE)
            return
        with self._lock:
            if not self._ended_by_itself:
                self._watch(left_s, self._perhaps_idle)
