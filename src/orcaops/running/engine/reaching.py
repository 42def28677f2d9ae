"""Where an engine is found, in which version of its API it is spoken to, and what it is."""

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orcaops.running.engine.errors import EngineGoneError

ANSWER_WITHIN_S = 120.0
PROBE_WITHIN_S = 3.0

_LOCAL_SOCKETS = (
    "/var/run/docker.sock",
    "{runtime}/docker.sock",
    "~/.docker/run/docker.sock",
    "/run/podman/podman.sock",
    "{runtime}/podman/podman.sock",
)
_OLDEST_API = (1, 40)
_NEWEST_API = (1, 47)  # the newest whose answers this room knows
_CONNECTIONS_KEPT = 64


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine is: asked once per connection."""

    name: str
    version: str
    api_version: str
    cgroup_version: int
    cgroup_driver: str
    local: bool
    security: tuple[str, ...] = ()
    """What sets its containers apart, by name: ``seccomp``, ``selinux``, ``userns``, ``rootless``…"""


def reach(base_url: str | None) -> Any:
    """A client of the engine: at ``base_url``, at ``DOCKER_HOST``, or at one of the usual local sockets.

    Raises :class:`EngineGoneError` where nobody listens; to be asked what it is by :func:`facts_of`.
    """
    from docker import APIClient
    from docker.utils import kwargs_from_env

    options = kwargs_from_env()
    if base_url:
        options["base_url"] = base_url
    options.setdefault("base_url", _local_socket())
    _knock(options["base_url"])
    client = APIClient(
        **options,
        version="{}.{}".format(*_OLDEST_API),  # none is negotiated: `facts_of` sees what the ping says
        timeout=ANSWER_WITHIN_S,
        max_pool_size=_CONNECTIONS_KEPT,
    )
    client.trust_env = False  # proxies of the environment are for the internet; looking them up costs 1 ms
    return client


def _local_socket() -> str | None:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "/run")
    for pattern in _LOCAL_SOCKETS:
        # Not Path: it raises where a user has no folder, and then there is no socket in it either.
        path = os.path.expanduser(pattern.format(runtime=runtime))  # noqa: PTH111
        if Path(path).is_socket():
            return f"unix://{path}"
    return None


def _knock(base_url: str | None) -> None:
    """Say in plain words that nobody listens at a local socket, before docker-py says it in its own."""
    if base_url is None:
        raise EngineGoneError("no container engine was found at any of the usual places")
    path = base_url.removeprefix("http+").removeprefix("unix://")
    if path == base_url:
        return
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(PROBE_WITHIN_S)
        try:
            door.connect(path)
        except OSError as error:
            raise EngineGoneError(f"no container engine answers at {path}: {error.strerror}") from error


def facts_of(client: Any) -> EngineFacts:
    """What the engine says of itself; from here on the client speaks the newest version that both know."""
    answer = client.get(client._url("/_ping", versioned_api=False), timeout=PROBE_WITHIN_S)
    client._raise_for_status(answer)
    offered = tuple(int(part) for part in answer.headers.get("Api-Version", "1.40").split("."))
    client._version = "{}.{}".format(*min(max(offered, _OLDEST_API), _NEWEST_API))
    facts = client.info()
    return EngineFacts(
        name="Podman" if "Libpod-API-Version" in answer.headers else "Docker",
        version=str(facts.get("ServerVersion", "?")),
        api_version=client._version,
        cgroup_version=int(facts.get("CgroupVersion") or 1),
        cgroup_driver=str(facts.get("CgroupDriver", "")),
        local=client.base_url == "http+docker://localhost",
        security=tuple(_security_names(facts.get("SecurityOptions") or ())),
    )


def _security_names(options: Iterable[str]) -> Iterator[str]:
    """The names in ``["name=seccomp,profile=default", …]``."""
    for option in options:
        fields = dict(part.partition("=")[::2] for part in option.split(","))
        if name := fields.get("name"):
            yield name
