"""Supervisor: takes a run from its claim to its final record.

An executor runs commands; everything else about a run is decided here: when it is late, what it
died of, what is written down and when. Whatever happens, the run ends with one honest record.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from orcaops.model.errors import OrcaError
from orcaops.model.override import Value
from orcaops.model.run import Cause, Phase, PhaseName, Run, Status
from orcaops.running.clock import Clock, RunClock, SystemClock
from orcaops.running.conclusion import conclude, from_note
from orcaops.running.deadlines import Deadlines
from orcaops.running.executor import Adoptable, Executor, Failure, Halt, Loosening, Outcome
from orcaops.running.observation import Observation
from orcaops.running.placement import choose
from orcaops.running.recorder import Recorder

_log = logging.getLogger(__name__)

_TIMEOUT = "timeout"
_KEPT_BY_EXECUTOR = ("memory", "cpus")

_Work = Callable[[Executor, Observation], Outcome]


class Supervisor:
    """Drives runs through executors, any number at once, each in its caller's thread."""

    def __init__(
        self,
        executors: Mapping[str, Executor],
        recorder: Recorder,
        *,
        grace_s: float = 3.0,
        clock: Clock | None = None,
    ) -> None:
        self.grace_s = grace_s
        self._executors = executors
        self._recorder = recorder
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._deadlines = Deadlines()
        self._going_on: dict[tuple[str, str], Observation] = {}

    def halt(self) -> Halt:
        """A halt with this supervisor's grace, to be kept by whoever may want to cancel the run."""
        return Halt(self.grace_s)

    def execute(self, run: Run, halt: Halt) -> Run:
        """Run a claimed run to its end and return its final record, already written; blocks.

        Raises only what ``recorder.finished`` raises: then the run has ended, nothing of it is
        left, and its record still says ``running``.
        """

        def work(executor: Executor, observation: Observation) -> Outcome:
            return executor.run(observation.run, observation, halt)

        clock = RunClock(self._clock)
        queue = Phase(
            started_at=run.submitted_at,
            duration_s=max(0.0, (clock.now() - run.submitted_at).total_seconds()),
        )
        return self._supervise(run.changed(phases={PhaseName.QUEUE: queue}), halt, clock, work)

    def adopt(self, run: Run, halt: Halt, seen_until: datetime | None = None) -> Run:
        """Bring a run whose owner has died to an honest end; blocks. Raises as :meth:`execute` does.

        ``seen_until`` is the time of the last output that was stored.
        """

        def work(executor: Executor, observation: Observation) -> Outcome:
            if isinstance(executor, Adoptable):
                return executor.adopt(observation.run, observation, halt, seen_until=seen_until)
            return Outcome(
                failure=Failure.ENGINE_LOST,
                message="OrcaOps ended while this job ran, and its executor keeps nothing from which "
                "to find out how it went on.",
            )

        return self._supervise(run, halt, RunClock(self._clock), work, adopted=True)

    def can_adopt(self, run: Run) -> bool:
        """Whether the run would go on without OrcaOps, so that a later process can finish it."""
        executor = self._executors.get(run.executor or "")
        return executor is not None and executor.capabilities.adopts

    def loosen(self, run: Run, own: Mapping[str, Value]) -> bool:
        """Give a run that is going on these limits of its own back; false if that has to be tried again.

        What its executor cannot give it stays as it is: should the limit end the run, it is tried again.
        """
        observation = self._going_on.get((run.workspace, run.job_id))
        if observation is None or observation.run.engine_ref is None:
            return False
        placed = observation.run
        executor: object = self._executors.get(placed.executor or "")
        given = {name: value for name, value in own.items() if name == _TIMEOUT}
        limits = {name: own.get(name) for name in _KEPT_BY_EXECUTOR}
        if placed.effective is not None and any(value is not None for value in limits.values()):
            try:
                if isinstance(executor, Loosening):
                    executor.loosen(placed, placed.effective.model_copy(update=limits))
                    given |= {name: value for name, value in limits.items() if name in own}
            except OrcaError as error:
                _log.info("%s goes on with the limits that it has: %s", run.job_id, error)
        if given:
            observation.loosen(given)
        return True

    def close(self) -> None:
        """Stop watching timeouts; call it when no run is going on."""
        self._deadlines.close()

    def _supervise(self, run: Run, halt: Halt, clock: RunClock, work: _Work, *, adopted: bool = False) -> Run:
        spec = run.effective or run.requested
        if spec is None:
            return self._refuse(run, clock, "The record does not say what to run.")
        try:
            # Also here, not only at submission: the configuration may have changed since.
            name = choose(
                spec.model_copy(update={"executor": run.executor}) if run.executor else spec,
                {name: executor.capabilities for name, executor in self._executors.items()},
            )
        except OrcaError as error:
            return self._refuse(run, clock, f"{error}. {error.hint}".strip())
        run = run.changed(executor=name, effective=spec)
        observation = Observation(
            run,
            spec,
            recorder=self._recorder,
            deadlines=self._deadlines,
            halt=halt,
            clock=clock,
            adopted=adopted,
        )
        place = (run.workspace, run.job_id)
        self._going_on[place] = observation
        try:
            outcome = work(self._executors[name], observation)
        except Exception as error:  # noqa: BLE001  a plug-in that raises must not take the server with it
            _log.warning("%s: executor %s failed", run.job_id, name, exc_info=True)
            outcome = Outcome(failure=Failure.INFRASTRUCTURE, message=_sentence(name, error))
        finally:
            del self._going_on[place]
        return self._conclude(observation, outcome, from_note(run) if adopted else None)

    def _conclude(self, observation: Observation, outcome: Outcome, known: Run | None) -> Run:
        observation.finish()
        final = known or conclude(observation.run, outcome, observation.seen())
        self._recorder.finished(final)
        return final

    def _refuse(self, run: Run, clock: RunClock, message: str) -> Run:
        final = run.changed(
            status=Status.FAILED, cause=Cause.INFRASTRUCTURE, message=message, finished_at=clock.now()
        )
        self._recorder.finished(final)
        return final


def _sentence(executor: str, error: Exception) -> str:
    if isinstance(error, OrcaError):
        return f"{error}. {error.hint}".strip()
    return f"The {executor} executor failed: {type(error).__name__}: {error}"
