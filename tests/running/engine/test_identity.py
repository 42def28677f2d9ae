"""By which names an image is known."""

from typing import Any

import pytest

from orcaops.running.engine import api
from orcaops.running.engine.api import Engine
from orcaops.running.engine.identity import identity_of


class Inspects:
    """An engine's client that knows one image, and counts how often it is asked."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {"Id": "sha256:1", "Size": 7, "RepoDigests": []}
        self.asked = 0

    def inspect_image(self, image_id: str) -> dict[str, Any]:
        self.asked += 1
        return self.facts


def test_an_image_that_is_pushed_meanwhile_is_known_by_its_digest_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(api.time, "monotonic", lambda: now[0])
    engine, client = Engine(), Inspects()
    engine._client = client
    assert [engine.identity("sha256:1").pinned for _ in range(3)] == [None] * 3
    assert client.asked == 1
    client.facts["RepoDigests"] = ["app@sha256:2"]
    now[0] += 61
    found = engine.identity("sha256:1", "app")
    assert (found.pinned, found.digest, found.image_id) == ("app@sha256:2", "sha256:2", "sha256:1")
    now[0] += 10_000
    engine.identity("sha256:1", "app")
    assert client.asked == 2


def test_a_name_that_was_taken_away_is_none() -> None:
    assert identity_of({"Id": "sha256:1", "RepoDigests": ["<none>@<none>"]}).pinned is None
