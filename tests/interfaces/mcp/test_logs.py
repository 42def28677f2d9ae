"""Logs by an agent: any log comes in pieces that can be read, and all pieces are the log."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp.client import Client

from orcaops.model.logline import Stream
from orcaops.running.executors.scripted import Script, ScriptedExecutor

Talk = Callable[..., None]

LINES = 110_000  # of about a hundred letters: more than 10 MB


@pytest.fixture(scope="module")
def long_log(executors: dict[str, ScriptedExecutor]) -> str:
    """The name of a job that prints more than 10 MB."""
    pieces = tuple(
        "".join(f"{n:06d} {'x' * 90}\n" for n in range(start, start + 10_000))
        for start in range(0, LINES, 10_000)
    )
    executors["process"].script("long", Script(output=pieces))
    return "long"


async def ran(client: Client, name: str) -> str:
    result = await client.call_tool("orcaops_run_job", {"command": ["x"], "name": name, "wait_seconds": 60})
    job_id: str = result.structured_content["job"]["job_id"]
    return job_id


async def logs(client: Client, job_id: str, **asked: Any) -> dict[str, Any]:
    result = await client.call_tool("orcaops_get_logs", {"job_id": job_id} | asked)
    assert not result.is_error, result.content[0].text
    assert len(result.content[0].text) < 60_000
    page: dict[str, Any] = result.structured_content
    return page


def numbers(page: dict[str, Any]) -> list[int]:
    return [int(line["text"][:6]) for line in page["items"]]


def test_a_log_of_ten_megabytes_comes_in_pages(talk: Talk, long_log: str) -> None:
    async def session(client: Client) -> None:
        job_id = await ran(client, long_log)
        first = await logs(client, job_id)
        assert numbers(first) == list(range(200))
        second = await logs(client, job_id, cursor=first["next_cursor"], limit=1000)
        last = numbers(second)[-1]
        assert numbers(second) == list(range(200, last + 1))
        assert 350 < last < 1200  # bounded by its letters, not by its lines
        third = await logs(client, job_id, cursor=second["next_cursor"], limit=1)
        assert numbers(third) == [last + 1]

        tail = await logs(client, job_id, tail=True, limit=50)
        assert numbers(tail) == list(range(LINES - 50, LINES))
        assert tail["next_cursor"] is None

        place = second["items"][-1]["offset"]
        around = await logs(client, job_id, around=place, limit=11)
        assert numbers(around) == list(range(last - 5, last + 6))

    talk(session)


def test_streams_are_told_apart(talk: Talk, executors: dict[str, ScriptedExecutor]) -> None:
    output = ((Stream.STDOUT, b"one\n"), (Stream.STDERR, b"two\n"), (Stream.STDOUT, b"three\n"))
    executors["process"].script("both", Script(output=output))

    async def session(client: Client) -> None:
        job_id = await ran(client, "both")
        assert [line["text"] for line in (await logs(client, job_id))["items"]] == ["one", "two", "three"]
        errors = await logs(client, job_id, stream="stderr")
        assert [line["text"] for line in errors["items"]] == ["two"]
        errors = await logs(client, job_id, stream="stdout", tail=True, limit=1)
        assert [line["text"] for line in errors["items"]] == ["three"]
        result = await client.call_tool("orcaops_get_logs", {"job_id": job_id})
        assert result.content[0].text.endswith("\n| one\n! two\n| three")

    talk(session)


def test_one_endless_line_is_cut_in_what_is_shown(talk: Talk, executors: dict[str, ScriptedExecutor]) -> None:
    executors["process"].script("endless", Script(output=("y" * 300_000 + "\n", "end\n")))

    async def session(client: Client) -> None:
        job_id = await ran(client, "endless")
        page = await logs(client, job_id)
        assert sum(len(line["text"]) for line in page["items"]) < 60_000
        while page["next_cursor"] is not None:
            page = await logs(client, job_id, cursor=page["next_cursor"])
        assert page["items"][-1]["text"] == "end"

    talk(session)


def test_a_log_that_grows_keeps_its_cursor(talk: Talk, executors: dict[str, ScriptedExecutor]) -> None:
    executors["process"].script("growing", Script(hangs=True, output=("begun\n",)))

    async def session(client: Client) -> None:
        started = await client.call_tool(
            "orcaops_run_job", {"command": ["x"], "name": "growing", "wait_seconds": 0}
        )
        job_id = started.structured_content["job"]["job_id"]
        page = await logs(client, job_id)
        while not page["items"]:
            page = await logs(client, job_id)
        assert page["next_cursor"] == "0"
        again = await logs(client, job_id, cursor="0")
        assert (again["items"], again["next_cursor"]) == ([], "0")
        await client.call_tool("orcaops_cancel_job", {"job_id": job_id})
        end = await logs(client, job_id, cursor="0")
        assert end["next_cursor"] is None

    talk(session)


def test_a_silent_job(talk: Talk, executors: dict[str, ScriptedExecutor]) -> None:
    executors["process"].script("silent", Script())

    async def session(client: Client) -> None:
        page = await logs(client, await ran(client, "silent"))
        assert (page["items"], page["next_cursor"]) == ([], None)

    talk(session)
