"""HEAD: the headers of GET, and nothing behind them."""

from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/orcaops/jobs", "/docs", "/orcaops/jobs/nothing"])
def test_the_headers_of_get_without_a_body(client: TestClient, path: str) -> None:
    told, got = client.head(path), client.get(path)
    assert told.status_code == got.status_code
    assert told.headers["Content-Type"] == got.headers["Content-Type"]
    assert told.headers["Content-Length"] == got.headers["Content-Length"]
    assert told.content == b""


def test_what_takes_post_alone_has_no_head(client: TestClient) -> None:
    refused = client.head("/orcaops/predictions")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")


def test_a_connection_goes_on_behind_it(served: Callable[..., str]) -> None:
    connection = HTTPConnection(urlsplit(served()).netloc, timeout=60)
    for method in ("HEAD", "GET", "HEAD"):
        connection.request(method, "/healthz")
        answer = connection.getresponse()
        assert (answer.status, len(answer.read())) == (200, 18 if method == "GET" else 0)
    connection.close()
