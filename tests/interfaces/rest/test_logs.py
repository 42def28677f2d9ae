"""Logs over HTTP: pages, text, and a stream that can be resumed and that many can follow."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.model.logline import Stream
from orcaops.running.executors.scripted import Script, ScriptedExecutor

Submit = Callable[..., dict[str, Any]]
LINES = 250


@pytest.fixture(scope="module")
def talker(submitted: Submit, executors: dict[str, ScriptedExecutor]) -> str:
    """The id of a job that printed 250 lines to each stream, in turn."""
    pieces = [
        (stream, f"{stream} {number}\n".encode())
        for number in range(LINES)
        for stream in (Stream.STDOUT, Stream.STDERR)
    ]
    executors["process"].script("talker", Script(output=tuple(pieces)))
    return str(submitted(name="talker")["job_id"])


def events(text: str) -> list[dict[str, str]]:
    """Server-sent events, comments left out."""
    found = []
    for block in text.split("\n\n"):
        fields = [line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")]
        if fields:
            found.append(dict(fields))
    return found


@contextmanager
def following(address: str, job_id: str, **headers: str) -> Iterator[HTTPResponse]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", f"/orcaops/jobs/{job_id}/logs/stream", headers=headers)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def until_nobody_follows(house: App, address: str) -> None:
    deadline = time.monotonic() + 60
    while any(thread.name == "feed" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_log_comes_in_pages(client: TestClient, talker: str) -> None:
    texts, after = [], "-1"
    while True:
        page = client.get(f"/orcaops/jobs/{talker}/logs", params={"after": after, "limit": 99}).json()
        texts += [line["text"] for line in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 99
        after = page["next_cursor"]
    assert texts == [f"{stream} {number}" for number in range(LINES) for stream in ("stdout", "stderr")]


def test_a_page_goes_on_at_the_cursor_of_the_page_before_as_in_every_list(
    client: TestClient, talker: str
) -> None:
    address = f"/orcaops/jobs/{talker}/logs"
    first = client.get(address, params={"q": "stdout*7", "limit": 2}).json()
    assert [line["text"] for line in first["items"]] == ["stdout 7", "stdout 17"]
    then = {"q": "stdout*7", "limit": 2, "cursor": first["next_cursor"]}
    second = client.get(address, params=then).json()
    assert [line["text"] for line in second["items"]] == ["stdout 27", "stdout 37"]
    text = client.get(address, params=then, headers={"Accept": "text/plain"}).text
    assert text == "stdout 27\nstdout 37\n"
    for cursor in ("x", "-1", "9" * 19, ""):
        refused = client.get(address, params={"cursor": cursor})
        assert (cursor, refused.status_code, refused.json()["where"]) == (cursor, 404, "cursor")


def test_one_stream_only(client: TestClient, talker: str) -> None:
    page = client.get(f"/orcaops/jobs/{talker}/logs", params={"stream": "stderr", "limit": 3}).json()
    assert [line["text"] for line in page["items"]] == ["stderr 0", "stderr 1", "stderr 2"]


def test_a_log_as_text(client: TestClient, talker: str) -> None:
    answer = client.get(f"/orcaops/jobs/{talker}/logs?stream=stdout", headers={"Accept": "text/plain"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text == "".join(f"stdout {number}\n" for number in range(LINES))


def test_a_finished_log_is_followed_to_its_end(client: TestClient, talker: str) -> None:
    answer = client.get(f"/orcaops/jobs/{talker}/logs/stream")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *lines, end = events(answer.text)
    assert len(lines) == 2 * LINES
    assert {line["event"] for line in lines} == {"line"}
    assert end["event"] == "end"
    assert '"succeeded"' in end["data"]


def test_a_stream_is_resumed_behind_any_event(client: TestClient, talker: str) -> None:
    whole = events(client.get(f"/orcaops/jobs/{talker}/logs/stream").text)
    for place in (0, 7, 2 * LINES - 2, 2 * LINES - 1):
        headers = {"Last-Event-ID": whole[place]["id"]}
        rest = events(client.get(f"/orcaops/jobs/{talker}/logs/stream", headers=headers).text)
        assert rest == whole[place + 1 :]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "", "9" * 19, "9" * 30])
def test_events_that_never_were(client: TestClient, talker: str, last: str) -> None:
    answer = client.get(f"/orcaops/jobs/{talker}/logs/stream", headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("query", ["after=-2", "after=9" + "9" * 19, "limit=0", "limit=10001", "stream=both"])
def test_pages_that_cannot_be(client: TestClient, talker: str, query: str) -> None:
    assert client.get(f"/orcaops/jobs/{talker}/logs?{query}").status_code == 422


@pytest.mark.parametrize("place", ["logs", "logs/stream"])
@pytest.mark.parametrize("accept", ["application/json", "text/plain", "text/event-stream"])
def test_unknown_jobs_have_no_log(client: TestClient, place: str, accept: str) -> None:
    answer = client.get(f"/orcaops/jobs/nothing/{place}", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_sixty_follow_a_running_job_and_the_server_stays_quick(
    house: App,
    client: TestClient,
    served: Callable[..., str],
    executors: dict[str, ScriptedExecutor],
) -> None:
    executors["process"].script("long", Script(output=("first\n",), hangs=True))
    job_id = client.post("/orcaops/jobs", json={"command": ["x"], "name": "long"}).json()["job_id"]
    address, texts, begun = served(), [], threading.Barrier(61)

    def follow() -> None:
        with following(address, job_id) as answer:
            first = answer.readline() + answer.readline()
            begun.wait(60)
            texts.append((first + answer.read()).decode())

    followers = [threading.Thread(target=follow) for _ in range(60)]
    for follower in followers:
        follower.start()
    begun.wait(60)
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    for _ in range(5):  # all of them listen, and others are answered
        connection.request("GET", f"/orcaops/jobs/{job_id}")
        assert b'"running"' in connection.getresponse().read()
    connection.close()
    client.post(f"/orcaops/jobs/{job_id}/cancel")
    for follower in followers:
        follower.join(60)
    assert len(texts) == 60
    for text in texts:
        first, end = events(text)
        assert '"first"' in first["data"]
        assert '"cancelled"' in end["data"]
    until_nobody_follows(house, address)


def test_a_follower_that_leaves_is_forgotten(
    house: App, client: TestClient, served: Callable[..., str], executors: dict[str, ScriptedExecutor]
) -> None:
    executors["process"].script("left", Script(output=("first\n",), hangs=True))
    job_id = client.post("/orcaops/jobs", json={"command": ["x"], "name": "left"}).json()["job_id"]
    address = served()
    with following(address, job_id) as answer:
        assert answer.status == 200
        assert answer.readline().startswith(b":")
    until_nobody_follows(house, address)
    client.post(f"/orcaops/jobs/{job_id}/cancel")


def test_too_many_followers_are_told_so(
    client: TestClient, talker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.app.state.feeds, "_most", 0)  # type: ignore[attr-defined]
    answers = [
        client.get(f"/orcaops/jobs/{talker}/logs/stream"),
        client.get(f"/orcaops/jobs/{talker}/logs", headers={"Accept": "text/plain"}),
        client.get("/orcaops/jobs/export"),
    ]
    assert [answer.status_code for answer in answers] == [503] * 3
