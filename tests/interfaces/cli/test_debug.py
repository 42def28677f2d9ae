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
    assert f"orcaops jobs logs {job_id} --after " in answer.text


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
