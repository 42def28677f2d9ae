"""Policy: what jobs may ask for, from the ``[policy]`` table, checked before anything starts.

.. code-block:: toml

    [policy]
    max_memory = "4g"
    max_timeout = "1h"

    [policy.images]
    allow = ["python", "registry.example.com/team/*"]
    deny = ["*:latest"]

A value passes if a rule of ``allow`` matches it and no rule of ``deny`` does: deny wins. ``*`` stands
for anything. A policy keeps honest jobs within bounds; what confines a dishonest one is the
container, because a program may start others in ways that no list of commands can foresee.
"""

import os.path
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from orcaops.guarding.command_words import commands_within, hides_commands, is_shell_line
from orcaops.model.errors import OrcaError, forbidden
from orcaops.model.job import JobSpec, Mount
from orcaops.model.quantities import Duration, Size, show_duration, show_size
from orcaops.model.remedy import Action

# Whoever writes to an engine's socket is root on the host; the others are the host itself.
# Each stands for all below it, and a folder that holds one of them is refused with it: so is "/".
PROTECTED_PATHS = (
    "/boot",
    "/dev",
    "/etc",
    "/proc",
    "/sys",
    "/run/containerd",
    "/run/crio",
    "/run/docker.sock",
    "/run/podman",
    "/run/user/*/docker.sock",
    "/run/user/*/podman",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/run/docker.sock",
)

Resolve = Callable[[str], str]


class Rule(BaseModel):
    """What is allowed and what is denied of one kind of value; an empty ``allow`` allows nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow: tuple[str, ...] = Field(("*",), description="Patterns of which one must match.")
    deny: tuple[str, ...] = Field((), description="Patterns of which none may match; they win.")


class Policy(BaseModel):
    """What jobs may ask for. Without a table everything is allowed but to mount the host's own parts.

    ``images`` match by repository (``python``: any tag), by tag (``python:3.*``) or digest, Docker Hub's
    long names being the same as the short ones. ``commands`` match by program name or by whole
    line, also inside ``sh -c`` lines as far as these can be read. ``mounts`` match the folder and all
    below it, links resolved; a name without a slash is a volume. ``networks`` match by name, a job
    on the host itself being on ``host``. A job that names no limit gets the maximum.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: Rule = Rule()
    commands: Rule = Rule()
    mounts: Rule = Rule(deny=PROTECTED_PATHS)
    networks: Rule = Rule()
    executors: Rule = Rule()
    max_memory: Size | None = Field(None, description="Largest memory limit of a job.")
    max_cpus: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="Most CPUs of a job."
    )
    max_pids: Annotated[int, Field(ge=1)] | None = Field(None, description="Most processes of a job.")
    max_timeout: Duration | None = Field(None, description="Longest total timeout of a job.")
    remediate: tuple[Action, ...] = Field(
        (), description="What may be done about a failure when somebody says so; never by itself."
    )


def apply(policy: Policy, spec: JobSpec) -> JobSpec:
    """The job as it may run: checked, and with the maximum where it names no limit.

    Raises ``forbidden`` as :func:`check` does.
    """
    check(policy, spec)
    limits = {
        "memory": policy.max_memory,
        "cpus": policy.max_cpus,
        "pids": policy.max_pids,
        "timeout": policy.max_timeout,
    }
    missing = {
        name: most for name, most in limits.items() if most is not None and getattr(spec, name) is None
    }
    return spec.model_copy(update=missing) if missing else spec


def check(policy: Policy, spec: JobSpec, *, resolve: Resolve = os.path.realpath) -> None:
    """Raise ``forbidden``, naming the rule, the value and what would be allowed, if a rule says no.

    ``resolve`` follows the links of a path of this host.
    """
    if spec.image is not None:
        _check_image(policy.images, spec.image)
    for step in spec.steps():
        _check_command(policy.commands, step)
    for mount in spec.mounts:
        _check_mount(policy.mounts, mount, resolve)
    network = spec.network or ("host" if spec.image is None else None)
    if network is not None:
        _check_name(policy.networks, "networks", network)
    if spec.executor is not None:
        _check_name(policy.executors, "executors", spec.executor)
    _check_most("memory", spec.memory, policy.max_memory, show_size)
    _check_most("cpus", spec.cpus, policy.max_cpus, str)
    _check_most("pids", spec.pids, policy.max_pids, str)
    _check_most("timeout", spec.timeout, policy.max_timeout, show_duration)


def _check_name(rule: Rule, kind: str, name: str) -> None:
    _deny(rule, kind, name, lambda pattern: fnmatchcase(name, pattern))
    _require(rule, kind, name, lambda pattern: fnmatchcase(name, pattern))


# --- images


