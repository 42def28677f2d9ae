"""Cgroup: what the kernel has counted for a group of processes, in either version of control groups.

A run's container is placed below a group of its own, which outlives it, so that the figures of a run
that lasted 20 ms can be read after its end. Counters: ``memory.max_usage_in_bytes``, ``cpuacct.usage``
and ``blkio`` in version 1; ``memory.peak`` (Linux 5.19), ``cpu.stat`` and ``io.stat`` in version 2.
"""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CGROUP_ROOT = Path("/sys/fs/cgroup")
_REMOVE_TRIES = 20
_LARGEST_FILE = 1 << 16
_SYSTEMD_RUNS = Path("/run/systemd/system")  # as sd_booted(3) asks
_STOP_WITHIN_S = 10.0
_WATCHER = "conmon"  # Podman's own process, in a group whose name holds the container's id too
_REMOVE_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """CPU time in seconds."""

    total_s: float
    user_s: float | None = None
    system_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Bytes that reached a block device in the name of the group.

    Version 1 counts what was written through the page cache only if the group itself flushed it.
    """

    read_bytes: int
    written_bytes: int


class Cgroup(Protocol):
    """One group below one root; every reading is None where the kernel does not keep it."""

    version: int

    def exists(self) -> bool:
        """Whether the kernel has this group now."""

    def cpu(self) -> Cpu | None:
        """CPU time of all processes that ever were in the group or below it."""

    def memory_peak_bytes(self) -> int | None:
        """The high-water mark of memory, page cache included, of the group and those below it."""

    def resident_bytes(self) -> int | None:
        """Anonymous memory that the processes of the group and those below it hold now."""

    def disk(self) -> Disk | None:
        """Bytes read from and written to block devices."""

    def oom_kills(self) -> int | None:
        """Processes that the kernel killed for want of memory (version 1: in this very group)."""

    def throttled_s(self) -> float | None:
        """Seconds for which this very group had used up its CPU quota; version 2: or one right below it."""

    def processes(self) -> list[int]:
        """The ids of the processes in this very group; version 2: in those below it if none is in itself."""

    def child_of(self, container_id: str) -> "Cgroup | None":
        """The group that the engine made below this one for a container, if it is there."""

    def watcher(self) -> "Cgroup | None":
        """The group below this one in which the engine watches its container, if it has one."""

    def remove(self) -> bool:
        """Remove the empty group; whether it is gone."""


def cgroup_version(root: Path = CGROUP_ROOT) -> int | None:
    """1 or 2, or None if no control groups can be read here."""
    if (root / "cgroup.controllers").exists():
        return 2
    return 1 if (root / "memory").is_dir() and (root / "cpuacct").is_dir() else None


def open_cgroup(path: str, root: Path = CGROUP_ROOT) -> Cgroup | None:
    """The group at ``path``, whether it exists yet or not; None if none can be read here."""
    version = cgroup_version(root)
    if version is None:
        return None
    return CgroupV2(root, path) if version == 2 else CgroupV1(root, path)


def can_remove_groups(root: Path = CGROUP_ROOT) -> bool:
    """Whether this user may remove groups, so that none of a run's is left behind."""
    return os.access(root if cgroup_version(root) == 2 else root / "memory", os.W_OK)


def group_names(prefix: str, root: Path = CGROUP_ROOT) -> list[str]:
    """The names of the groups directly below the root that begin so."""
    folders = [root] if cgroup_version(root) == 2 else _folders_in(root)
    return sorted({path.name for folder in folders for path in _folders_in(folder, prefix)})


