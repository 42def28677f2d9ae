"""Predictions by an agent."""

from collections.abc import Callable

from mcp.client import Client

from orcaops.app import App
from orcaops.running.executors.scripted import Script, ScriptedExecutor

Talk = Callable[..., None]


def test_a_job_is_predicted_and_not_run(
    talk: Talk, revision: str, house: App, executors: dict[str, ScriptedExecutor]
) -> None:
    name = f"predicted-{revision}"
    executors["process"].script(name, Script(takes_s=10.0))

    async def session(client: Client) -> None:
        asked = {"command": ["x"], "name": name}
        unknown = (await client.call_tool("orcaops_predict_job", asked)).structured_content
        assert unknown["cost"]["abstention"]["reason"]
        for _ in range(5):
            await client.call_tool("orcaops_run_job", asked)
        known = (await client.call_tool("orcaops_predict_job", asked)).structured_content
        assert 5.0 < known["duration"]["estimated_seconds"] < 20.0
        assert house.jobs.page("default", q=f"name:{name}").total == 5
        refused = await client.call_tool("orcaops_predict_job", asked | {"wait_seconds": 1})
        assert "there is no argument 'wait_seconds'" in refused.content[0].text

    talk(session, mode=revision)
