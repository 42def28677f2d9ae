"""ContainerMeter: what a run in a container consumed.

CPU time and the memory mark are read from the run's own control group when all is over: exact, also for
20 ms. What only shows while the container lives is looked at by a thread, every few milliseconds at first and
then ten times a second: what the processes hold, how many processors they use, how often the kernel killed
one for want of memory, what went over the network.

*The runtime's own share.* An engine's runtime sets a container up from inside its group, which
costs about 20 ms of CPU before the job's first instruction. The thread watches the group from the
beginning: as long as one of its processes is still the runtime's, all CPU time in it is the
runtime's, so the last such reading is subtracted (never below zero). If a run's set-up was over
before the first look, the smallest share that other runs of this process have shown is subtracted instead.
Podman has a process that watches the container, in a group beside the container's: what it takes is
subtracted as well.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from orcaops.model.run import Usage
from orcaops.running.cgroup import Cgroup, Cpu, Disk
from orcaops.running.containers.network_use import NetworkUse, bytes_of
from orcaops.running.cpu_peak import CpuPeak

_WATCH_S = 0.002
_FIRST_LOOK_S = 0.005
_LONGEST_LOOK_S = 0.1
_SLOWER = 1.25
_LARGEST_SHARE = 0.05  # of one CPU, that looking may cost
_RUNTIMES = ("runc", "crun", "youki")
_INITS = frozenset({"docker-init", "podman-init", "tini", "catatonit"})


class SetUpShares:
    """The smallest CPU time that setting up a container has been seen to take, over all runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._smallest: Cpu | None = None

    def seen(self, share: Cpu) -> None:
        """A run's set-up took so long."""
        with self._lock:
            if self._smallest is None or share.total_s < self._smallest.total_s:
                self._smallest = share

    def smallest(self) -> Cpu | None:
        """None before the first."""
        return self._smallest


class ContainerMeter:
    """Watches one container through the group ``parent`` that its own group lies in."""

    def __init__(self, parent: Cgroup, container: str, shares: SetUpShares, *, isolated: bool) -> None:
        self._parent = parent
        self._container = container
        self._shares = shares
        self._isolated = isolated
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="orcaops-meter", daemon=True)
        self._share: Cpu | None = None
        self._watcher: Cgroup | None = None
        self._resident = 0
        self._samples = 0
        self._throttled_s: float | None = None
        self._cpu_peak = CpuPeak()
        self._network = NetworkUse()
        self._stood_ready = False
        self._disk_before: Disk | None = None
        self._throttled_before_s = 0.0
        self.oom_kills: int | None = None
        self.set_up_until: datetime | None = None
        """When the runtime was last seen at work; the job's program began at most a few ms later."""

    def forget_what_was(self) -> None:
        """What the group has consumed until now is not the run's: its container stood ready before it.

        The memory mark stays: it holds the container's set-up, as that of every other run does, and a
        shell that waits holds less than that.
        """
        child = self._parent.child_of(self._container)
        self._stood_ready = True
        self._watcher = self._parent.watcher()
        self._share = self._cpu()
        self._disk_before = self._parent.disk()
        if child is not None:
            self._throttled_before_s = child.throttled_s() or 0.0
            processes = [pid for pid in child.processes() if _name(pid) not in _INITS]
            if processes and not self._isolated:
                self._network = NetworkUse(bytes_of(processes[0]) or (0, 0))

    def begin(self, *, running: bool = False) -> None:
        """Begin to look: before the container is started, or ``running`` already when it is adopted."""
        self._running = running
        self._thread.start()

    def end(self) -> Usage | None:
        """Everything, when the container has stopped and its group is still there; None without a group."""
        self._stop.set()
        self._thread.join()
        self._watcher = self._watcher or self._parent.watcher()
        cpu = self._cpu()
        if cpu is None:
            return None
        if self._parent.version == 2:
            self.oom_kills = self._parent.oom_kills()
        cpu = _without(cpu, self._share or self._shares.smallest())
        disk = self._parent.disk() or Disk(read_bytes=0, written_bytes=0)
        before = self._disk_before or Disk(read_bytes=0, written_bytes=0)
        received, sent = (0, 0) if self._isolated else self._network.bytes or (None, None)
        return Usage(
            cpu_seconds=cpu.total_s,
            cpu_user_seconds=cpu.user_s,
            cpu_system_seconds=cpu.system_s,
            cpu_peak_cores=self._cpu_peak.cores(),
            memory_peak_bytes=self._parent.memory_peak_bytes(),
            memory_resident_bytes=self._resident if self._samples else None,
            memory_resident_basis="sampled" if self._samples else None,
            memory_samples=self._samples,
            network_received_bytes=received,
            network_sent_bytes=sent,
            disk_read_bytes=max(0, disk.read_bytes - before.read_bytes),
            disk_written_bytes=max(0, disk.written_bytes - before.written_bytes),
            throttled_seconds=self._throttled_s,
            oom_kills=self.oom_kills,
            exact=True,
            basis=f"cgroup_v{self._parent.version}",
        )

    def _cpu(self) -> Cpu | None:
        """What the container has taken, and nobody who watches it."""
        cpu = self._parent.cpu()
        watching = self._watcher.cpu() if self._watcher is not None else None
        return cpu if cpu is None else _without(cpu, watching)

    def _watch(self) -> None:
        with self._network:
            self._watch_all()

    def _watch_all(self) -> None:
        child = self._watch_set_up()
        pause_s = _FIRST_LOOK_S
        if self._stood_ready and self._stop.wait(_FIRST_LOOK_S):
            return  # as short as this, others are not looked at either: what was there to see is the shell
        while child is not None:
            since = time.thread_time()
            self._look(child)
            pause_s = min(_LONGEST_LOOK_S, pause_s * _SLOWER)
            if self._over_within(max(pause_s, (time.thread_time() - since) / _LARGEST_SHARE)):
                self._look(child)
                return

    def _over_within(self, seconds: float) -> bool:
        """Wait, at most until the container has ended; whether it has."""
        ended = self._network.ended_within(seconds)
        if ended:
            self._network.look(())  # first of all: its interfaces are about to go
        return self._stop.wait(seconds) if ended is None else ended or self._stop.is_set()

    def _watch_set_up(self) -> Cgroup | None:
        """Wait until the job's own program has taken the place of the runtime's."""
        child: Cgroup | None = None
        while True:
            since = time.thread_time()
            if child is None:
                child = self._parent.child_of(self._container)
                self._watcher = self._parent.watcher() if child is not None else None
            if child is not None and self._running:
                return child
            if child is not None:
                cpu = self._cpu()  # before the names: what is the runtime's now was so then
                names = [_name(process) for process in child.processes()]
                if any(name.startswith(_RUNTIMES) for name in names):
                    self._share, self.set_up_until = cpu, datetime.now(UTC)
                elif names:
                    if self._share is not None:
                        self._shares.seen(self._share)
                    return child
                elif self._share is not None or not child.exists():
                    return None  # it was over before this look
            if self._stop.wait(max(_WATCH_S, (time.thread_time() - since) / _LARGEST_SHARE)):
                return None

    def _look(self, child: Cgroup) -> None:
        """One sample; the later values replace the earlier ones, but for what is the most of all."""
        at_s, cpu = time.monotonic(), self._cpu()
        if cpu is not None:
            self._cpu_peak.read(at_s, cpu.total_s)
        kills, throttled_s = child.oom_kills(), child.throttled_s()
        self.oom_kills = kills if kills is not None else self.oom_kills
        if throttled_s is not None:
            self._throttled_s = max(0.0, throttled_s - self._throttled_before_s)
        everything = child.processes()
        if not self._isolated:
            self._network.look(everything)
        processes = [pid for pid in everything if _name(pid) not in _INITS]
        if not processes:
            return
        held = self._parent.resident_bytes()
        if held is not None:
            # The mark of one process shows a spike between two looks; the marks of several need not
            # belong to the same moment, so they are not added up.
            self._resident = max(self._resident, held, *(_high_water_bytes(pid) for pid in processes))
            self._samples += 1


