"""What is made of findings: advice with numbers, and an answer of bounded length."""

from datetime import UTC, datetime

from orcaops.learning.failures.causes import CauseLine, Causes
from orcaops.learning.failures.classification import Classification
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.signature import Signature
from orcaops.model.debug import PastFailure, Quote
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Context, Run, Status, Usage
from orcaops.services.explaining.debugging import MOST_BYTES, explain
from orcaops.services.explaining.differences import changes_between
from orcaops.services.explaining.findings import Findings

AT = datetime(2026, 3, 2, tzinfo=UTC)
CODE = Classification(0.1)
INFRASTRUCTURE = Classification(0.9)


def run_of(job_id: str = "now", **more: object) -> Run:
    spec = JobSpec(image="team/app:1", command=("make", "all the things"), memory=512 * MIB)
    document = {
        "job_id": job_id,
        "key": "image:team/app:1|command:make",
        "status": Status.FAILED,
        "cause": Cause.COMMAND_FAILED,
        "exit_code": 2,
        "submitted_at": AT,
        "command": "make",
        "requested": spec,
        "effective": spec,
    }
    return Run.model_validate(document | more)


def findings(run: Run, lines: tuple[str, ...] = (), **more: object) -> Findings:
    ranked = tuple(CauseLine(100 * n, n + 1, text, 1.0) for n, text in enumerate(lines))
    given: dict[str, object] = {
        "causes": Causes(ranked=ranked, lines=ranked, line_count=len(lines)),
        "matches": KnowledgeBase.shipped().explain((line.offset, line.text) for line in ranked),
        "quotes": {line.offset: Quote(offset=line.offset, text=line.text[:300]) for line in ranked},
        "signature": Signature("s", "f", "text", "kind"),
        "classification": CODE,
    }
    return Findings(run=run, **(given | more))  # type: ignore[arg-type]


def test_memory_advice_has_numbers_and_a_command() -> None:
    killed = run_of(cause=Cause.OOM_KILLED, exit_code=137, usage=Usage(memory_peak_bytes=512 * MIB))
    passed = run_of("before", status=Status.SUCCEEDED, usage=Usage(memory_peak_bytes=300 * MIB))
    analysis = explain(findings(killed, ("Killed",), last_success=passed))
    assert (
        analysis.likely_causes[0].title == "The job was killed at its memory limit of 512 MiB (peak 512 MiB)"
    )
    assert analysis.likely_causes[0].confidence >= 0.9
    fix = analysis.suggested_fixes[0]
    assert "from 512 MiB to 1.0 GiB" in fix.action
    assert "300 MiB" in fix.why
    assert fix.command == "orcaops run --image team/app:1 --memory 1024m -- make 'all the things'"
    assert not any("rerun" in step for step in analysis.next_steps)


def test_retry_is_advised_for_infrastructure_only() -> None:
    lines = ("curl: (7) Failed to connect to host port 443: Connection refused",)
    advised = explain(findings(run_of(), lines, classification=INFRASTRUCTURE))
    assert any(fix.command == "orcaops jobs rerun now" for fix in advised.suggested_fixes)
    silent = explain(findings(run_of(), lines, classification=CODE))
    assert not any("again" in fix.action.lower() or fix.command for fix in silent.suggested_fixes)
    assert "trying again is not advised" in silent.summary


def test_the_engines_own_failures_are_infrastructure() -> None:
    lost = run_of(status=Status.LOST, cause=Cause.ENGINE_LOST, exit_code=None, message="the engine went away")
    analysis = explain(findings(lost, classification=Classification(0.98)))
    assert analysis.likely_causes[0].category == "infrastructure"
    assert "orcaops jobs rerun now" in analysis.next_steps


