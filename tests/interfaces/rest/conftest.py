"""The real application over HTTP, with executors that follow a script instead of running anything."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from orcaops import app as wiring
from orcaops.app import App
from orcaops.guarding.tokens import Token
from orcaops.interfaces.rest.api import create_api
from orcaops.model.recommendation import Priority, Recommendation
from tests.interfaces.conftest import serving

HERE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def client(house: App) -> Iterator[TestClient]:
    """Asks the API without a network in between."""
    with TestClient(create_api(house), base_url=HERE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def submitted(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Submits a job and waits for its end."""

    def submit(**spec: Any) -> dict[str, Any]:
        accepted = client.post("/orcaops/jobs", json={"command": ["true"]} | spec)
        assert accepted.status_code == 202, accepted.text
        place = accepted.headers["Location"]
        run: dict[str, Any] = client.get(place, params={"wait": 10} if "?" not in place else {}).json()
        return run

    return submit


@pytest.fixture(scope="module")
def served(house: App) -> Iterator[Callable[[str | None], str]]:
    """Serves the application on loopback for real; gives the address."""

    def api(token: str | None = None) -> FastAPI:
        return create_api(house, token=None if token is None else Token.of(token))

    with serving(api) as serve:
        yield serve


@pytest.fixture(scope="module")
def learned(client: TestClient) -> None:
    """Thirty runs of one key that took ten seconds, and one that took a thousand."""
    durations = [10.0 + 0.01 * (number % 3) for number in range(30)] + [1000.0]
    lines = [
        {
            "image": "team/build:1",
            "command": "make all",
            "started_at": (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)).isoformat(),
            "duration_s": duration,
            "status": "succeeded",
        }
        for number, duration in enumerate(durations)
    ]
    answer = client.post(
        "/orcaops/jobs/import?format=jsonl",
        content="\n".join(map(json.dumps, lines)).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.json() == {"added": 31, "known": 0, "bad": 0, "problems": []}


def recommendation(identity: str, score: float) -> Recommendation:
    return Recommendation(
        id=identity,
        type="cost",
        priority=Priority.LOW,
        title="less memory",
        description="it never uses half of it",
        impact="half the memory",
        action="set memory to 256m",
        created_at=wiring.now(),
        key="name:x",
        advisor="test",
        field="memory",
        score=score,
    )


@pytest.fixture
def advised(house: App) -> None:
    """Two open recommendations, as an advisor would give them."""
    with house.store.write() as transaction:
        transaction.recommendations.put_many([recommendation("r1", 2.0), recommendation("r2", 1.0)])
        transaction.recommendations.decide("default", "r1", "open")
