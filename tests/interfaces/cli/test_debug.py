"""``orcaops debug``: a failure explained, for people and for programs."""

import json
from pathlib import Path

from .conftest import Command

FAILING = "echo starting; echo \"ModuleNotFoundError: No module named 'yaml'\" >&2; exit 3"


def failed(orcaops: Command) -> str:
    answer = orcaops("run", "--json", "--executor", "process", "--name", "n", "--", "sh", "-c", FAILING)
    assert answer.code == 3
    return str(json.loads(answer.out.splitlines()[-1])["job_id"])


def test_people_read_causes_quotations_and_fixes(orcaops: Command, orcaops_home: Path) -> None:
    job_id = failed(orcaops)
    answer = orcaops("debug", job_id)
    assert answer.code == 0
    assert "1. Python module yaml is not installed (" in answer.text
    assert "| ModuleNotFoundError: No module named 'yaml'" in answer.text
    assert "Install missing module: pip install yaml" in answer.text
    assert f"orcaops jobs logs {job_id}\n" in answer.text, "the whole log: it is short"


def test_programs_read_one_document(orcaops: Command, orcaops_home: Path) -> None:
    job_id = failed(orcaops)
    document = orcaops("debug", job_id, "--json").document
    fields = {"summary", "likely_causes", "suggested_fixes", "similar_past_failures", "next_steps"}
    assert fields <= document.keys()
    assert document["likely_causes"][0]["pattern_id"] == "python.module-not-found"


def test_the_next_steps_work(orcaops: Command, orcaops_home: Path) -> None:
    for step in orcaops("debug", failed(orcaops), "--json").document["next_steps"]:
        answer = orcaops(*step.split()[1:])
        assert answer.code == 0, step


def test_an_unknown_job_is_refused(orcaops: Command, orcaops_home: Path) -> None:
    answer = orcaops("debug", "nobody")
    assert answer.code != 0
    assert "nobody" in answer.err


def test_nothing_is_done_that_the_policy_does_not_allow(orcaops: Command, orcaops_home: Path) -> None:
    answer = orcaops("run", "--json", "--executor", "process", "--timeout", "300ms", "--", "sleep", "9")
    job_id = json.loads(answer.out.splitlines()[-1])["job_id"]
    shown = orcaops("debug", job_id).text
    assert "OrcaOps can do:" in shown
    assert "raise_timeout: run it again with a timeout of 600 ms instead of 300 ms" in shown
    refused = orcaops("debug", job_id, "--fix")
    assert refused.code != 0
    assert "policy.remediate" in refused.err
    assert "no action 'reboot'" in orcaops("debug", job_id, "--fix", "reboot").err


def test_an_allowed_action_is_taken(orcaops: Command, orcaops_home: Path, tmp_path: Path) -> None:
    (tmp_path / "orcaops.toml").write_text('[policy]\nremediate = ["raise_timeout"]\n')
    answer = orcaops("run", "--json", "--executor", "process", "--timeout", "300ms", "--", "sleep", "0.4")
    job_id = json.loads(answer.out.splitlines()[-1])["job_id"]
    taken = orcaops("debug", job_id, "--fix", "raise_timeout")
    assert taken.code == 0, taken.err
    assert f"raise_timeout was done about {job_id}: 300 ms → 600 ms." in taken.text
    assert "followed: succeeded" in taken.text
    again = orcaops("debug", job_id, "--fix", "--json")
    assert again.code != 0
    assert "done before" in again.err


def test_the_prompt_is_shown_and_nothing_is_sent(orcaops: Command, orcaops_home: Path) -> None:
    job_id = failed(orcaops)
    shown = orcaops("debug", job_id, "--show-prompt")
    assert shown.code == 0
    assert "No module named 'yaml'" in shown.text
    prompt = orcaops("debug", job_id, "--show-prompt", "--json").document
    assert prompt["model"] is None
    assert json.loads(prompt["text"])["lines"]
    refused = orcaops("debug", job_id, "--ai")
    assert refused.code != 0
    assert "orcaops[ai]" in refused.err
    assert orcaops("debug", job_id, "--ai", "--fix").code == 2
