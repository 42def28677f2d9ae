"""Debugging over HTTP: the explanation, the prompt of a language model, and actions."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.running.executors.scripted import Script, ScriptedExecutor


@pytest.fixture
def failed(
    executors: dict[str, ScriptedExecutor], submitted: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """A job whose network was gone."""
    output = ("Could not resolve host: mirror.example.org\n",)
    executors["process"].script("unreached", Script(output=output, exit_code=1))
    return submitted(name="unreached")


def test_what_could_be_done_is_proposed_and_refused(client: TestClient, failed: dict[str, Any]) -> None:
    place = f"/orcaops/jobs/{failed['job_id']}/debug"
    (remedy,) = client.get(place).json()["remedies"]
    assert (remedy["action"], remedy["allowed"]) == ("retry", False)
    answer = client.post(f"{place}/fix", json={"action": "retry"})
    assert answer.status_code == 403, answer.text
    assert "policy.remediate" in answer.text
    assert client.post(f"{place}/fix", json={"action": "reboot"}).status_code == 422
    assert client.post(f"{place}/fix", json={"action": "raise_memory"}).status_code == 409
    assert client.post(f"{place}/fix", json={"more": 1}).status_code == 422
    assert client.post("/orcaops/jobs/nobody/debug/fix", json={}).status_code == 404


def test_a_language_model_that_is_not_there(client: TestClient, failed: dict[str, Any]) -> None:
    place = f"/orcaops/jobs/{failed['job_id']}/debug"
    answer = client.get(place, params={"ai": "true"})
    assert answer.status_code == 409
    assert "orcaops[ai]" in answer.json()["hint"]
    prompt = client.get(f"{place}/prompt").json()
    assert prompt["model"] is None
    assert "mirror.example.org" in prompt["text"]
    assert client.get("/orcaops/jobs/nobody/debug/prompt").status_code == 404
