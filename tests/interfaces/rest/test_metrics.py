"""The figures are those of the store and of the requests that were answered."""

from collections.abc import Callable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from orcaops.app import App


def figures(client: TestClient) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_runs_are_counted_by_status(client: TestClient, submitted: Callable[..., dict[str, Any]]) -> None:
    before = figures(client)["orcaops_runs", "succeeded"]
    submitted()
    after = figures(client)
    assert after["orcaops_runs", "succeeded"] == before + 1
    assert after["orcaops_runs_queued",] == 0
    assert after["orcaops_runs_active",] == 0
    assert after["orcaops_absorb_lag_seconds",] < 60
    assert after["orcaops_feeds",] == 0


def test_requests_are_counted_by_operation_not_by_address(client: TestClient) -> None:
    def count(operation: str, status: int) -> float:
        return figures(client).get(("orcaops_http_requests_total", operation, str(status)), 0)

    for path, operation, status in (
        ("/orcaops/jobs", "listJobs", 200),
        ("/orcaops/jobs/nothing", "getJob", 404),
        ("/nope", "none", 404),
    ):
        before = count(operation, status)
        client.get(path)
        assert count(operation, status) == before + 1, path


def test_how_good_predictions_are_is_told_by_quantity(
    client: TestClient, house: App, submitted: Callable[..., dict[str, Any]]
) -> None:
    for _ in range(3):
        submitted(name="foreseen")
        house.absorber.absorb_all()
    found = figures(client)
    named = {name for name in found if name[0].startswith("orcaops_prediction")}
    assert found["orcaops_predictions_scored_total", "failure_risk"] >= 1
    assert 0 <= found["orcaops_prediction_brier", "failure_risk"] <= 1
    assert all(len(name) == 2 and name[1] in ("duration", "memory", "failure_risk", "cost") for name in named)
