"""Questions over HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.model.inquiry import Reply


def asked(client: TestClient, **body: Any) -> Reply:
    answer = client.post("/orcaops/ask", json=body)
    assert answer.status_code == 200, answer.text
    return Reply.from_stored(answer.json())


def test_a_question_and_its_query(client: TestClient, learned: None) -> None:
    first = asked(client, question="how many runs were there?")
    assert first.understood is not None
    again = asked(client, query=first.understood.query)
    assert (again.answer, again.rows) == (first.answer, first.rows)
    assert len(asked(client, query="list", limit=3).rows) == 3


def test_an_idempotency_key_stands_for_one_question(client: TestClient) -> None:
    def asked(question: str) -> Any:
        return client.post("/orcaops/ask", json={"question": question}, headers={"Idempotency-Key": "ask-1"})

    first, again, other = asked("what failed?"), asked("what failed?"), asked("what ran?")
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


def test_what_is_not_understood_is_an_answer(client: TestClient) -> None:
    reply = asked(client, question="sing me a song about the sea")
    assert reply.understood is None
    assert reply.offers


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": "x" * 3000},
        {"question": "which failed", "query": "list"},
        {"query": ""},
        {"query": "list where status:nonsense"},
        {"question": "which failed", "limit": 0},
        {"question": "which failed", "more": 1},
        {"question": 7},
        [],
    ],
)
def test_what_is_no_question(client: TestClient, body: Any) -> None:
    answer = client.post("/orcaops/ask", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    "query", ["nonsense", "list nonsense", "list by nonsense", "list where stauts:failed"]
)
def test_an_unknown_word_of_a_query_is_not_found(client: TestClient, query: str) -> None:
    answer = client.post("/orcaops/ask", json={"query": query})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
