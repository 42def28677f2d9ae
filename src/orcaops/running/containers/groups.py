"""ContainerGroups: the control groups below which the containers of one installation run.

Each container gets one of its own, which outlives it, so that what it used can be read after its end. They
lie directly below the root, so that each goes as a whole, and their names tell whose they are.
"""

import hashlib

from orcaops.running.cgroup import Cgroup, can_remove_groups, group_names, open_cgroup
from orcaops.running.engine.api import Engine

_SYSTEMD = "systemd"


class ContainerGroups:
    """The groups of one ``installation``; each is known by what its container was made for.

    That is the id of a job, of a sandbox, or of what stands ready.
    """

    def __init__(self, engine: Engine, installation: str) -> None:
        self._engine = engine
        self._installation = installation

    def of(self, owner: str) -> Cgroup | None:
        """The group, whether it exists yet or not; None where it could not be read or removed from here."""
        if not self._engine.facts().local or not can_remove_groups():
            return None
        return open_cgroup(self.name(owner))

    def name(self, owner: str) -> str:
        """What the kernel calls it."""
        return cgroup_name(self._installation, owner, self._driver)

    def parent(self, owner: str) -> str:
        """What an engine is told, so that it puts a container below it."""
        name = self.name(owner)
        return name if self._driver == _SYSTEMD else f"/{name}"

    def existing(self) -> list[str]:
        """The names of all that the kernel has now; none where the engine is on another machine."""
        if not self._engine.facts().local:
            return []
        return group_names(cgroup_prefix(self._installation, self._driver))

    @property
    def _driver(self) -> str:
        return self._engine.facts().cgroup_driver


def cgroup_prefix(installation: str, driver: str) -> str:
    """How the names of all control groups of one installation begin."""
    mark = hashlib.sha256(installation.encode()).hexdigest()[:10]
    return f"orcaops_{mark}_" if driver == _SYSTEMD else f"orcaops-{mark}-"


def cgroup_name(installation: str, owner: str, driver: str) -> str:
    """The name of one of them.

    In the name of a systemd slice ``-`` means nesting, so the owner is named by a digest there.
    """
    prefix = cgroup_prefix(installation, driver)
    if driver == _SYSTEMD:
        return f"{prefix}{hashlib.sha256(owner.encode()).hexdigest()[:16]}.slice"
    return prefix + owner
