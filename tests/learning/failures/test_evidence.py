"""What is kept of a log."""

from datetime import UTC, datetime

from orcaops.learning.failures.evidence import (
    evidence_of,
    label_of,
    passing_lines,
    patterns_in,
    silent,
)
from orcaops.learning.failures.fingerprint import fingerprint
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.signature import Signature
from orcaops.model.diagnosis import MOST_LINES, Evidence
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Status

KB = KnowledgeBase.shipped()


def run_of(**more: object) -> Run:
    document: dict[str, object] = {
        "job_id": "j",
        "key": "name:k",
        "status": Status.FAILED,
        "cause": Cause.COMMAND_FAILED,
        "exit_code": 1,
        "submitted_at": datetime(2026, 3, 1, tzinfo=UTC),
        "command": "pytest",
    }
    return Run.model_validate(document | more)


def kept(run: Run, *lines: str, passing: tuple[str, ...] = ()) -> Evidence:
    return evidence_of(
        run,
        list(enumerate(lines)),
        [fingerprint(passing)] if passing else [],
        shipped=KB,
        knowledge=KB,
        version="v",
    )


def test_the_decisive_line_stands_first_with_its_offset() -> None:
    told = kept(run_of(), "collecting", "ModuleNotFoundError: No module named 'yaml'", "bye")
    assert (told.lines[0].offset, told.patterns[0]) == (1, "python.module-not-found")
    assert told.kind == "pattern:python.module-not-found"
    assert told.family == "dependency"
    assert patterns_in(told.lines, KB) == told.patterns


def test_the_same_failure_has_the_same_signature_whatever_its_numbers() -> None:
    one, other = (kept(run_of(), f"error: shard {n} is gone after {n} s") for n in (3, 77))
    assert (one.signature, one.label) == (other.signature, other.label)
    assert kept(run_of(), "error: the shard is on fire").signature != one.signature


def test_however_much_was_printed_little_is_kept() -> None:
    lines = [f"error: kind {'abcdefghij'[n % 10] * (n % 50 + 1)} {'x' * 900}" for n in range(5000)]
    told = kept(run_of(), *lines)
    assert len(told.lines) <= MOST_LINES
    assert len(told.model_dump_json()) < 20_000
    assert told.line_count == 5000


def test_what_passing_runs_print_too_does_not_tell() -> None:
    usual = "error: could not reach the metrics server, going on"
    told = kept(run_of(), usual, "FATAL: schema is missing", passing=(usual, "fine"))
    assert told.compared
    assert told.lines[0].text == "FATAL: schema is missing"


def test_the_engines_word_makes_the_signature() -> None:
    killed = run_of(cause=Cause.OOM_KILLED, exit_code=137)
    one, other = kept(killed, "working on 1", "error: odd"), kept(killed, "working on something else")
    assert one.signature == other.signature == silent(killed).id
    assert (one.family, one.infrastructure_probability) == ("oom", 0.02)


def test_a_silent_failure_is_its_tool_and_exit_code() -> None:
    assert silent(run_of()).id == silent(run_of(key="name:other")).id
    assert silent(run_of()).id != silent(run_of(exit_code=2)).id
    assert "pytest" in silent(run_of()).text


def test_a_label_is_one_for_one_signature() -> None:
    framed = Signature("s", "f", "KeyError: 'a'", "exception:KeyError", frame="app.py:load")
    assert label_of(framed) == "KeyError in app.py:load"
    known = Signature(
        "s", "f", "Module 'x' is missing", "pattern:python.module-not-found", frame="app.py:load"
    )
    assert label_of(known) == "Module 'x' is missing in app.py:load"
    assert label_of(Signature("s", "f", "lost 12 leases", "line:lost")) == "lost <n> leases"


def test_lines_of_a_passing_run_are_kept_once_each() -> None:
    assert passing_lines(["fine", "error: 1 retry", "error: 2 retry", "", "done"]) == ("error: 1 retry",)
    assert len(passing_lines(f"error: {'x' * n}" for n in range(99))) == 20


def test_a_job_without_a_network_that_needs_one_is_no_infrastructure() -> None:
    line = "curl: (6) Could not resolve host: mirror.example.org"
    isolated = JobSpec(image="team/app:1", command=("curl",))
    connected = isolated.model_copy(update={"network": "bridge"})
    assert kept(run_of(effective=isolated), line).infrastructure_probability < 0.1
    assert kept(run_of(effective=connected), line).infrastructure_probability > 0.5
    assert kept(run_of(), line).infrastructure_probability > 0.5
