"""ScriptedExecutor: behaves as a script says, so that everything else can be tested without an engine.

It is deterministic and takes no time unless told to. What a job does is looked up by its name, or by its
command line; a job without a script succeeds silently.

>>> from orcaops.running.executors.scripted import Script, ScriptedExecutor
>>> executor = ScriptedExecutor({"pytest": Script(output=("2 failed\\n",), exit_code=1, takes_s=12.5)})
>>> executor.script_for("pytest").takes_s
12.5
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import Artifact, PhaseName, Run, Step, Usage
from orcaops.running.executor import Capabilities, Executor, Failure, Halt, Health, Observer, Outcome

_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What one job does.

    ``takes_s`` is how long it says that it took; it truly waits only ``waits_s``, and with ``hangs`` until
    it is halted. ``output`` is a piece each, to standard output, or a (stream, bytes) pair. ``ignores_term``
    makes a halted job take its whole grace. ``fails_in`` ends the run with ``failure`` when it enters that
    phase; ``raises`` is raised there instead. ``signal`` takes the place of ``exit_code``.
    """

    exit_code: int = 0
    signal: int | None = None
    oom_killed: bool = False
    output: tuple[str | bytes | tuple[Stream, bytes], ...] = ()
    takes_s: float = 0.0
    waits_s: float = 0.0
    hangs: bool = False
    ignores_term: bool = False
    failure: Failure | None = None
    fails_in: PhaseName | None = None
    raises: Exception | None = None
    message: str | None = None
    usage: Usage = field(default_factory=lambda: Usage(cpu_seconds=0.0, exact=True, basis="imported"))
    image_digest: str | None = None
    pulls: bool = False
    artifacts: Mapping[str, bytes] = field(default_factory=dict)


