"""ContainerRequest: from what a job asks for to what the engine is asked for. Pure but for mount sources."""

import os
import re
from dataclasses import dataclass
from typing import Any

from orcaops.model.job import JobSpec
from orcaops.model.run import Run
from orcaops.running.containers.script import script_of

LABEL = "orcaops"
LABEL_JOB = "orcaops.job_id"
LABEL_HOME = "orcaops.home"
LABEL_WORKSPACE = "orcaops.workspace"
LABEL_WORD = "orcaops.step_word"
LABEL_WARM = "orcaops.warm_id"
LABEL_OWNER = "orcaops.owner"
LABEL_SANDBOX = "orcaops.sandbox_id"

_LOG = {"Type": "json-file", "Config": {"max-size": "64m", "max-file": "2"}}
LOG_KEPT_BYTES = 64 << 20  # at least this much of the newest output can be replayed by whoever adopts
_PERIOD_NS = 1_000_000_000


class JobRefusedError(ValueError):
    """The job asks for something that a container here must not or cannot have."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What every container gets that does not ask for something else."""

    pids: int
    memory_bytes: int | None


def container_name(job_id: str) -> str:
    """What the container of a job is called."""
    return f"orcaops-{job_id}"


def warm_name(warm_id: str) -> str:
    """What a container is called while it stands ready for no job in particular."""
    return f"orcaops-{warm_id}"


def sandbox_name(sandbox_id: str) -> str:
    """What the container of a sandbox is called."""
    return f"orcaops-sandbox-{sandbox_id}"


def container_body(
    run: Run,
    spec: JobSpec,
    ceilings: Ceilings,
    *,
    installation: str,
    word: str,
    cgroup_parent: str | None,
    check_mounts: bool,
) -> dict[str, Any]:
    """The body of the request that creates a job's container. Raises :class:`JobRefusedError`.

    Hardened: no capability, no new privileges, an init as PID 1, a limit of processes, no network
    unless one is asked for, and no swap beyond the memory limit.
    """
    steps = spec.steps()
    memory = spec.memory or ceilings.memory_bytes
    env = [f"{name}={value}" for name, value in spec.env.items()]
    if len(steps) > 1:
        env.append("TINI_KILL_PROCESS_GROUP=1")
    host: dict[str, Any] = {
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Init": True,
        "PidsLimit": spec.pids or ceilings.pids,
        "NetworkMode": _network(spec.network),
        "LogConfig": _LOG,
    }
    host |= limits_body(memory, spec.cpus)
    if spec.mounts:
        host["Mounts"] = [
            {
                "Type": "bind",
                "Source": _source(mount.source, check=check_mounts),
                "Target": mount.target,
                "ReadOnly": mount.read_only,
            }
            for mount in spec.mounts
        ]
    if cgroup_parent is not None:
        host["CgroupParent"] = cgroup_parent
    body: dict[str, Any] = {
        "Image": spec.image,
        "Env": env,
        "Labels": {
            LABEL: "1",
            LABEL_JOB: run.job_id,
            LABEL_HOME: installation,
            LABEL_WORKSPACE: run.workspace,
            LABEL_WORD: word,
        },
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": host,
    }
    if spec.cwd is not None:
        body["WorkingDir"] = spec.cwd
    if len(steps) > 1:
        body |= {"Entrypoint": ["sh", "-c"], "Cmd": [script_of(steps, word)]}
    else:
        body["Cmd"] = list(steps[0])  # behind the image's entry point if it has one, as with `docker run`
    return body


def limits_body(memory_bytes: int | None, cpus: float | None) -> dict[str, int]:
    """The limits that are set, as an engine takes them: no swap beyond the memory."""
    limits = {} if memory_bytes is None else {"Memory": memory_bytes, "MemorySwap": memory_bytes}
    return limits if cpus is None else limits | {"NanoCpus": round(cpus * _PERIOD_NS)}


def limits_ignored(warnings: list[str]) -> list[str]:
    """Those of an engine's warnings that say a limit which was asked for will not be kept."""
    return [text for text in warnings if re.search("discarded", text, re.IGNORECASE)]


def _network(name: str | None) -> str:
    network = name or "none"
    if network == "host" or ":" in network:
        raise JobRefusedError(f"the network {network!r} would share that of the host or of another container")
    return network


def _source(source: str, *, check: bool) -> str:
    path = os.path.abspath(os.path.expanduser(source))  # noqa: PTH100, PTH111 - links stay as the user wrote them
    if check and not os.path.exists(path):  # noqa: PTH110
        raise JobRefusedError(
            f"the mount source {source!r} does not exist; create it first, it is never made for you"
        )
    return path
