"""Resources: jobs, logs and baselines by address."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from orcaops.interfaces.mcp.resources import LEFT_OUT
from orcaops.running.executors.scripted import Script, ScriptedExecutor

Talk = Callable[..., None]


async def ran(client: Client, name: str) -> str:
    result = await client.call_tool("orcaops_run_job", {"command": ["x"], "name": name})
    job_id: str = result.structured_content["job"]["job_id"]
    return job_id


async def read(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    text: str = content.text  # type: ignore[union-attr]
    return text


def test_what_there_is(talk: Talk, revision: str) -> None:
    async def session(client: Client) -> None:
        job_id = await ran(client, f"resource-{revision}")
        listed = (await client.list_resources()).resources
        assert listed[0].uri == f"orcaops://jobs/{job_id}"
        templates = (await client.list_resource_templates()).resource_templates
        assert {template.uri_template for template in templates} == {
            "orcaops://jobs/{job_id}",
            "orcaops://jobs/{job_id}/log",
            "orcaops://jobs/{job_id}/artifacts/{path}",
            "orcaops://jobs/{job_id}/debug",
            "orcaops://baselines/{key}",
            "orcaops://patterns/{pattern_id}",
            "orcaops://patterns/{pattern_id}/solutions",
        }
        assert json.loads(await read(client, listed[0].uri))["status"] == "succeeded"
        assert await read(client, f"orcaops://jobs/{job_id}/log") == "hello\n"
        key = quote(f"name:resource-{revision}", safe="")
        assert json.loads(await read(client, f"orcaops://baselines/{key}"))["sample_count"] == 1

    talk(session, mode=revision)


def test_jobs_are_listed_in_pages(talk: Talk) -> None:
    async def session(client: Client) -> None:
        for n in range(51):
            await client.call_tool("orcaops_run_job", {"command": [str(n)], "wait_seconds": 0})
        first = await client.list_resources()
        assert len(first.resources) == 50
        rest = await client.list_resources(cursor=first.next_cursor)
        assert rest.resources
        assert not {r.uri for r in first.resources} & {r.uri for r in rest.resources}
        with pytest.raises(MCPError, match="cursor"):
            await client.list_resources(cursor="nonsense")

    talk(session)


@pytest.mark.parametrize(
    "uri",
    [
        "orcaops://jobs/unknown",
        "orcaops://jobs/unknown/log",
        "orcaops://jobs/x/nonsense",
        "orcaops://baselines/name%3Aunknown",
        "orcaops://jobs/..%2F..%2Fetc%2Fpasswd/log",
        "orcaops://nonsense",
        "file:///etc/passwd",
    ],
)
def test_what_there_is_not(talk: Talk, uri: str) -> None:
    async def session(client: Client) -> None:
        with pytest.raises(MCPError) as error:
            await client.read_resource(uri)
        assert error.value.code == -32602
        assert error.value.data["uri"] == uri
        assert error.value.data["code"] in ("not_found", "invalid")
        assert error.value.data["hint"]

    talk(session)


def test_artifacts(talk: Talk, executors: dict[str, ScriptedExecutor]) -> None:
    files = {"out/täble 1.csv": b"a,b\n", "photo.png": b"\x89PNG\xff", "large.bin": bytes(2 * 1024 * 1024)}
    executors["process"].script("leaves", Script(artifacts=files))

    async def session(client: Client) -> None:
        arguments = {"command": ["x"], "name": "leaves", "artifacts": ["**"]}
        ran = await client.call_tool("orcaops_run_job", arguments)
        job = ran.structured_content["job"]
        assert {artifact["path"] for artifact in job["artifacts"]} == set(files)
        place = f"orcaops://jobs/{job['job_id']}/artifacts/"
        assert await read(client, place + quote("out/täble 1.csv", safe="")) == "a,b\n"
        (photo,) = (await client.read_resource(place + "photo.png")).contents
        assert base64.b64decode(photo.blob) == files["photo.png"]  # type: ignore[union-attr]
        with pytest.raises(MCPError, match=r"2\.0 MiB"):
            await client.read_resource(place + "large.bin")
        with pytest.raises(MCPError, match="no artifact"):
            await client.read_resource(place + quote("../../orcaops.db", safe=""))

    talk(session)


def test_a_long_log_is_bounded(talk: Talk, executors: dict[str, ScriptedExecutor]) -> None:
    executors["process"].script(
        "long-read", Script(output=tuple(f"{n:06d} {'x' * 90}\n" for n in range(9000)))
    )

    async def session(client: Client) -> None:
        place = f"orcaops://jobs/{await ran(client, 'long-read')}/log"
        head, tail = (await client.read_resource(place)).contents
        assert len(head.text) + len(tail.text) < 140_000  # type: ignore[union-attr]
        assert head.text.startswith("000000 x")  # type: ignore[union-attr]
        assert tail.text.rstrip().rpartition("\n")[2].startswith("008999 x")  # type: ignore[union-attr]
        assert "left out" in head.meta[LEFT_OUT]  # beside the text: no job can say it
        assert tail.meta is None

    talk(session)


def test_ids_and_keys_are_completed(talk: Talk, revision: str) -> None:
    async def session(client: Client) -> None:
        job_id = await ran(client, "completed/job")
        ids = await client.complete(
            PromptReference(name="debug_job"), {"name": "job_id", "value": job_id[:20]}
        )
        assert job_id in ids.completion.values
        keys = await client.complete(
            ResourceTemplateReference(uri="orcaops://baselines/{key}"), {"name": "key", "value": "completed/"}
        )
        assert keys.completion.values == ["name:completed/job"]
        other = await client.complete(PromptReference(name="debug_job"), {"name": "other", "value": ""})
        assert other.completion.values == []

    talk(session, mode=revision)


def test_known_failures_and_reports_have_addresses(
    talk: Talk, executors: dict[str, ScriptedExecutor], revision: str
) -> None:
    output = ("ModuleNotFoundError: No module named 'yaml'\n",)
    executors["process"].script(f"report-{revision}", Script(output=output, exit_code=1))

    async def session(client: Client) -> None:
        job_id = await ran(client, f"report-{revision}")
        report = json.loads(await read(client, f"orcaops://jobs/{job_id}/debug"))
        (cause, *_) = report["likely_causes"]
        place = f"orcaops://patterns/{cause['pattern_id']}"
        assert json.loads(await read(client, place))["category"] == "dependency"
        solutions = json.loads(await read(client, f"{place}/solutions"))
        assert solutions["total"] == len(solutions["items"]) > 0
        with pytest.raises(MCPError, match="nothing at"):
            await client.read_resource(f"{place}/nonsense")
        named = await client.complete(
            PromptReference(name="debug_job"), {"name": "pattern_id", "value": "python.module"}
        )
        assert cause["pattern_id"] in named.completion.values

    talk(session, mode=revision)