def test_changes_name_what_differs_and_nothing_else() -> None:
    before = run_of("before", image_digest="sha256:a", context=Context(commit="c1", env_names=("A",)))
    after = run_of(image_digest="sha256:b", context=Context(commit="c2", env_names=("A", "B")))
    changes = changes_between(before, after)
    assert [(one.what, one.before, one.after) for one in changes] == [
        ("commit", "c1", "c2"),
        ("image digest", "sha256:a", "sha256:b"),
        ("environment names", "A", "A, B"),
    ]


def test_the_same_commit_that_passed_is_a_hint_of_flakiness() -> None:
    passed = run_of("before", status=Status.SUCCEEDED, context=Context(commit="c1"))
    again = run_of(context=Context(commit="c1"))
    analysis = explain(findings(again, ("ERROR: odd",), last_success=passed))
    assert analysis.flaky == "the same commit passed in before, and no known circumstance has changed"


def test_the_answer_stays_short_and_keeps_the_decisive_line() -> None:
    lines = ("ModuleNotFoundError: No module named 'yaml'", *(f'ERROR {n} \\\\"é' * 60 for n in range(30)))
    past = [
        PastFailure(job_id=f"past-{n}", submitted_at=AT, text="é" * 200, same=True, ended_by="x")
        for n in range(20)
    ]
    analysis = explain(findings(run_of(), lines, past=past))
    assert len(analysis.model_dump_json().encode()) <= MOST_BYTES
    assert analysis.likely_causes[0].quotes[0].text == lines[0]
    assert analysis.suggested_fixes
    assert analysis.next_steps


def test_text_of_a_job_in_our_sentences_is_one_line() -> None:
    analysis = explain(findings(run_of(name="a\nb"), ("ERROR: x\x1b[31m\rnext: orcaops gc",)))
    assert "\n" not in analysis.summary
    assert "\x1b" not in analysis.summary


def test_commands_name_another_workspace() -> None:
    analysis = explain(findings(run_of(workspace="team"), ("ERROR: odd",)))
    assert analysis.next_steps == ("orcaops jobs logs now --after -1 --workspace team",)


def test_a_command_that_would_lose_options_is_not_offered() -> None:
    spec = JobSpec(image="team/app:1", command=("make",), memory=512 * MIB, network="bridge")
    killed = run_of(cause=Cause.OOM_KILLED, requested=spec, effective=spec)
    assert explain(findings(killed)).suggested_fixes[0].command is None


def test_a_silent_crash_is_told_by_its_exit_code() -> None:
    cause = explain(findings(run_of(exit_code=139))).likely_causes[0]
    assert "segmentation fault" in cause.title
    assert "exit code 139" in cause.why


def test_a_line_is_explained_once_by_the_pattern_that_takes_most_of_it() -> None:
    analysis = explain(findings(run_of(), ("FAIL: test_total (app.tests.Cart.test_total)", "other line")))
    assert [cause.pattern_id for cause in analysis.likely_causes] == ["python.unittest-failed"]
    assert "python -m unittest app.tests.Cart.test_total" in analysis.suggested_fixes[0].action


def test_a_name_that_a_job_without_a_network_cannot_resolve_asks_for_a_network() -> None:
    line = "socket.gaierror: [Errno -3] Temporary failure in name resolution"
    isolated = run_of()
    fix = explain(findings(isolated, (line,))).suggested_fixes[0]
    assert fix.command is not None
    assert "--network bridge" in fix.command
    given = isolated.requested.model_copy(update={"network": "bridge"}) if isolated.requested else None
    connected = run_of(requested=given, effective=given)
    assert "network" not in (explain(findings(connected, (line,))).suggested_fixes[0].command or "")


def test_an_image_that_cannot_be_had_is_pulled_by_hand_first() -> None:
    message = f"The image is not here: {'x' * 300} Check its name."
    analysis = explain(findings(run_of(cause=Cause.IMAGE_UNAVAILABLE, image="team/app:1", message=message)))
    assert analysis.suggested_fixes[0].command == "docker pull team/app:1"
    assert analysis.likely_causes[0].description.endswith("Check its name.")
