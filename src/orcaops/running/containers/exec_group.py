"""ExecGroup: a control group for one command inside a container that others use too.

It lies below the container's own group, so the container's limits hold for it, and it alone is counted and
stopped: whoever a command starts is in it, whatever session they make for themselves. It can be made
only where the engine runs on this machine and its groups may be written. What still runs when the
command has ended stays in the sandbox: it goes back into the container's group.
"""

import contextlib
import os
import signal
from pathlib import Path

from orcaops.running.cgroup import CGROUP_ROOT, Cgroup, CgroupV1, CgroupV2, cgroup_version, open_cgroup

_COUNTED = ("memory", "cpuacct", "blkio")


class ExecGroup:
    """The group of one command; ``open`` makes it."""

    def __init__(self, group: Cgroup, folders: list[tuple[Path, Path]]) -> None:
        self.counters = group
        """What was consumed in it."""
        self._folders = folders

    @classmethod
    def open(cls, container: Cgroup, name: str, process: int, root: Path = CGROUP_ROOT) -> "ExecGroup | None":
        """A group below that of the container, with the process in it; None where that cannot be."""
        made = cls._below(container, name, root)
        if made is None:
            return None
        try:
            for _, folder in made._folders:
                folder.mkdir()
            for _, folder in made._folders:
                (folder / "cgroup.procs").write_text(str(process))
        except OSError:
            made.close()
            return None
        return made

    @classmethod
    def find(cls, container: Cgroup, name: str, root: Path = CGROUP_ROOT) -> "ExecGroup | None":
        """The group of that name that somebody else opened; None where it is not there."""
        found = cls._below(container, name, root)
        return found if found is not None and all(folder.is_dir() for _, folder in found._folders) else None

    @classmethod
    def _below(cls, container: Cgroup, name: str, root: Path) -> "ExecGroup | None":
        if not isinstance(container, CgroupV1 | CgroupV2):
            return None
        group = open_cgroup(f"{container.path}/{name}", root)
        if group is None:
            return None
        homes = [root / container.path]
        if cgroup_version(root) == 1:
            homes = [root / controller / container.path for controller in _COUNTED]
            # Without it a group below would not count against the container's limit.
            if _read(homes[0] / "memory.use_hierarchy") != "1":
                homes = homes[1:]
        return cls(group, [(home, home / name) for home in homes])

    def processes(self) -> list[int]:
        """Whoever is in it, by the ids of this machine."""
        return [int(word) for word in _read(self._folders[-1][1] / "cgroup.procs").split()]

    def send(self, number: int) -> None:
        """Send a signal to everybody in it; KILL until nobody is left."""
        for _ in range(100 if number == signal.SIGKILL else 1):
            processes = self.processes()
            for process in processes:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, number)
            if not processes:
                return

    def close(self) -> None:
        """Give back who is left to the container, and remove the group."""
        for home, folder in self._folders:
            for _ in range(3):
                for process in _read(folder / "cgroup.procs").split():
                    with contextlib.suppress(OSError):
                        (home / "cgroup.procs").write_text(process)
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
