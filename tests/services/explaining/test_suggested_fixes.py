"""Advice with numbers, and with commands that can be typed."""

from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Status, Usage
from orcaops.services.explaining.debugging import explain

from .conftest import CODE, INFRASTRUCTURE, findings, run_of


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


def test_a_command_that_would_lose_options_is_not_offered() -> None:
    spec = JobSpec(image="team/app:1", command=("make",), memory=512 * MIB, network="bridge")
    killed = run_of(cause=Cause.OOM_KILLED, requested=spec, effective=spec)
    assert explain(findings(killed)).suggested_fixes[0].command is None


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


def test_to_try_again_is_advised_once_with_its_command() -> None:
    lines = ("fatal: unable to access 'https://code.example.org/a.git/': Could not resolve host: code",)
    analysis = explain(findings(run_of(), lines, classification=INFRASTRUCTURE))
    retries = [fix for fix in analysis.suggested_fixes if fix.remedy == "retry"]
    assert [fix.command for fix in retries] == ["orcaops jobs rerun now"]
    assert not [fix for fix in analysis.suggested_fixes if "gain" in fix.action and fix not in retries]