class EngineStats:
    """Where no control group can be read, the engine's own figures, about one a second: not exact."""

    def __init__(self, stats: Iterator[Mapping[str, Any]]) -> None:
        self._stats = stats
        self._thread = threading.Thread(target=self._follow, name="orcaops-stats", daemon=True)
        self._cpu: Cpu | None = None
        self._peak = 0
        self._network: tuple[int, int] | None = None
        self.oom_kills: int | None = None
        self.set_up_until: datetime | None = None

    def begin(self, *, running: bool = False) -> None:  # noqa: ARG002 - the engine knows by itself
        """Begin to follow the figures."""
        self._thread.start()

    def end(self) -> Usage | None:
        """The last figures of the container; None if it ended before there were any."""
        self._thread.join(timeout=1.0)
        if self._cpu is None:
            return None
        received, sent = self._network or (None, None)
        return Usage(
            cpu_seconds=self._cpu.total_s,
            cpu_user_seconds=self._cpu.user_s,
            cpu_system_seconds=self._cpu.system_s,
            memory_peak_bytes=self._peak or None,
            network_received_bytes=received,
            network_sent_bytes=sent,
            exact=False,
            basis="engine_stats",
        )

    def _follow(self) -> None:
        with contextlib.suppress(Exception):  # the container ended, or the engine went away: others notice
            for figures in self._stats:
                self._take(figures)

    def _take(self, figures: Mapping[str, Any]) -> None:
        cpu, memory = figures.get("cpu_stats", {}).get("cpu_usage", {}), figures.get("memory_stats", {})
        if not cpu.get("total_usage"):
            return
        self._cpu = Cpu(
            total_s=cpu["total_usage"] / 1e9,
            user_s=cpu.get("usage_in_usermode", 0) / 1e9,
            system_s=cpu.get("usage_in_kernelmode", 0) / 1e9,
        )
        self._peak = max(self._peak, memory.get("max_usage", 0), memory.get("usage", 0))
        if networks := figures.get("networks"):
            self._network = (
                sum(one["rx_bytes"] for one in networks.values()),
                sum(one["tx_bytes"] for one in networks.values()),
            )


def _without(cpu: Cpu, share: Cpu | None) -> Cpu:
    if share is None:
        return cpu

    def less(mine: float | None, its: float | None) -> float | None:
        return None if mine is None else max(0.0, mine - (its or 0.0))

    return Cpu(
        total_s=max(0.0, cpu.total_s - share.total_s),
        user_s=less(cpu.user_s, share.user_s),
        system_s=less(cpu.system_s, share.system_s),
    )


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - looked at hundreds of times a second
            return file.read()
    except OSError:
        return b""


def _name(process: int) -> str:
    return _read(f"/proc/{process}/comm").decode("utf-8", "replace").strip()


def _high_water_bytes(process: int) -> int:
    """The most anonymous and shared memory a process has held; its mapped files are not its own."""
    fields = dict(
        line.split(b":", 1) for line in _read(f"/proc/{process}/status").splitlines() if b":" in line
    )
    if b"VmHWM" not in fields:
        return 0
    mark, files = (int(fields.get(name, b"0").split()[0]) for name in (b"VmHWM", b"RssFile"))
    return max(0, mark - files) * 1024
