"""The pages can be read offline, and hold what the document holds."""

import re

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_needs_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<link|<img|https?://", answer.text)


def test_the_reference_holds_every_operation_and_problem(client: TestClient) -> None:
    document, page = client.get("/openapi.json").json(), client.get("/docs").text
    for methods in document["paths"].values():
        for operation in methods.values():
            assert page.count(f'<h3 id="{operation["operationId"]}">') == 1
    for code in document["components"]["responses"]:
        assert page.count(f'id="problem-{code}"') == 1
    linked = set(re.findall(r'href="?#([\w-]+)', page))
    assert linked <= set(re.findall(r'id="([\w-]+)"', page))


def test_a_problem_leads_to_its_explanation(client: TestClient) -> None:
    where = client.get("/nope").json()["type"]
    page, _, anchor = where.partition("#")
    assert f'id="{anchor}"' in client.get(page).text


def test_the_first_page_leads_to_the_others(client: TestClient) -> None:
    for path in re.findall(r'href="([^"]+)"', client.get("/").text):
        assert client.get(path).status_code == 200, path
