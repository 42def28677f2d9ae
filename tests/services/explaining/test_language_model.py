"""A language model asked through the library, at a server on loopback: what goes wrong is a sentence."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from orcaops.model.debug import Prompt
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.services.explaining.language_model import PydanticAiModel

pytest.importorskip("pydantic_ai")
pytest.importorskip("openai")

PROMPT = Prompt(model="local", system="Be brief.", text="Why?", most_tokens=100)


class Provider(ThreadingHTTPServer):
    """Speaks just enough of OpenAI's chat API."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.status = 200
        self.hold = threading.Event()
        self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Answering(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers.get("Authorization"))
        self.server.hold.wait(20)
        message = {"role": "assistant", "content": "Because."}
        answer = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }
        data = json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


def model(url: str, timeout_s: float = 20.0) -> PydanticAiModel:
    return PydanticAiModel(
        "openai:local", base_url=url, key_env="ORCAOPS_TEST_KEY", timeout_s=timeout_s, answer_tokens=50
    )


def test_one_request_with_the_prompt_its_bound_and_the_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCAOPS_TEST_KEY", "k1")
    assert model(provider.url).answer(PROMPT) == "Because."
    [asked] = provider.asked
    assert [one["content"] for one in asked["messages"]] == ["Be brief.", "Why?"]
    assert asked["model"] == "local"
    assert 50 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))
    assert "tools" not in asked
    assert provider.keys == ["Bearer k1"]


def test_a_server_that_refuses_is_asked_once(provider: Provider) -> None:
    provider.status = 500
    with pytest.raises(OrcaError) as caught:
        model(provider.url).answer(PROMPT)
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert "openai:local could not be asked" in caught.value.message
    assert len(provider.asked) == 1


def test_one_that_does_not_answer_in_time_is_given_up(provider: Provider) -> None:
    provider.hold.clear()
    with pytest.raises(OrcaError) as caught:
        model(provider.url, timeout_s=1.0).answer(PROMPT)
    assert caught.value.code is ErrorCode.UNAVAILABLE


def test_a_provider_that_nobody_knows_is_a_sentence() -> None:
    unknown = PydanticAiModel(
        "nobody:m", base_url=None, key_env="ORCAOPS_TEST_KEY", timeout_s=5, answer_tokens=5
    )
    assert unknown.name == "nobody:m"
    with pytest.raises(OrcaError) as caught:
        unknown.answer(PROMPT)
    assert caught.value.code in (ErrorCode.UNAVAILABLE, ErrorCode.INVALID)
    assert "nobody" in caught.value.message
