"""Failures over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.running.executors.scripted import Script, ScriptedExecutor


@pytest.fixture
def failed(
    executors: dict[str, ScriptedExecutor], submitted: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """A job that printed a known failure."""
    output = ("ModuleNotFoundError: No module named 'yaml'\n",)
    executors["process"].script("failing", Script(output=output, exit_code=1))
    return submitted(name="failing")


def test_a_failed_job_is_explained(client: TestClient, failed: dict[str, Any]) -> None:
    answer = client.get(f"/orcaops/jobs/{failed['job_id']}/debug")
    assert answer.status_code == 200, answer.text
    analysis = answer.json()
    assert analysis["likely_causes"][0]["pattern_id"] == "python.module-not-found"
    assert analysis["likely_causes"][0]["quotes"][0]["offset"] == 0
    assert "pip install yaml" in analysis["suggested_fixes"][0]["action"]


def test_an_unknown_job_is_not_found(client: TestClient) -> None:
    answer = client.get("/orcaops/jobs/nobody/debug")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_patterns_come_in_pages(client: TestClient) -> None:
    first = client.get("/orcaops/patterns", params={"limit": 2}).json()
    assert len(first["items"]) == 2
    assert first["total"] >= 250
    second = client.get("/orcaops/patterns", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert first["items"][1]["id"] < second["items"][0]["id"]
    assert client.get("/orcaops/patterns", params={"cursor": "nonsense"}).status_code == 404
    assert client.get("/orcaops/patterns", params={"nonsense": 1}).status_code == 422


def test_patterns_are_searched(client: TestClient) -> None:
    found = client.get("/orcaops/patterns", params={"q": "disk.full"}).json()["items"]
    assert [one["id"] for one in found] == ["disk.full"]