class CgroupV1:
    """A group of the same path in the hierarchy of every controller."""

    version = 1

    def __init__(self, root: Path, path: str) -> None:
        self._root = root
        self._path = path.strip("/")

    @property
    def path(self) -> str:
        """Where it lies below the root."""
        return self._path

    def _file(self, controller: str, name: str) -> str | None:
        return _text(f"{self._root}/{controller}/{self._path}/{controller}.{name}")

    def exists(self) -> bool:
        """Whether the kernel has this group now."""
        return (self._root / "memory" / self._path).is_dir()

    def cpu(self) -> Cpu | None:
        """From ``cpuacct.usage`` and its parts, in nanoseconds."""
        total, user, system = (
            _whole(self._file("cpuacct", name)) for name in ("usage", "usage_user", "usage_sys")
        )
        if total is None:
            return None
        return Cpu(
            total_s=total / 1e9,
            user_s=None if user is None else user / 1e9,
            system_s=None if system is None else system / 1e9,
        )

    def memory_peak_bytes(self) -> int | None:
        """From ``memory.max_usage_in_bytes``."""
        return _whole(self._file("memory", "max_usage_in_bytes"))

    def resident_bytes(self) -> int | None:
        """From ``total_rss`` in ``memory.stat``."""
        return _named(self._file("memory", "stat"), "total_rss")

    def disk(self) -> Disk | None:
        """From ``blkio.throttle.io_service_bytes_recursive``."""
        text = self._file("blkio", "throttle.io_service_bytes_recursive")
        if text is None:
            return None
        parts = [line.split() for line in text.splitlines()]
        return Disk(
            read_bytes=sum(int(p[2]) for p in parts if len(p) == 3 and p[1] == "Read"),
            written_bytes=sum(int(p[2]) for p in parts if len(p) == 3 and p[1] == "Write"),
        )

    def oom_kills(self) -> int | None:
        """From ``oom_kill`` in ``memory.oom_control``; not summed over groups below."""
        return _named(self._file("memory", "oom_control"), "oom_kill")

    def throttled_s(self) -> float | None:
        """From ``throttled_time`` in ``cpu.stat``, in nanoseconds."""
        throttled = _named(self._file("cpu", "stat"), "throttled_time")
        return None if throttled is None else throttled / 1e9

    def processes(self) -> list[int]:
        """From ``cgroup.procs`` in the hierarchy of the memory controller."""
        return _numbers(_text(f"{self._root}/memory/{self._path}/cgroup.procs"))

    def child_of(self, container_id: str) -> Cgroup | None:
        """The folder whose name holds the container's id."""
        name = _name_with(self._root / "memory" / self._path, container_id)
        return None if name is None else CgroupV1(self._root, f"{self._path}/{name}")

    def watcher(self) -> Cgroup | None:
        """The folder that is called after Podman's watcher."""
        name = _watcher_in(self._root / "cpuacct" / self._path)
        return None if name is None else CgroupV1(self._root, f"{self._path}/{name}")

    def remove(self) -> bool:
        """Remove the group from every hierarchy."""
        _stop_slice(self._path)
        gone = [_removed(controller / self._path) for controller in _folders_in(self._root)]
        return all(gone)