def _check_image(rule: Rule, image: str) -> None:
    repository, tag, digest = _image_parts(image)
    tagged = f"{repository}:{tag or 'latest'}"
    whole = f"{repository}:{tag}@{digest}" if tag else f"{repository}@{digest}"
    # An engine that is given a digest ignores the tag beside it: such a tag allows nothing.
    allowing = {repository, f"{repository}@{digest}", whole} if digest else {repository, tagged}
    denying = allowing | ({f"{repository}:{tag}"} if tag else set())

    def among(forms: set[str]) -> Callable[[str], bool]:
        return lambda pattern: any(fnmatchcase(form, _familiar(pattern)) for form in forms)

    _deny(rule, "images", image, among(denying))
    _require(rule, "images", image, among(allowing))


def _image_parts(image: str) -> tuple[str, str | None, str | None]:
    """Familiar repository, tag and digest of an image reference."""
    rest, _, digest = _familiar(image).partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:  # the colon belongs to a registry's port
        head, tag = rest, ""
    return head, tag or None, digest or None


def _familiar(image: str) -> str:
    """A reference without what Docker Hub adds by default; works on patterns too."""
    host, slash, rest = image.partition("/")
    if not slash or not ("." in host or ":" in host or host.lower() == "localhost"):
        return rest if slash and host == "library" else image
    if host.lower() in ("docker.io", "index.docker.io"):
        return rest.removeprefix("library/")
    return f"{host.lower()}/{rest}"


# --- commands


def _check_command(rule: Rule, step: tuple[str, ...]) -> None:
    """All that a step is seen to start must pass.

    A shell line passes an allow list if the shell is allowed by name, or if all its commands can
    be read and are allowed.
    """
    commands = list(commands_within(step))
    for command in commands:
        _deny(rule, "commands", command.line, lambda pattern, c=command: c.matches(pattern))  # type: ignore[misc]
    outer, inner = commands[0], commands[1:]
    if any(outer.matches(pattern) for pattern in rule.allow):
        return
    if not is_shell_line(step) or not inner or hides_commands(step):
        _require(rule, "commands", outer.line, lambda _: False)
    for command in inner:
        _require(rule, "commands", command.line, lambda pattern, c=command: c.matches(pattern))  # type: ignore[misc]


# --- mounts


def _check_mount(rule: Rule, mount: Mount, resolve: Resolve) -> None:
    source = mount.source
    if "/" not in source and not source.startswith((".", "~")):  # a volume's name
        _check_name(rule, "mounts", source)
        return
    real = _parts(resolve(source))
    ways = [real, _parts(os.path.normpath(os.path.abspath(source)))]  # noqa: PTH100  lexical on purpose

    def touches(pattern: str) -> bool:
        return any(_meet(parts, way) for parts in _patterns(pattern, resolve) for way in ways)

    def covers(pattern: str) -> bool:
        return any(len(parts) <= len(real) and _meet(parts, real) for parts in _patterns(pattern, resolve))

    _deny(rule, "mounts", source, touches)
    _require(rule, "mounts", source, covers)


def _patterns(pattern: str, resolve: Resolve) -> Iterable[list[str]]:
    """A pattern as names to match one by one: as written and, if it is plainly a path, resolved."""
    if pattern in ("*", "**", "/*", "/**"):
        return [[]]
    if not pattern.startswith("/"):
        return []  # a volume's name
    written = _parts(os.path.normpath(pattern))
    return [written] if "*" in pattern else [written, _parts(resolve(pattern))]


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _meet(pattern: list[str], path: list[str]) -> bool:
    """Whether one of them lies at or below the other."""
    return all(fnmatchcase(name, wanted) for wanted, name in zip(pattern, path, strict=False))


# --- what is raised


def _deny(rule: Rule, kind: str, value: str, matches: Callable[[str], bool]) -> None:
    for pattern in rule.deny:
        if matches(pattern):
            raise _refusal(rule, kind, value, f"{kind}.deny has {pattern!r}")


def _require(rule: Rule, kind: str, value: str, matches: Callable[[str], bool]) -> None:
    if not any(matches(pattern) for pattern in rule.allow):
        raise _refusal(rule, kind, value, f"nothing in {kind}.allow matches it")


def _refusal(rule: Rule, kind: str, value: str, why: str) -> OrcaError:
    shown = value if len(value) <= 120 else value[:119] + "…"
    allowed = ", ".join(rule.allow) or "nothing"
    but = f", but not {', '.join(rule.deny)}" if rule.deny else ""
    return forbidden(
        f"the policy forbids {shown!r}: {why}", where=f"policy.{kind}", hint=f"Allowed: {allowed}{but}."
    )


def _check_most(field: str, asked: float | None, most: float | None, show: Callable[[float], str]) -> None:
    if asked is not None and most is not None and asked > most:
        raise forbidden(
            f"the policy forbids {field} of {show(asked)}: max_{field} is {show(most)}",
            where=f"policy.max_{field}",
            hint=f"Ask for {show(most)} or less.",
        )
