"""ProcessLimits: a control group that holds the processes of one local run to its limits.

It takes the right to make control groups, in practice root outside of a container. A command
enters the group before it is executed, so all that it starts is in there too, whatever it does
to its parents, session and environment: the limits, the counters and the list of processes are whole.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from orcaops.model.identity import content_id
from orcaops.model.job import JobSpec
from orcaops.model.run import Usage
from orcaops.running.cgroup import CGROUP_ROOT, Cgroup, cgroup_version, group_names, open_cgroup

_CONTROLLERS = ("memory", "cpu", "pids")
_PERIOD_US = 100_000  # the kernel's default: within 100 ms a job may use its CPUs for that much time


def can_limit(root: Path = CGROUP_ROOT) -> bool:
    """Whether groups with limits of memory, CPUs and processes can be made here."""
    version = cgroup_version(root)
    if version == 1:
        return all(os.access(root / name, os.W_OK | os.X_OK) for name in (*_CONTROLLERS, "cpuacct"))
    if version == 2:
        enabled = (root / "cgroup.subtree_control").read_text().split()
        return set(_CONTROLLERS) <= set(enabled) and os.access(root, os.W_OK | os.X_OK)
    return False


class ProcessLimits:
    """The group of one run; it is there from :meth:`create` to :meth:`remove`."""

    def __init__(self, installation: str, job_id: str, root: Path = CGROUP_ROOT) -> None:
        name = _prefix(installation) + job_id
        self._group: Cgroup | None = open_cgroup(name, root)
        version = cgroup_version(root)
        controllers = (*_CONTROLLERS, "cpuacct")
        self._folders = [root / name] if version == 2 else [root / each / name for each in controllers]
        self._version = version

    def create(self, spec: JobSpec) -> None:
        """Make the group and set the limits that the job names. Raises ``OSError``."""
        for folder in self._folders:
            folder.mkdir(exist_ok=True)
        self._write(self._settings(spec))

    def change(self, spec: JobSpec) -> None:
        """Set larger limits than those in force, while the run goes on. Raises ``OSError``."""
        # The other way round: without swap may not be set above with.
        self._write(dict(reversed(self._settings(spec).items())))

    def _write(self, settings: Mapping[str, str]) -> None:
        for name, value in settings.items():
            for folder in self._folders:
                if (file := folder / name).exists():
                    file.write_text(value)

    def entering(self, command: Sequence[str]) -> tuple[str, ...]:
        """A command that enters the group and then becomes this one.

        It is a shell, so a script without ``#!`` is run where without limits it would be refused.
        """
        enter = " && ".join(
            f"echo 0 > {shlex.quote(str(folder / 'cgroup.procs'))}" for folder in self._folders
        )
        script = f'{{ {enter}; }} || exit 125; exec "$@"'
        return ("/bin/sh", "-c", script, "orcaops", *command)

    def processes(self) -> list[int]:
        """The ids of all processes of the run that are alive."""
        return self._group.processes() if self._group is not None and self._group.exists() else []

    def oom_kills(self) -> int:
        """How many of its processes the kernel killed because the memory limit was reached."""
        return (self._group.oom_kills() or 0) if self._group is not None else 0

    def usage(self, usage: Usage) -> Usage:
        """What the group's counters say, over what is known from elsewhere."""
        group = self._group
        cpu = group.cpu() if group is not None else None
        if group is None or cpu is None:
            return usage
        return usage.model_copy(
            update={
                "cpu_seconds": cpu.total_s,
                "cpu_user_seconds": cpu.user_s,
                "cpu_system_seconds": cpu.system_s,
                "memory_peak_bytes": group.memory_peak_bytes(),
                "throttled_seconds": group.throttled_s(),
                "oom_kills": group.oom_kills(),
                "exact": True,
                "basis": f"cgroup_v{self._version}",
            }
        )

    def remove(self) -> bool:
        """Remove the group, which is empty by now; whether it is gone."""
        return self._group is None or self._group.remove()

    def _settings(self, spec: JobSpec) -> dict[str, str]:
        # In this order: with swap may not be set below without.
        settings: dict[str, str] = {}
        if spec.memory is not None:
            if self._version == 2:
                settings |= {"memory.max": str(spec.memory), "memory.swap.max": "0"}
            else:
                settings["memory.limit_in_bytes"] = str(spec.memory)
                settings["memory.memsw.limit_in_bytes"] = str(spec.memory)
        if spec.cpus is not None:
            quota = max(1000, round(spec.cpus * _PERIOD_US))  # the kernel takes no less than a millisecond
            if self._version == 2:
                settings["cpu.max"] = f"{quota} {_PERIOD_US}"
            else:
                settings |= {"cpu.cfs_period_us": str(_PERIOD_US), "cpu.cfs_quota_us": str(quota)}
        if spec.pids is not None:
            settings["pids.max"] = str(spec.pids)
        return settings


def limited_jobs(installation: str, root: Path = CGROUP_ROOT) -> list[str]:
    """The ids of the jobs of this installation that have a group."""
    prefix = _prefix(installation)
    return [name.removeprefix(prefix) for name in group_names(prefix, root)]


def _prefix(installation: str) -> str:
    return f"orcaops-local-{content_id(installation)[:8]}-"
