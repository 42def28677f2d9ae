"""Insights by an agent: baselines, anomalies, and what is noted about them."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp.client import Client

from orcaops.app import App, now
from orcaops.model.anomaly import Anomaly, Severity

Talk = Callable[..., None]


@pytest.fixture(scope="module")
def anomalies(house: App) -> list[Anomaly]:
    """Two anomalies, the later one critical."""
    found = [
        Anomaly(
            id=f"anomaly-{severity}",
            job_id=f"job-{severity}",
            type="duration",
            severity=severity,
            title=f"{severity} slowness",
            description="It took longer.",
            expected=10.0,
            actual=60.0,
            unit="s",
            deviation_percent=500.0,
            detected_at=now(),
            key="name:nightly",
            detector="duration",
        )
        for severity in (Severity.WARNING, Severity.CRITICAL)
    ]
    with house.store.write() as transaction:
        transaction.anomalies.put_many(found)
    return found


async def ids(client: Client, **asked: Any) -> list[str]:
    result = await client.call_tool("orcaops_get_anomalies", asked)
    assert not result.is_error, result.content[0].text
    return [anomaly["id"] for anomaly in result.structured_content["items"]]


def test_anomalies_are_found(talk: Talk, anomalies: list[Anomaly]) -> None:
    async def session(client: Client) -> None:
        assert await ids(client) == ["anomaly-critical", "anomaly-warning"]
        assert await ids(client, severity="warning") == ["anomaly-warning"]
        assert await ids(client, acknowledged=False, open=True, type="duration", key="name:nightly")
        assert await ids(client, key="name:other") == []
        assert await ids(client, text="critical") == ["anomaly-critical"]
        first = await client.call_tool("orcaops_get_anomalies", {"limit": 1})
        cursor = first.structured_content["next_cursor"]
        assert await ids(client, limit=1, cursor=cursor) == ["anomaly-warning"]

    talk(session)


def test_the_anomalies_of_a_job(talk: Talk) -> None:
    async def session(client: Client) -> None:
        ran = await client.call_tool("orcaops_run_job", {"command": ["calm"]})
        job_id = ran.structured_content["job"]["job_id"]
        assert await ids(client, job_id=job_id) == []
        unknown = await client.call_tool("orcaops_get_anomalies", {"job_id": "unknown"})
        assert unknown.content[0].text.startswith("not_found")
        both = await client.call_tool("orcaops_get_anomalies", {"job_id": job_id, "severity": "info"})
        assert both.content[0].text.startswith("invalid")

    talk(session)


def test_an_anomaly_is_decided_about(talk: Talk, anomalies: list[Anomaly]) -> None:
    async def session(client: Client) -> None:
        async def decide(**decision: str) -> Any:
            return await client.call_tool(
                "orcaops_resolve_anomaly", {"anomaly_id": "anomaly-warning"} | decision
            )

        seen = (await decide(decision="acknowledge", note="looking")).structured_content
        assert (seen["acknowledged"], seen["note"]) == (True, "looking")
        assert (await decide(decision="resolve")).content[0].text.startswith("invalid")
        ended = (await decide(decision="resolve", note="the disk was full")).structured_content
        assert ended["resolution"] == "the disk was full"
        again = (await decide(decision="reopen")).structured_content
        assert (again["acknowledged"], again["resolution"] or "") == (False, "")
        assert (await decide(anomaly_id="unknown", decision="reopen")).content[0].text.startswith("not_found")

    talk(session)


def test_baselines(talk: Talk) -> None:
    async def session(client: Client) -> None:
        await client.call_tool("orcaops_run_job", {"command": ["normal"], "name": "measured/nightly"})
        listed = await client.call_tool("orcaops_get_baselines", {"text": "measured"})
        (baseline,) = listed.structured_content["items"]
        assert (baseline["key"], baseline["established"]) == ("name:measured/nightly", False)
        one = await client.call_tool("orcaops_get_baselines", {"key": "name:measured/nightly"})
        assert one.structured_content["items"][0]["sample_count"] == 1
        missing = await client.call_tool("orcaops_get_baselines", {"key": "name:unknown"})
        assert missing.content[0].text.startswith("not_found")
        both = await client.call_tool("orcaops_get_baselines", {"key": "name:x", "text": "y"})
        assert both.content[0].text.startswith("invalid")

    talk(session)
