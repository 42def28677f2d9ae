"""Sandbox: a container that stays, for commands that follow one another."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, NonNegativeInt, StringConstraints

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, EnvName, JobSpec, LabelName, Mount, Text, Workspace
from orcaops.model.quantities import Duration, Finite, Size, UtcTime
from orcaops.model.word import Word

SANDBOX_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"
"""What a sandbox may be called: what ``orcaops sandbox copy NAME:PATH`` can tell from a path."""


class SandboxState(StrEnum):
    """Where a sandbox is in its life; the last two are final."""

    CREATING = "creating"
    RUNNING = "running"
    STOPPED = "stopped"
    REMOVED = "removed"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Whether nothing is left of it."""
        return self in (SandboxState.REMOVED, SandboxState.LOST)


class SandboxSpec(Word):
    """A sandbox as asked for.

    ``idle_limit`` is how long nobody may use it before it counts as idle, ``lifetime`` how long it may be
    there at all; null takes the setting. A ``template`` of the configuration says what is not said here.
    """

    image: Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\s\x00]+$")] | None = (
        None
    )
    template: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    # The service refuses other names, with a hint that a schema cannot give.
    name: Annotated[str, Field(json_schema_extra={"pattern": SANDBOX_NAME})] | None = None
    memory: Size | None = None
    cpus: Annotated[float, Field(gt=0, le=4096, allow_inf_nan=False)] | None = None
    pids: Annotated[int, Field(ge=1, le=4194304)] | None = None
    network: (
        Annotated[
            str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
        ]
        | None
    ) = None
    cwd: Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]*$")] | None = None
    env: dict[EnvName, Text] = Field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    labels: dict[LabelName, Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00]*$")]] = (
        Field(default_factory=dict)
    )
    idle_limit: Duration | None = None
    lifetime: Duration | None = None
    workspace: Workspace = DEFAULT_WORKSPACE

    def as_job(self) -> JobSpec:
        """The same surroundings as those of a job, for whatever rules jobs."""
        shared = ("image", "name", "memory", "cpus", "pids", "network", "cwd", "env", "mounts", "labels")
        return JobSpec(
            command=("sh",), workspace=self.workspace, **{name: getattr(self, name) for name in shared}
        )


class Sandbox(Word):
    """The record of a sandbox: kept when the sandbox itself is gone.

    ``spec`` is what was asked for, with secrets masked and what was not said filled in. ``idle_s`` is how
    long nobody has used it and ``executing`` what runs in it, both as of now; ``executions`` counts the runs
    that were begun in it. ``reason`` says why it ended.
    """

    id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    name: str | None = None
    image: str
    image_digest: str | None = None
    state: SandboxState
    spec: SandboxSpec
    created_at: UtcTime
    created_by: str = ""
    used_at: UtcTime
    expires_at: UtcTime
    idle_limit_s: Finite
    ended_at: UtcTime | None = None
    reason: str | None = None
    executions: NonNegativeInt = 0
    host: str | None = None
    engine_ref: str | None = None
    idle_s: Finite | None = None
    executing: NonNegativeInt = 0
