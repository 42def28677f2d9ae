"""ContainerHosts: the ``/etc/hosts`` of containers that have no network.

Docker spends as much time on an empty network as on the rest of a container together
(``python -m benchmarks running`` shows what a run costs). A container whose network is disabled has a
network namespace of its own all the same, with nothing in it but the loopback; what it lacks is the file
in which ``localhost`` stands. So it is lent one, which is its own to write to and goes with it.
"""

import contextlib
import time
from pathlib import Path
from typing import Any

from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineRefusedError
from orcaops.running.engine.reaching import EngineFacts

_TARGET = "/etc/hosts"
_BEING_MADE_S = 120.0
_TEXT = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"


class ContainerHosts:
    """Files for the containers of one installation, one each, in ``folder``; none where that is None."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def lend(self, container: str, facts: EngineFacts) -> Path | None:
        """A new file for the container of that name; None where it would not help, or could not be seen.

        Only Docker gains from it. A file of this machine cannot be given to a container where the engine is
        elsewhere, maps users to others, or labels files.
        """
        if self._folder is None or not facts.local or facts.name != "Docker":
            return None
        if "userns" in facts.security or "selinux" in facts.security:
            return None
        path = self._folder / container
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_text(_TEXT, "ascii")
            path.chmod(0o644)  # whoever the job runs as reads it, too
        except OSError:  # no disk: the engine writes a file of its own, or says so
            return None
        return path

    def opened(
        self, body: dict[str, Any], container: str, facts: EngineFacts, *, seen: bool
    ) -> dict[str, Any]:
        """The request for a container of that name, made cheap where it has no network; else as it was.

        ``seen`` says whether the engine sees the same files as we do, which is known from its control groups.
        """
        if not seen or body["HostConfig"].get("NetworkMode") != "none":
            return body
        hosts = self.lend(container, facts)
        return body if hosts is None else with_hosts(body, hosts)

    def take_back(self, container: str) -> None:
        """The container is gone, or nobody needs its file any more."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / container).unlink()

    def lent(self) -> list[str]:
        """The names of the containers that have one."""
        if self._folder is None or not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir())

    def is_new(self, container: str) -> bool:
        """Whether it was lent so recently that its container may be about to be made."""
        if self._folder is None:
            return False
        try:
            return time.time() - (self._folder / container).stat().st_mtime < _BEING_MADE_S
        except OSError:
            return False


def with_hosts(body: dict[str, Any], hosts: Path) -> dict[str, Any]:
    """The request for a container without a network, made cheap by lending it this file.

    A file that the job mounts there itself stays.
    """
    mounts = body["HostConfig"].get("Mounts", [])
    if all(mount["Target"] != _TARGET for mount in mounts):
        lent = {"Type": "bind", "Source": str(hosts), "Target": _TARGET, "ReadOnly": False}
        mounts = [*mounts, lent]
    return {**body, "NetworkDisabled": True, "HostConfig": {**body["HostConfig"], "Mounts": mounts}}


def without_hosts(body: dict[str, Any], refusal: str) -> dict[str, Any] | None:
    """The same request without it, where the engine says that it does not see the file; None where it does.

    An engine can keep its control groups where we see them, and its files elsewhere.
    """
    mounts = body["HostConfig"].get("Mounts", [])
    ours = next((mount for mount in mounts if mount["Target"] == _TARGET), None)
    if not body.get("NetworkDisabled") or ours is None or ours["Source"] not in refusal:
        return None
    rest = [mount for mount in mounts if mount is not ours]
    plain = {name: value for name, value in body.items() if name != "NetworkDisabled"}
    return {**plain, "HostConfig": {**body["HostConfig"], "Mounts": rest}}


def create(engine: Engine, name: str, body: dict[str, Any]) -> tuple[str, list[str]]:
    """Create a container; once more without the lent file where the engine does not see it."""
    try:
        return engine.create(name, body)
    except EngineRefusedError as error:
        if (other := without_hosts(body, str(error))) is None:
            raise
    return engine.create(name, other)
