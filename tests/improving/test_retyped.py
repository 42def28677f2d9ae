"""A job as the command line that runs it."""

import shlex
from typing import Any

import click
from click.testing import CliRunner

from orcaops.improving.retyped import retyped
from orcaops.interfaces.cli.job_options import job_options, spec_of
from orcaops.model.job import JobSpec, Mount
from orcaops.recording.redaction import MASK


def typed(line: str) -> JobSpec:
    """The job that the command line asks for, as `orcaops run` reads it."""
    read: list[JobSpec] = []

    @click.command()
    @click.option("--workspace", default="default")
    @job_options
    def run(command: tuple[str, ...], **given: Any) -> None:
        read.append(spec_of(command, **given))

    words = shlex.split(line)
    assert words[:2] == ["orcaops", "run"]
    CliRunner().invoke(run, words[2:], catch_exceptions=False, env={"TOKEN": "ours"})
    return read[0].model_copy(update={"commit": None, "branch": None, "triggered_by": None})


WHOLE = JobSpec(
    image="x:1",
    command=("sh", "-c", "echo 'it is' > \"a b\""),
    name="nightly build",
    workspace="team-a",
    timeout=5400,
    idle_timeout=0.25,
    memory=1000,
    cpus=1.5,
    pids=50,
    retries=2,
    pull_policy="always",
    network="bridge",
    cwd="/srv/a b",
    env={"PATH": "/opt/bin:/bin", "EMPTY": ""},
    mounts=(Mount(source="/srv/in", target="/in", read_only=True), Mount(source="/srv/out", target="/out")),
    artifacts=("out/*.xml",),
    labels={"team": "web", "note": "two words"},
    executor="docker",
)


def test_what_is_typed_is_the_same_job() -> None:
    line = retyped(WHOLE)
    assert line is not None
    assert typed(line) == WHOLE


def test_another_command_and_name_stand_in() -> None:
    line = retyped(WHOLE, command=("ruff", "check", "."), name="lint")
    assert line is not None
    assert (typed(line).command, typed(line).name) == (("ruff", "check", "."), "lint")


def test_no_secret_is_typed() -> None:
    secret = JobSpec(command=("true",), env={"TOKEN": MASK})
    line = retyped(secret)
    assert line == "orcaops run -e TOKEN -- true"
    assert typed(line).env == {"TOKEN": "ours"}
    assert retyped(JobSpec(command=("curl", f"-utoken:{MASK}"))) is None


def test_what_a_command_line_cannot_say_is_not_typed() -> None:
    assert retyped(JobSpec(commands=(("a",), ("b",)))) is None
    assert retyped(JobSpec(command=("a",), sandbox="s1")) is None
    assert retyped(JobSpec(command=("a" * 2000,))) is None
