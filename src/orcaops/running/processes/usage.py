"""ProcessUsage: what the commands of one local run consumed, as the kernel accounts for it.

CPU time, and the blocks read and written, come from ``wait4``: exact, over a command and all descendants
that were waited for. Memory is of the largest single process. ``ru_maxrss`` is the kernel's
own mark, but a new process takes over its parent's mark, so it says something only where it lies
above what OrcaOps itself has held; below that the kernel's per-process mark (``VmHWM``) is looked up while
the command runs: a lower bound, said to be ``sampled``.
"""

import resource
import time
from pathlib import Path

from orcaops.model.run import Usage

_FIRST_LOOK_S = 0.005
_LONGEST_LOOK_S = 0.5
# The kernel keeps counters of memory per CPU and adds them up late: two marks of a process differ a little.
_MARKS_DIFFER = 1.02
_BLOCK_BYTES = 512  # the unit of ru_inblock and ru_oublock, whatever the file system's is


class ProcessUsage:
    """Adds up the commands of a run, one after the other."""

    def __init__(self) -> None:
        self._user_s = 0.0
        self._system_s = 0.0
        self._read = 0
        self._written = 0
        self._exact_bytes = 0
        self._sampled_bytes = 0
        self._samples = 0
        self._commands = 0
        self._pid = 0
        self._floor_bytes = 0
        self._pause_s = _FIRST_LOOK_S
        self._next_look = 0.0

    def begin(self, pid: int) -> None:
        """A command was started just now."""
        self._pid = pid
        self._floor_bytes = _high_water_bytes("self")
        self._pause_s = _FIRST_LOOK_S
        self._next_look = time.monotonic() + self._pause_s

    def next_look_s(self) -> float:
        """Seconds until the next look is due."""
        return max(0.0, self._next_look - time.monotonic())

    def look(self) -> None:
        """Look at the command's processes if it is time to: often at first, then twice a second."""
        if time.monotonic() < self._next_look:
            return
        self._pause_s = min(_LONGEST_LOOK_S, self._pause_s * 2)
        self._next_look = time.monotonic() + self._pause_s
        largest = max((_high_water_bytes(str(pid)) for pid in _with_descendants(self._pid)), default=0)
        if largest:
            self._samples += 1
            self._sampled_bytes = max(self._sampled_bytes, largest)

    def end(self, used: resource.struct_rusage) -> None:
        """The command has been waited for."""
        self._commands += 1
        self._user_s += used.ru_utime
        self._system_s += used.ru_stime
        self._read += used.ru_inblock * _BLOCK_BYTES
        self._written += used.ru_oublock * _BLOCK_BYTES
        if used.ru_maxrss * 1024 > self._floor_bytes * _MARKS_DIFFER:
            self._exact_bytes = max(self._exact_bytes, used.ru_maxrss * 1024)

    def total(self, *, complete: bool) -> Usage:
        """All of it; not ``complete`` if something was killed that nobody has waited for."""
        if not self._commands:
            return Usage()
        is_exact = self._exact_bytes > 0 and self._exact_bytes * _MARKS_DIFFER >= self._sampled_bytes
        resident = max(self._exact_bytes, self._sampled_bytes) or None
        return Usage(
            cpu_seconds=self._user_s + self._system_s,
            cpu_user_seconds=self._user_s,
            cpu_system_seconds=self._system_s,
            memory_resident_bytes=resident,
            memory_resident_basis=None if resident is None else "exact" if is_exact else "sampled",
            memory_samples=self._samples,
            disk_read_bytes=self._read,
            disk_written_bytes=self._written,
            exact=complete,
            basis="rusage",
        )


def _high_water_bytes(process: str) -> int:
    """The most that a process has held in memory since it was executed; 0 if it is gone."""
    try:
        status = Path("/proc", process, "status").read_bytes()
    except OSError:
        return 0
    start = status.find(b"VmHWM:")
    return int(status[start + 6 : status.index(b"kB", start)]) * 1024 if start >= 0 else 0


def _with_descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:  # grows while it is walked
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_bytes()
        except OSError:
            continue
        found.extend(int(child) for child in children.split())
    return found