class ScriptedExecutor:
    """Runs nothing, and reports what the script says.

    ``clock`` gives the wall time of each start (by default one second after the end of the run before);
    ``runs`` are those it was given, in order. With ``adopts`` it acts as an engine that outlives OrcaOps.
    """

    name = "scripted"

    def __init__(
        self,
        scripts: Mapping[str, Script] | None = None,
        *,
        default: Script | None = None,
        capabilities: Capabilities | None = None,
        health: Health | None = None,
        clock: Callable[[], datetime] | None = None,
        adopts: bool = False,
    ) -> None:
        self.capabilities = capabilities or Capabilities(
            isolates=True,
            images=True,
            memory=True,
            cpus=True,
            pids=True,
            mounts=True,
            networks=None,
            adopts=adopts,
        )
        self.runs: list[Run] = []
        self._scripts = dict(scripts or {})
        self._default = default or Script()
        self._health = health or Health(usable=True, sentence="Scripted: nothing is really run.")
        self._clock = clock
        self._next_start = _START
        self._lock = threading.Lock()
        self._left: set[str] = set()

    def script(self, name_or_command: str, script: Script) -> None:
        """From now on jobs of that name, or command line, do this."""
        self._scripts[name_or_command] = script

    def script_for(self, name_or_command: str) -> Script:
        """What jobs of that name, or command line, do."""
        return self._scripts.get(name_or_command, self._default)

    def probe(self) -> Health:
        """As it was told."""
        return self._health

    def run(self, run: Run, observer: Observer, halt: Halt) -> Outcome:
        """Act out the script of this run."""
        self.runs.append(run)
        self._left.add(run.job_id)
        try:
            return self._act(run, observer, halt)
        finally:
            self._left.discard(run.job_id)

    def adopt(self, run: Run, observer: Observer, halt: Halt, *, seen_until: datetime | None) -> Outcome:  # noqa: ARG002
        """Act out the rest of a run: with ``adopts`` its whole end, else that nothing is left."""
        self._left.discard(run.job_id)
        if not self.capabilities.adopts:
            return Outcome(failure=Failure.ENGINE_LOST, message="Nothing of the run is left.")
        return self._act(run, observer, halt, adopted=True)

    def never_began(self, run: Run) -> bool:
        """Whether this run was left before its script was acted out."""
        return run.job_id in self._left and all(each.job_id != run.job_id for each in self.runs)

    def leave(self, job_id: str) -> None:
        """Pretend that an owner died and left something of this job behind."""
        self._left.add(job_id)

    def reap(self, living: Iterable[str], *, dry_run: bool = False) -> list[str]:
        """Forget what was left of jobs that are not in ``living``."""
        dead = sorted(self._left - set(living))
        if not dry_run:
            self._left.difference_update(dead)
        return [f"scripted job {job_id}" for job_id in dead]

    def _act(self, run: Run, observer: Observer, halt: Halt, *, adopted: bool = False) -> Outcome:
        spec = run.effective or run.requested
        assert spec is not None
        script = self._scripts.get(spec.name or "") or self.script_for(spec.command_line())
        before = [PhaseName.CREATE, PhaseName.START]
        if script.pulls:
            before.insert(0, PhaseName.PULL)
        for phase in () if adopted else before:
            observer.phase(phase)
            if phase is PhaseName.START:
                observer.placed(f"scripted:{run.job_id}")
            if (failed := _failed(script, phase)) is not None:
                return failed
            if halt.requested:
                return Outcome()
        return self._command(spec, script, observer, halt)

    def _command(self, spec: JobSpec, script: Script, observer: Observer, halt: Halt) -> Outcome:
        started_at = self._start_time(script)
        since = time.monotonic()
        observer.started(started_at)
        observer.phase(PhaseName.RUN)
        if (failed := _failed(script, PhaseName.RUN)) is not None:
            return replace(failed, started_at=started_at, finished_at=started_at)
        pieces = [_piece(output) for output in script.output]
        for number, (stream, data) in enumerate(pieces, start=1):
            observer.output(
                stream, data, started_at + timedelta(seconds=script.takes_s * number / len(pieces))
            )
        halted = self._wait(script, halt)
        exit_code = None if script.signal is not None else script.exit_code
        ended_by = script.signal
        if halted:
            if script.ignores_term:
                time.sleep(halt.grace_s)
            exit_code, ended_by = None, 9 if script.ignores_term else 15
        took_s = script.takes_s + (time.monotonic() - since if script.hangs or script.waits_s else 0.0)
        steps = tuple(
            Step(
                command=command,
                started_at=started_at,
                duration_s=took_s / len(spec.steps()),
                exit_code=exit_code,
                signal=ended_by,
            )
            for command in (spec.steps() if exit_code == 0 else spec.steps()[:1])
        )
        for step in steps:
            observer.step(step)
        observer.phase(PhaseName.COLLECT)
        artifacts = _keep(script, observer) if script.artifacts else ()
        outcome = Outcome(
            exit_code=exit_code,
            signal=ended_by,
            oom_killed=script.oom_killed,
            message=script.message,
            started_at=started_at,
            finished_at=started_at + timedelta(seconds=took_s),
            steps=steps,
            usage=script.usage,
            image_digest=script.image_digest,
            artifacts=artifacts,
        )
        observer.ended(outcome)
        return outcome

    def _start_time(self, script: Script) -> datetime:
        if self._clock is not None:
            return self._clock()
        with self._lock:
            start = self._next_start
            self._next_start = start + timedelta(seconds=script.takes_s + 1)
        return start

    def _wait(self, script: Script, halt: Halt) -> bool:
        """Let the script's real time pass; whether it was halted meanwhile."""
        if script.hangs:
            while not halt.wait(60.0):
                pass
            return True
        return halt.wait(script.waits_s) if script.waits_s else halt.requested


def _failed(script: Script, phase: PhaseName) -> Outcome | None:
    if script.fails_in is not phase:
        return None
    if script.raises is not None:
        raise script.raises
    return Outcome(failure=script.failure or Failure.INFRASTRUCTURE, message=script.message)


def _piece(output: str | bytes | tuple[Stream, bytes]) -> tuple[Stream, bytes]:
    if isinstance(output, tuple):
        return output
    return Stream.STDOUT, output.encode() if isinstance(output, str) else output


def _keep(script: Script, observer: Observer) -> tuple[Artifact, ...]:
    import hashlib

    kept = []
    for path, content in sorted(script.artifacts.items()):
        target = observer.artifact_dir / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        kept.append(Artifact(path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()))
    return tuple(kept)


executor: Executor = ScriptedExecutor()
