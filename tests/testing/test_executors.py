"""The suite for executors finds what is wrong with a careless one."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orcaops.model.logline import Stream
from orcaops.model.run import Run
from orcaops.running.executor import Halt, Health, Outcome
from orcaops.running.executors.scripted import ScriptedExecutor
from orcaops.testing.executors import ExecutorConformance, RecordingObserver


class CarelessExecutor:
    """Runs one line in the caller's folder, mixes the streams, hears no halt and notes nothing."""

    name = "careless"
    capabilities = ScriptedExecutor().capabilities

    def probe(self) -> Health:
        return Health(usable=True, sentence="Careless.")

    def run(self, run: Run, observer: RecordingObserver, halt: Halt) -> Outcome:
        assert run.effective is not None
        began = datetime.now(UTC)
        done = subprocess.run(
            run.effective.steps()[0], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        observer.output(Stream.STDOUT, done.stdout, datetime.now(UTC))
        return Outcome(exit_code=done.returncode, started_at=began, finished_at=datetime.now(UTC))


@pytest.fixture
def suite() -> ExecutorConformance:
    return ExecutorConformance()


@pytest.fixture
def observer(tmp_path: Path) -> RecordingObserver:
    return RecordingObserver(tmp_path)


def test_what_it_does_right_passes(suite: ExecutorConformance, observer: RecordingObserver) -> None:
    suite.test_it_says_that_it_is_usable(CarelessExecutor())  # type: ignore[arg-type]
    suite.test_exit_codes_are_exact(CarelessExecutor(), observer, 42)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "check",
    [
        "test_steps_stop_at_the_first_failure",
        "test_both_streams_come_apart_and_in_order",
        "test_silence_is_no_output",
        "test_times_are_in_order",
        "test_environment_and_folder_are_as_asked",
        "test_halt_before_the_start_starts_nothing",
        "test_artifacts_are_copied_by_pattern",
        "test_usage_is_plausible",
    ],
)
def test_what_it_does_wrong_is_found(
    suite: ExecutorConformance,
    observer: RecordingObserver,
    check: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError):
        getattr(suite, check)(CarelessExecutor(), observer)


def test_a_job_of_the_suite_is_a_claimed_run(suite: ExecutorConformance) -> None:
    first, second = suite.job("exit 3"), suite.job(command=("true",))
    assert first.job_id != second.job_id
    assert first.effective is not None
    assert first.effective.steps() == (("sh", "-c", "exit 3"),)


def test_the_observer_keeps_what_it_hears(tmp_path: Path) -> None:
    observer = RecordingObserver(tmp_path, keep_output=False)
    heard: list[bytes] = []
    observer.on_output(heard.append)
    observer.output(Stream.STDERR, b"abc", datetime.now(UTC))
    assert observer.output_bytes == {Stream.STDOUT: 0, Stream.STDERR: 3}
    assert observer.text() == b""
    assert heard == [b"abc"]
    assert observer.heard.is_set()
