"""Placement: which executor runs a job, and whether it can keep what the job asks for.

A limit that an executor cannot enforce is refused before anything starts; it is never ignored.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from orcaops.model.errors import conflict, invalid, unavailable
from orcaops.model.job import JobSpec
from orcaops.running.executor import Capabilities, Executor

_CONTAINERS = "docker"
_LOCAL = "process"


def place(spec: JobSpec, executors: Mapping[str, Executor], *, default: str | None = None) -> Executor:
    """The executor that will run the job, asked whether it can run something now.

    ``default`` names the executor of jobs that name neither one nor an image. Raises ``invalid`` as
    :func:`choose` does, and ``unavailable`` if the executor cannot.
    """
    can = {name: executor.capabilities for name, executor in executors.items()}
    name = choose(spec, can, default=default)
    health = executors[name].probe()
    if not health.usable:
        raise unavailable(
            f"the {name} executor cannot run anything now: {health.sentence}",
            where="executor",
            hint="Try again when it answers; `orcaops doctor` says more."
            + ("" if spec.image else " Or name another with --executor."),
        )
    return executors[name]


def choose(spec: JobSpec, capabilities: Mapping[str, Capabilities], *, default: str | None = None) -> str:
    """The name of the executor for a job, out of those there are. Pure.

    The one that the job names; else for an image ``docker`` or the first that runs images, and
    without one ``default``, ``process``, or the first that needs none. A job with an image never
    runs on the host.

    Raises ``invalid`` if there is no such executor, and ``conflict``, naming the field, if it cannot enforce
    what is asked.
    """
    name = spec.executor or (default if spec.image is None else None) or _default(spec, capabilities)
    if name not in capabilities:
        known = ", ".join(sorted(capabilities)) or "none"
        raise invalid(f"there is no executor {name!r}", where="executor", hint=f"Configured here: {known}.")
    _check(spec, name, capabilities[name])
    return name


def _default(spec: JobSpec, capabilities: Mapping[str, Capabilities]) -> str:
    wants_image = spec.image is not None
    preferred = _CONTAINERS if wants_image else _LOCAL
    if preferred in capabilities:
        return preferred
    for name, can in capabilities.items():
        if can.images if wants_image else not can.needs_image:
            return name
    return preferred


def _check(spec: JobSpec, name: str, can: Capabilities) -> None:
    if spec.image is not None and not can.images:
        raise conflict(
            f"the {name} executor runs no images, and a job with an image never runs on the host",
            where="image",
            hint="Leave the image out, or use an executor that runs containers.",
        )
    if spec.image is None and can.needs_image:
        raise conflict(
            f"the {name} executor needs an image",
            where="image",
            hint="Add --image, or use --executor process.",
        )
    for field, able in (("memory", can.memory), ("cpus", can.cpus), ("pids", can.pids)):
        if getattr(spec, field) is not None and not able:
            raise conflict(
                f"the {name} executor cannot enforce a limit of {field} here",
                where=field,
                hint=f"Leave {field} out, or run the job in a container with --image.",
            )
    if spec.mounts and not can.mounts:
        raise conflict(
            f"the {name} executor cannot mount anything",
            where="mounts",
            hint="Leave the mounts out (local processes see the host's files anyway), or use --image.",
        )
    if spec.network is not None and can.networks is not None and spec.network not in can.networks:
        offered = ", ".join(sorted(can.networks)) or "nothing to choose"
        raise conflict(
            f"the {name} executor cannot enforce network {spec.network!r}",
            where="network",
            hint=f"It offers: {offered}. Leave network out, or run the job in a container with --image.",
        )
    for pattern in spec.artifacts:
        path = PurePosixPath(pattern)
        if ".." in path.parts or (path.is_absolute() and not can.images):
            raise conflict(
                f"artifact pattern {pattern!r} leaves the job's working directory",
                where="artifacts",
                hint="Write patterns relative to the working directory and without '..'.",
            )
