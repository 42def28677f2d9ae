"""Sandboxes that nobody uses."""

from orcaops.improving.advisors.idle_sandboxes import IdleSandboxes
from orcaops.improving.dossier import IdleSandbox
from orcaops.testing.advisors import a_dossier, a_run, told


def test_idle_ones_are_named_and_busy_ones_are_not() -> None:
    sandboxes = (
        IdleSandbox(sandbox_id="old", idle_s=7200, memory_bytes=2**30),
        IdleSandbox(sandbox_id="busy", idle_s=5),
    )
    runs = [a_run(n, sandbox="old") for n in range(3)]
    (found,) = told(IdleSandboxes(), a_dossier(runs, sandboxes=sandboxes, per_day=1.0))
    assert (found.field, found.evidence["sandbox"]) == ("old", "old")
    assert found.evidence["job_ids"] == ["job-0002", "job-0001", "job-0000"]
    assert found.action == "orcaops sandbox remove old"
    assert found.saving is not None
    assert found.saving.per_day == 24.0
    assert not told(IdleSandboxes(), a_dossier(runs))


def test_one_in_which_no_command_ever_ran_is_named_too() -> None:
    never = IdleSandbox(sandbox_id="never", idle_s=7200)
    (found,) = IdleSandboxes().advise_on_sandboxes(a_dossier([a_run(0)], sandboxes=(never,), per_day=1.0))
    assert found.field == "never"
    assert "run a command in it" in found.description
    assert found.impact == "Saves practically nothing a day.", (
        "nobody knows what it holds: no number is made up"
    )


def test_one_that_was_to_wait_longer_is_left_alone() -> None:
    sandboxes = (
        IdleSandbox(sandbox_id="patient", idle_s=7200, idle_limit_s=8 * 3600),
        IdleSandbox(sandbox_id="brief", idle_s=120, idle_limit_s=60),
    )
    runs = [a_run(0, sandbox="patient"), a_run(1, sandbox="brief")]
    (found,) = told(IdleSandboxes(), a_dossier(runs, sandboxes=sandboxes))
    assert found.field == "brief"
