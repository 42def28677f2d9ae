"""What tests on a real engine get: images of their own, and an installation of their own."""

import secrets
from collections.abc import Iterator

import pytest

SMALL_IMAGE = "orcaops-test/busybox:1"
WORK_IMAGE = "orcaops-test/work:1"


@pytest.fixture
def installation() -> Iterator[str]:
    """The name of an installation that nobody else has; nothing may be left of it."""
    from orcaops.running.executors.docker import DockerExecutor

    name = f"test-{secrets.token_hex(6)}"
    yield name
    left = DockerExecutor(installation=name).reap([])
    assert left == [], "the test left something behind"
