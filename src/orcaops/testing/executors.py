"""What every executor must hold, as tests to inherit.

.. code-block:: python

    class TestMyExecutor(ExecutorConformance):
        image = "busybox"  # None for an executor without images

        @pytest.fixture
        def executor(self, tmp_path):
            return MyExecutor(installation="tests")

The jobs use nothing but what BusyBox and Debian both have. A run must leave nothing behind; executors
that are :class:`Adoptable` are asked for it with ``reap([], dry_run=True)``, so give each test an
installation of its own.
"""
# ruff: noqa: D102  the name of a check says what it checks

import hashlib
import itertools
import os
import resource
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.quantities import MIB
from orcaops.model.run import PhaseName, Run, Status, Step
from orcaops.running.executor import Adoptable, Executor, Failure, Halt, HaltReason, Outcome
from orcaops.running.placement import choose

_numbers = itertools.count()

# The child is in a session of its own, and neither of the two listens to TERM.
_STUBBORN_TREE = """
trap '' TERM
setsid sh -c "trap '' TERM; while :; do echo child; sleep 0.05; done" &
while :; do echo parent; sleep 0.05; done
"""


class RecordingObserver:
    """Keeps what an executor reports. With ``keep_output=False`` output is only counted."""

    def __init__(self, artifact_dir: Path, *, keep_output: bool = True) -> None:
        self.artifact_dir = artifact_dir
        self.events: list[tuple[str, Any]] = []
        self.output_bytes = dict.fromkeys(Stream, 0)
        self.heard = threading.Event()
        self.started_at: datetime | None = None
        self._keep_output = keep_output
        self._on_output: Callable[[bytes], None] | None = None

    def on_output(self, callback: Callable[[bytes], None]) -> None:
        """Call back with each piece of output."""
        self._on_output = callback

    def phase(self, name: PhaseName) -> None:
        """Keep it."""
        self.events.append(("phase", name))

    def placed(self, engine_ref: str) -> None:
        """Keep it."""
        self.events.append(("placed", engine_ref))

    def started(self, at: datetime) -> None:
        """Keep it."""
        self.started_at = at
        self.events.append(("started", at))

    def unheard(self) -> None:
        """Keep it."""
        self.events.append(("unheard", None))

    def output(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Keep or count it."""
        self.output_bytes[stream] += len(data)
        if self._keep_output:
            self.events.append(("output", (stream, data, at)))
        self.heard.set()
        if self._on_output is not None:
            self._on_output(data)

    def step(self, step: Step) -> None:
        """Keep it."""
        self.events.append(("step", step))

    def ended(self, outcome: Outcome) -> None:
        """Keep it."""
        self.events.append(("ended", outcome))

    def all(self, kind: str) -> list[Any]:
        """What was reported of one kind, in order."""
        return [what for name, what in self.events if name == kind]

    def text(self, stream: Stream | None = None) -> bytes:
        """The output, of one stream or of both."""
        return b"".join(data for of, data, _ in self.all("output") if stream in (None, of))


class ExecutorConformance:
    """The contract of :class:`orcaops.running.executor.Executor`; inherit it with an ``executor`` fixture."""

    image: str | None = None
    setup_s = 30.0
    """How long an engine may take around a command, beyond the command itself."""

    @pytest.fixture
    def executor(self) -> Executor:
        """The executor under test."""
        raise NotImplementedError("override the fixture `executor`")

    @pytest.fixture
    def observer(self, tmp_path: Path) -> RecordingObserver:
        """An observer with a folder for artifacts."""
        folder = tmp_path / "artifacts"
        folder.mkdir()
        return RecordingObserver(folder)

    def job(self, line: str | None = None, **fields_of_spec: Any) -> Run:
        """A claimed run of a shell line, or of what the fields say."""
        if line is not None:
            fields_of_spec["shell"] = line
        spec = JobSpec(image=self.image, **fields_of_spec)
        number = next(_numbers)
        return Run(
            job_id=f"conformance-{os.getpid()}-{number}",
            key=f"name:conformance-{number}",
            status=Status.QUEUED,
            submitted_at=datetime.now(UTC),
            image=spec.image,
            command=spec.command_line(),
            requested=spec,
            effective=spec,
        )

    def assert_nothing_left(self, executor: Executor) -> None:
        """Nothing of this installation exists any more."""
        if isinstance(executor, Adoptable):
            assert executor.reap([], dry_run=True) == []

    def halt_when(
        self, executor: Executor, run: Run, observer: RecordingObserver, said: bytes, *, grace_s: float
    ) -> tuple[Outcome, float]:
        """Run until the job has said something, then cancel it; the outcome, and the seconds since then."""
        halt = Halt(grace_s)
        moments: list[float] = []

        def listen(_: bytes) -> None:
            if said in observer.text() and not moments:
                moments.append(time.monotonic())
                halt.request(HaltReason.CANCELLED)

        observer.on_output(listen)
        outcome = executor.run(run, observer, halt)
        assert moments, f"the job never said {said!r} but ended: {outcome}"
        return outcome, time.monotonic() - moments[0]

    # --- results

    def test_it_says_that_it_is_usable(self, executor: Executor) -> None:
        health = executor.probe()  # the first one of a process loads what it speaks to its engine with
        assert health.usable, health.sentence
        assert health.sentence

    def test_it_is_asked_for_every_job_and_answers_at_once(self, executor: Executor) -> None:
        executor.probe()
        took_s: list[float] = []  # of several: a busy machine lets everybody wait now and then
        while len(took_s) < 5:
            since = time.monotonic()
            assert executor.probe().usable
            took_s.append(time.monotonic() - since)
        assert min(took_s) < 1.0

    @pytest.mark.parametrize("code", [0, 1, 42, 126, 127, 255])
    def test_exit_codes_are_exact(self, executor: Executor, observer: RecordingObserver, code: int) -> None:
        outcome = executor.run(self.job(f"exit {code}"), observer, Halt())
        assert (outcome.exit_code, outcome.signal, outcome.failure) == (code, None, None)
        assert not outcome.oom_killed
        self.assert_nothing_left(executor)

    def test_a_program_that_does_not_exist_is_127(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        outcome = executor.run(self.job(command=("orcaops-no-such-program", "x")), observer, Halt())
        assert (outcome.exit_code, outcome.failure) == (127, None)
        assert b"orcaops-no-such-program" in observer.text(Stream.STDERR) + (outcome.message or "").encode()
        self.assert_nothing_left(executor)

    def test_what_is_there_but_no_program_is_126(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        outcome = executor.run(self.job(command=("/etc",)), observer, Halt())
        assert (outcome.exit_code, outcome.failure) == (126, None)
        self.assert_nothing_left(executor)

    @pytest.mark.parametrize("number", [9, 15])
    def test_a_signal_is_told_as_a_shell_would_at_least(
        self, executor: Executor, observer: RecordingObserver, number: int
    ) -> None:
        outcome = executor.run(self.job(f"kill -{number} $$"), observer, Halt())
        assert outcome.signal == number or outcome.exit_code == 128 + number
        assert not outcome.oom_killed
        assert outcome.failure is None

    def test_steps_stop_at_the_first_failure(self, executor: Executor, observer: RecordingObserver) -> None:
        commands = (("echo", "one"), ("sh", "-c", "sleep 0.05; exit 3"), ("echo", "three"))
        outcome = executor.run(self.job(commands=commands), observer, Halt())
        assert outcome.exit_code == 3
        assert [(step.command, step.exit_code) for step in outcome.steps] == [
            (commands[0], 0),
            (commands[1], 3),
        ]
        assert tuple(observer.all("step")) == outcome.steps
        assert 0.04 < outcome.steps[1].duration_s < self.setup_s
        assert observer.text() == b"one\n"

    def test_steps_share_their_folder(self, executor: Executor, observer: RecordingObserver) -> None:
        commands = (("sh", "-c", "echo kept > note"), ("cat", "note"))
        assert executor.run(self.job(commands=commands), observer, Halt()).exit_code == 0
        assert observer.text() == b"kept\n"

    def test_every_run_has_a_fresh_folder(self, executor: Executor, observer: RecordingObserver) -> None:
        for _ in range(2):
            outcome = executor.run(self.job("test ! -e mark && touch mark"), observer, Halt())
            assert outcome.exit_code == 0

    def test_times_are_in_order(self, executor: Executor, observer: RecordingObserver) -> None:
        outcome = executor.run(self.job("echo x; sleep 0.2"), observer, Halt())
        assert outcome.started_at is not None
        assert outcome.finished_at is not None
        took_s = (outcome.finished_at - outcome.started_at).total_seconds()
        assert 0.15 < took_s < 0.2 + self.setup_s
        kinds = [kind for kind, _ in observer.events if kind in ("placed", "started", "output", "step")]
        assert kinds == ["placed", "started", "output", "step"]
        phases = observer.all("phase")
        assert PhaseName.RUN in phases
        assert phases == sorted(phases, key=list(PhaseName).index)

    # --- output

    def test_both_streams_come_apart_and_in_order(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        line = "echo 1; sleep 0.1; echo 2 >&2; sleep 0.1; echo 3; sleep 0.1; echo 4 >&2"
        executor.run(self.job(line), observer, Halt())
        assert [(stream, data) for stream, data, _ in observer.all("output")] == [
            (Stream.STDOUT, b"1\n"),
            (Stream.STDERR, b"2\n"),
            (Stream.STDOUT, b"3\n"),
            (Stream.STDERR, b"4\n"),
        ]
        times = [at for _, _, at in observer.all("output")]
        assert times == sorted(times)
        assert (times[-1] - times[0]).total_seconds() > 0.25, "all came at the end, not live"

    @pytest.mark.parametrize("text", ["\\377\\000\\001\\n\\200", "no newline at the end", "\\r\\n\\r"])
    def test_output_is_kept_byte_for_byte(
        self, executor: Executor, observer: RecordingObserver, text: str
    ) -> None:
        executor.run(self.job(f"printf '{text}'"), observer, Halt())
        assert observer.text(Stream.STDOUT) == text.encode().decode("unicode_escape").encode("latin-1")
        assert observer.text(Stream.STDERR) == b""

    def test_silence_is_no_output(self, executor: Executor, observer: RecordingObserver) -> None:
        assert executor.run(self.job(command=("true",)), observer, Halt()).exit_code == 0
        assert observer.all("output") == []

    def test_large_output_leaves_memory_flat(self, executor: Executor, tmp_path: Path) -> None:
        observer = RecordingObserver(tmp_path, keep_output=False)
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        outcome = executor.run(self.job(f"head -c {24 * MIB} /dev/zero"), observer, Halt())
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
        assert outcome.exit_code == 0
        assert observer.output_bytes[Stream.STDOUT] == 24 * MIB
        assert grown_kib < 20 * 1024

    def test_standard_input_is_empty(self, executor: Executor, observer: RecordingObserver) -> None:
        assert executor.run(self.job(command=("cat",)), observer, Halt()).exit_code == 0
        assert observer.text() == b""

    def test_runs_at_the_same_time_keep_apart(self, executor: Executor, tmp_path: Path) -> None:
        def one(number: int) -> tuple[int | None, bytes]:
            observer = RecordingObserver(tmp_path)
            line = f"for i in 1 2 3; do echo {number}; sleep 0.05; done; exit {number}"
            outcome = executor.run(self.job(line), observer, Halt())
            return outcome.exit_code, observer.text()

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(one, range(4)))
        assert results == [(number, f"{number}\n".encode() * 3) for number in range(4)]

    # --- surroundings

    def test_environment_and_folder_are_as_asked(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        run = self.job('echo "$GREETING"; pwd', env={"GREETING": "hëllo  $HOME"}, cwd="/tmp")  # noqa: S108
        assert executor.run(run, observer, Halt()).exit_code == 0
        assert observer.text().decode() == "hëllo  $HOME\n/tmp\n"

    def test_the_environment_of_orcaops_stays_out(
        self, executor: Executor, observer: RecordingObserver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ORCAOPS_TOKEN", "not for jobs")
        executor.run(self.job("env"), observer, Halt())
        assert b"not for jobs" not in observer.text()

    def test_what_it_cannot_enforce_is_refused(self, executor: Executor) -> None:
        can = executor.capabilities
        asked: dict[str, Any] = {
            "images": {"image": "busybox"},
            "memory": {"memory": "64m"},
            "cpus": {"cpus": 0.5},
            "pids": {"pids": 10},
            "mounts": {"mounts": ("/srv:/srv",)},
        }
        assert set(asked) < {field.name for field in fields(can)}
        for ability, wish in asked.items():
            spec = JobSpec(**{"image": self.image, "command": ("true",), "executor": executor.name, **wish})
            if getattr(can, ability):
                assert choose(spec, {executor.name: can}) == executor.name
                continue
            with pytest.raises(OrcaError) as refusal:
                choose(spec, {executor.name: can})
            assert refusal.value.code in (ErrorCode.INVALID, ErrorCode.CONFLICT)
            assert refusal.value.where in wish
            assert refusal.value.hint

    # --- stopping

    def test_halt_before_the_start_starts_nothing(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        halt = Halt()
        assert halt.request(HaltReason.CANCELLED)
        outcome = executor.run(self.job("echo no"), observer, halt)
        assert (outcome.exit_code, outcome.signal, outcome.failure) == (None, None, None)
        assert observer.text() == b""
        assert observer.all("started") == []
        self.assert_nothing_left(executor)

    def test_halt_says_term_first(self, executor: Executor, observer: RecordingObserver) -> None:
        run = self.job("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
        outcome, took_s = self.halt_when(executor, run, observer, b"ready", grace_s=60.0)
        assert took_s < 60.0, "it waited for the whole grace though the job had ended"
        assert observer.text().endswith(b"bye\n")
        assert outcome.exit_code == 7

    def test_halt_ends_the_whole_tree(self, executor: Executor, observer: RecordingObserver) -> None:
        run = self.job(_STUBBORN_TREE)
        outcome, took_s = self.halt_when(executor, run, observer, b"child", grace_s=0.5)
        assert 0.4 < took_s < 0.5 + self.setup_s
        assert outcome.exit_code != 0
        assert outcome.failure is None
        assert not outcome.oom_killed, "killed by us, not for memory"
        said = len(observer.events)
        time.sleep(0.2)
        assert len(observer.events) == said, "somebody is still talking"
        self.assert_nothing_left(executor)

    def test_halt_twice_is_halt_once(self, executor: Executor, observer: RecordingObserver) -> None:
        halt = Halt(0.3)
        answers: list[bool] = []

        def twice(_: bytes) -> None:
            answers.append(halt.request(HaltReason.TIMEOUT_TOTAL))
            answers.append(halt.request(HaltReason.CANCELLED))

        observer.on_output(twice)
        executor.run(self.job("echo ready; sleep 60"), observer, halt)
        assert answers[:2] == [True, False]
        assert halt.reason is HaltReason.TIMEOUT_TOTAL
        self.assert_nothing_left(executor)

    def test_halt_after_the_end_changes_nothing(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        halt = Halt()
        outcome = executor.run(self.job("exit 4"), observer, halt)
        assert halt.request(HaltReason.CANCELLED)
        assert outcome.exit_code == 4

    def test_what_a_job_leaves_running_is_ended(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        since = time.monotonic()
        outcome = executor.run(
            self.job("(sleep 600 &) ; setsid sleep 600 & sleep 0.1; echo done"), observer, Halt()
        )
        assert time.monotonic() - since < 60, "it waited for somebody who holds the pipe"
        assert outcome.exit_code == 0
        assert observer.text() == b"done\n"
        self.assert_nothing_left(executor)

    def test_nothing_starts_if_it_could_not_be_noted(self, executor: Executor, tmp_path: Path) -> None:
        class Forgetful(RecordingObserver):
            def placed(self, engine_ref: str) -> None:  # noqa: ARG002
                raise OSError("the disk is full")

        observer = Forgetful(tmp_path)
        try:
            outcome = executor.run(self.job("echo no"), observer, Halt())
        except OSError as error:
            assert "the disk is full" in str(error)  # noqa: PT017
        else:
            assert outcome.failure is Failure.INFRASTRUCTURE
        assert observer.text() == b""
        assert observer.all("started") == []
        self.assert_nothing_left(executor)

    @pytest.mark.parametrize("code", [0, 3])
    def test_its_end_is_noted_before_anything_is_removed(
        self, executor: Executor, observer: RecordingObserver, code: int
    ) -> None:
        outcome = executor.run(self.job(f"echo yes; exit {code}"), observer, Halt())
        (ended,) = observer.all("ended")
        assert replace(outcome, warm=None) == replace(ended, warm=None)
        behind = observer.events[observer.events.index(("ended", ended)) + 1 :]
        assert {kind for kind, _ in behind} <= {"phase"}
        assert ("phase", PhaseName.CLEAN_UP) not in observer.events[: -len(behind) or None]

    def test_nothing_is_left_of_a_run_that_nobody_adopts(self, executor: Executor) -> None:
        if not isinstance(executor, Adoptable):
            pytest.skip("this executor leaves nothing that could be adopted")
        assert executor.reap([]) == []

    # --- what is kept

    def test_artifacts_are_copied_by_pattern(self, executor: Executor, observer: RecordingObserver) -> None:
        line = (
            "mkdir -p out/deep; echo a > out/a.xml; echo b > out/deep/b.xml; echo c > out/c.txt; echo d > d"
        )
        outcome = executor.run(self.job(line, artifacts=("**/*.xml", "d", "absent")), observer, Halt())
        assert {(artifact.path, artifact.size_bytes, artifact.sha256) for artifact in outcome.artifacts} == {
            ("d", 2, hashlib.sha256(b"d\n").hexdigest()),
            ("out/a.xml", 2, hashlib.sha256(b"a\n").hexdigest()),
            ("out/deep/b.xml", 2, hashlib.sha256(b"b\n").hexdigest()),
        }
        assert (observer.artifact_dir / "out/deep/b.xml").read_bytes() == b"b\n"

    def test_a_folder_is_an_artifact_with_all_in_it(
        self, executor: Executor, observer: RecordingObserver
    ) -> None:
        line = "mkdir -p out/deep; echo a > out/a; echo b > out/deep/b; exit 5"
        outcome = executor.run(self.job(line, artifacts=("out",)), observer, Halt())
        assert outcome.exit_code == 5
        assert [artifact.path for artifact in outcome.artifacts] == ["out/a", "out/deep/b"]

    def test_artifacts_never_lead_out(self, executor: Executor, observer: RecordingObserver) -> None:
        links = "ln -s /etc out; ln -s /etc/hosts hosts; ln -s .. up"
        line = f"mkdir real; echo mine > real/file; mkfifo pipe; {links}"
        patterns = ("out", "out/*", "out/hosts", "hosts", "up/**", "up/etc/hosts", "pipe", "**/hosts", "real")
        outcome = executor.run(self.job(line, artifacts=patterns), observer, Halt())
        assert [artifact.path for artifact in outcome.artifacts] == ["real/file"]
        kept = [path for path in observer.artifact_dir.rglob("*") if not path.is_dir()]
        assert kept == [observer.artifact_dir / "real/file"]

    def test_usage_is_plausible(self, executor: Executor, observer: RecordingObserver) -> None:
        run = self.job("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done")
        outcome = executor.run(run, observer, Halt())
        assert outcome.started_at is not None
        assert outcome.finished_at is not None
        took_s = (outcome.finished_at - outcome.started_at).total_seconds()
        cpu_s = outcome.usage.cpu_seconds
        assert cpu_s is not None
        assert 0.02 < cpu_s < took_s + 0.1  # one process cannot use more than the time there was
        assert outcome.usage.exact
        for size in (outcome.usage.memory_peak_bytes, outcome.usage.memory_resident_bytes):
            assert size is None or 50_000 < size < 64 * MIB