class CgroupV2:
    """A group in the one unified hierarchy."""

    version = 2

    def __init__(self, root: Path, path: str) -> None:
        self._root = root
        self._path = path.strip("/")
        self._folder = root / self._path

    @property
    def path(self) -> str:
        """Where it lies below the root."""
        return self._path

    def exists(self) -> bool:
        """Whether the kernel has this group now."""
        return self._folder.is_dir()

    def cpu(self) -> Cpu | None:
        """From ``cpu.stat``, in microseconds."""
        text = _text(self._folder / "cpu.stat")
        total, user, system = (_named(text, name) for name in ("usage_usec", "user_usec", "system_usec"))
        if total is None:
            return None
        return Cpu(
            total_s=total / 1e6,
            user_s=None if user is None else user / 1e6,
            system_s=None if system is None else system / 1e6,
        )

    def memory_peak_bytes(self) -> int | None:
        """From ``memory.peak``."""
        return _whole(_text(self._folder / "memory.peak"))

    def resident_bytes(self) -> int | None:
        """From ``anon`` in ``memory.stat``."""
        return _named(_text(self._folder / "memory.stat"), "anon")

    def disk(self) -> Disk | None:
        """From ``io.stat``."""
        text = _text(self._folder / "io.stat")
        if text is None:
            return None
        return Disk(
            read_bytes=sum(int(n) for n in re.findall(r"\brbytes=(\d+)", text)),
            written_bytes=sum(int(n) for n in re.findall(r"\bwbytes=(\d+)", text)),
        )

    def oom_kills(self) -> int | None:
        """From ``oom_kill`` in ``memory.events``, which is summed over groups below."""
        return _named(_text(self._folder / "memory.events"), "oom_kill")

    def throttled_s(self) -> float | None:
        """From ``throttled_usec`` in ``cpu.stat``."""
        groups = (self._folder, *_folders_in(self._folder))  # crun sets the quota one group further down
        throttled = [_named(_text(group / "cpu.stat"), "throttled_usec") for group in groups]
        known = [each for each in throttled if each is not None]
        return max(known) / 1e6 if known else None

    def processes(self) -> list[int]:
        """From ``cgroup.procs``, or from those of the groups below where a runtime (crun) has made one."""
        return _processes_below(self._folder)

    def child_of(self, container_id: str) -> Cgroup | None:
        """The folder whose name holds the container's id."""
        name = _name_with(self._folder, container_id)
        return None if name is None else CgroupV2(self._root, f"{self._path}/{name}")

    def watcher(self) -> Cgroup | None:
        """The folder that is called after Podman's watcher."""
        name = _watcher_in(self._folder)
        return None if name is None else CgroupV2(self._root, f"{self._path}/{name}")

    def remove(self) -> bool:
        """Remove the group."""
        _stop_slice(self._path)
        return _removed(self._folder)


def _text(path: str | Path) -> str | None:
    # Neither pathlib nor a text file: this is read hundreds of times a second while containers start.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, _LARGEST_FILE).decode("ascii", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None


def _numbers(text: str | None) -> list[int]:
    return [int(word) for word in (text or "").split() if word.isdigit()]


def _named(text: str | None, name: str) -> int | None:
    match = re.search(rf"^{name} (\d+)", text, re.MULTILINE) if text is not None else None
    return int(match[1]) if match else None


def _folders_in(folder: Path, prefix: str = "") -> list[Path]:
    def those() -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                if path.name.startswith(prefix) and path.is_dir() and not path.is_symlink():
                    yield path

    return list(those())


def _name_with(folder: Path, part: str) -> str | None:
    names = (path.name for path in _folders_in(folder))
    return next((name for name in names if part in name and _WATCHER not in name), None)


def _watcher_in(folder: Path) -> str | None:
    return next((path.name for path in _folders_in(folder) if _WATCHER in path.name), None)


def _processes_below(folder: Path) -> list[int]:
    found = _numbers(_text(folder / "cgroup.procs"))
    if not found:
        for below in _folders_in(folder):
            found += _processes_below(below)
    return found


def _stop_slice(path: str) -> None:
    """Let systemd end a slice that it made for us, folder and all; without it the unit stays active for ever.

    (``systemd-run --scope --slice=a.slice true``, then ``systemctl list-units 'a*'``.)
    """
    if path.endswith(".slice") and _SYSTEMD_RUNS.is_dir():
        # Where systemd cannot be asked (no such program, another's namespace) the folder is removed by hand.
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                ("systemctl", "--no-ask-password", "--quiet", "stop", path),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_STOP_WITHIN_S,
                check=False,
            )


def _removed(folder: Path) -> bool:
    for _ in range(_REMOVE_TRIES):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:  # the kernel has not yet let go of a process that has just ended
            for below, _, _ in os.walk(folder, topdown=False):  # what a runtime that was killed has left
                if below != str(folder):
                    with contextlib.suppress(OSError):
                        os.rmdir(below)  # noqa: PTH106 - it is a text
            time.sleep(_REMOVE_PAUSE_S)
        else:
            return True
    return False
