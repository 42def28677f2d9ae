"""Which executor runs a job, and what is refused before it starts."""

from typing import Any

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.running.executor import Capabilities, Health
from orcaops.running.executors.process import ProcessExecutor
from orcaops.running.executors.scripted import ScriptedExecutor
from orcaops.running.placement import choose, place

LOCAL = ProcessExecutor(limits=False).capabilities
CONTAINERS = Capabilities(
    isolates=True,
    images=True,
    needs_image=True,
    memory=True,
    cpus=True,
    pids=True,
    mounts=True,
    networks=None,
    adopts=True,
)
BOTH = {"docker": CONTAINERS, "process": LOCAL}


def spec(**fields: Any) -> JobSpec:
    return JobSpec(**{"command": ("true",), **fields})


def test_an_image_goes_to_containers_and_nothing_else_does() -> None:
    assert choose(spec(image="busybox"), BOTH) == "docker"
    assert choose(spec(), BOTH) == "process"
    assert choose(spec(image="busybox"), {"process": LOCAL, "cloud": CONTAINERS}) == "cloud"
    assert (
        choose(spec(), {"docker": CONTAINERS, "process": LOCAL, "other": LOCAL}, default="other") == "other"
    )


def test_the_default_does_not_override_what_a_job_says() -> None:
    offered = {**BOTH, "other": LOCAL}
    assert choose(spec(executor="process"), offered, default="other") == "process"
    assert choose(spec(image="busybox"), offered, default="other") == "docker"


@pytest.mark.parametrize(
    ("fields", "offered", "where"),
    [
        ({"image": "busybox"}, {"process": LOCAL}, "executor"),
        ({"image": "busybox", "executor": "process"}, BOTH, "image"),
        ({"executor": "docker"}, BOTH, "image"),
        ({"executor": "kubernetes"}, BOTH, "executor"),
        ({"memory": "64m"}, BOTH, "memory"),
        ({"cpus": 1.5}, BOTH, "cpus"),
        ({"pids": 5}, BOTH, "pids"),
        ({"mounts": ("/a:/b",)}, BOTH, "mounts"),
        ({"network": "none"}, BOTH, "network"),
        ({"artifacts": ("../x",)}, BOTH, "artifacts"),
        ({"artifacts": ("/etc/passwd",)}, BOTH, "artifacts"),
        ({"image": "busybox", "artifacts": ("out/../../x",)}, BOTH, "artifacts"),
        ({}, {}, "executor"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(
    fields: dict[str, Any], offered: dict[str, Capabilities], where: str
) -> None:
    with pytest.raises(OrcaError) as refusal:
        choose(spec(**fields), offered)
    assert refusal.value.code in (ErrorCode.INVALID, ErrorCode.CONFLICT)
    assert refusal.value.where == where
    assert refusal.value.hint


def test_what_can_be_kept_is_let_through() -> None:
    assert choose(spec(network="host"), BOTH) == "process"
    full = spec(
        image="busybox",
        memory="64m",
        cpus=1,
        pids=5,
        mounts=("/a:/b",),
        network="none",
        artifacts=("/out/*",),
    )
    assert choose(full, BOTH) == "docker"


def test_an_executor_that_does_not_answer_is_unavailable() -> None:
    down = ScriptedExecutor(health=Health(usable=False, sentence="nobody listens on /run/docker.sock"))
    with pytest.raises(OrcaError) as refusal:
        place(spec(image="busybox"), {"docker": down})
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert "nobody listens" in str(refusal.value)
    assert "doctor" in refusal.value.hint
    up = ScriptedExecutor()
    assert place(spec(image="busybox"), {"docker": up}) is up
