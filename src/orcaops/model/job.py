"""JobSpec: what somebody asks to be run."""

import shlex
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from orcaops.model.identity import Id
from orcaops.model.quantities import Duration, Size
from orcaops.model.word import Word

DEFAULT_WORKSPACE = "default"

_NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, StringConstraints(pattern=_NO_NUL)]
"""A text that an operating system takes as an argument: no NUL in it."""

Argument = Annotated[str, StringConstraints(pattern=_NO_NUL, max_length=131072)]
Command = Annotated[tuple[Argument, ...], Field(min_length=1, max_length=4096)]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=256)]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=128)]
Workspace = Id


class Mount(Word):
    """A folder or file of the host made visible inside the job; written ``SRC:DST[:ro]``."""

    source: Annotated[str, StringConstraints(pattern=r"^[^\x00:]+$")]
    target: Annotated[str, StringConstraints(pattern=r"^/[^\x00:]*$")]
    read_only: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        parts = value.split(":")
        if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("ro", "rw")):
            raise ValueError(f"{value!r} is not a mount; write SRC:DST or SRC:DST:ro")
        return {"source": parts[0], "target": parts[1], "read_only": parts[2:] == ["ro"]}


class JobSpec(Word):
    """One execution as asked for.

    Exactly one of ``command``, ``commands`` and a ``shell`` line says what to run. ``shell=True`` hands
    each command, its arguments joined by spaces, to ``sh -c``. Sizes are bytes or ``"512m"``, durations
    seconds or ``"5m"``. Without an image the job runs on the ``process`` executor; a job with an image
    never runs on the host. With ``sandbox`` it runs in that sandbox. ``retries`` is how often it is tried
    again where the infrastructure failed, and not the command; ``pull_policy`` ``always`` looks for a
    newer image before every run, while by default one is fetched only if it is missing.
    """

    image: Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\s\x00]+$")] | None = (
        None
    )
    command: Command | None = None
    commands: Annotated[tuple[Command, ...], Field(min_length=1, max_length=256)] | None = None
    shell: bool | Annotated[str, StringConstraints(min_length=1, max_length=131072, pattern=_NO_NUL)] = False
    cwd: Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=_NO_NUL)] | None = None
    env: dict[EnvName, Text] = Field(default_factory=dict)
    memory: Size | None = None
    cpus: Annotated[float, Field(gt=0, le=4096, allow_inf_nan=False)] | None = None
    pids: Annotated[int, Field(ge=1, le=4194304)] | None = None
    timeout: Duration | None = None
    idle_timeout: Duration | None = None
    retries: Annotated[int, Field(ge=0, le=5)] | None = None
    pull_policy: Literal["missing", "always"] | None = None
    network: (
        Annotated[
            str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
        ]
        | None
    ) = None
    mounts: tuple[Mount, ...] = ()
    artifacts: tuple[
        Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=_NO_NUL)], ...
    ] = ()
    labels: dict[LabelName, Annotated[str, StringConstraints(max_length=1024, pattern=_NO_NUL)]] = Field(
        default_factory=dict
    )
    name: (
        Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f]+$")] | None
    ) = None
    intent: Annotated[str, StringConstraints(max_length=4096, pattern=_NO_NUL)] | None = None
    parent_job_id: Id | None = None
    executor: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)] | None = None
    workspace: Workspace = DEFAULT_WORKSPACE
    sandbox: Id | None = None
    commit: Annotated[str, StringConstraints(max_length=128, pattern=r"^[^\x00-\x1f]*$")] | None = None
    branch: Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f]*$")] | None = None
    triggered_by: Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f]*$")] | None = None

    @model_validator(mode="after")
    def _says_what_to_run(self) -> Self:
        given = [self.command is not None, self.commands is not None, isinstance(self.shell, str)]
        if sum(given) != 1:
            raise ValueError("give exactly one of command, commands, or shell with a line")
        return self

    def steps(self) -> tuple[tuple[str, ...], ...]:
        """The argument vectors to execute, in order; a shell line has become ``sh -c LINE``."""
        if isinstance(self.shell, str):
            return (("sh", "-c", self.shell),)
        commands = self.commands if self.commands is not None else (self.command or (),)
        if self.shell:
            return tuple(("sh", "-c", " ".join(command)) for command in commands)
        return commands

    def command_line(self) -> str:
        """The commands as one line for people and for the baseline key."""
        if isinstance(self.shell, str):
            return self.shell
        commands = self.commands if self.commands is not None else (self.command or (),)
        if self.shell:
            return " && ".join(" ".join(command) for command in commands)
        return " && ".join(shlex.join(command) for command in commands)
