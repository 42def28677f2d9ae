"""Advice by an agent: what could be improved, and what is decided about it."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp.client import Client

from orcaops.app import App, now
from orcaops.model.recommendation import Priority, Recommendation

Talk = Callable[..., None]


@pytest.fixture
def recommendation(house: App, request: pytest.FixtureRequest) -> str:
    """The id of an open recommendation."""
    made = Recommendation(
        id=f"advice-{request.node.name[:40].replace('[', '-').replace(']', '')}",
        type="cost",
        priority=Priority.HIGH,
        title="Ask for less memory",
        description="It asks for 8 GiB and uses 1 GiB.",
        impact="7 GiB less for as long as it runs",
        action="Set memory to 1500m.",
        created_at=now(),
        key="name:nightly",
        advisor="memory_limit",
        field="memory",
    )
    with house.store.write() as transaction:
        transaction.recommendations.put_many([made])
    return made.id


async def states(client: Client, state: str) -> dict[str, str]:
    result = await client.call_tool("orcaops_get_recommendations", {"state": state})
    return {item["id"]: item["state"] for item in result.structured_content["items"]}


def test_it_is_dismissed_with_a_reason(talk: Talk, recommendation: str) -> None:
    async def session(client: Client) -> None:
        async def dismiss(**more: str) -> Any:
            arguments = {"recommendation_id": recommendation, "decision": "dismiss"} | more
            return await client.call_tool("orcaops_decide_recommendation", arguments)

        assert (await states(client, "open"))[recommendation] == "open"
        assert (await dismiss()).content[0].text.startswith("invalid: reason")
        assert (await dismiss(reason="it grows next month")).structured_content["state"] == "dismissed"
        assert recommendation not in await states(client, "open")
        assert (await states(client, "all"))[recommendation] == "dismissed"

    talk(session)


def test_one_without_a_change_cannot_be_tried(talk: Talk, recommendation: str) -> None:
    async def session(client: Client) -> None:
        arguments = {"recommendation_id": recommendation, "decision": "try"}
        refused = await client.call_tool("orcaops_decide_recommendation", arguments)
        assert refused.content[0].text.startswith("conflict: ")

    talk(session)


def test_it_is_noted_as_applied(talk: Talk, recommendation: str) -> None:
    async def session(client: Client) -> None:
        arguments = {"recommendation_id": recommendation, "decision": "apply"}
        result = await client.call_tool("orcaops_decide_recommendation", arguments)
        assert result.structured_content["state"] == "applied"
        unknown = await client.call_tool(
            "orcaops_decide_recommendation", {"recommendation_id": "unknown", "decision": "apply"}
        )
        assert unknown.content[0].text.startswith("not_found")

    talk(session)
