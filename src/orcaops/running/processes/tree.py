"""ProcessTree: all processes of one local run, whoever their parents and groups have become.

A process may leave its group, its session and its parent, but not the environment that it was started
with. So every process of a run carries two marks there, the job's id and the installation's,
and is found by them in ``/proc`` also after OrcaOps has been killed and restarted; a process
id that was given to somebody else meanwhile is never touched, because it does not carry the mark. To the
marked ones belong their descendants and what is in their sessions, which covers children that were given
another environment. What escapes: a process that does all of it, a new environment, a new session and
an exit of its parents, before anyone looks (unless a control group is
:meth:`included <ProcessTree.include>`); and processes of other users.

Without ``/proc`` only the leader's own group is known.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

JOB_VARIABLE = "ORCAOPS_JOB_ID"
INSTALLATION_VARIABLE = "ORCAOPS_INSTALLATION"

_PROC = Path("/proc")
_KERNEL_THREADS = 2  # the parent of all threads of the kernel, which have no environment either
_LONGEST_EXEC_S = 5.0  # on a machine that is short of processors and disk; else it is a millisecond
_LOOK_PAUSE_S = 0.002
_MOST_LOOKS = 4  # on a machine where somebody always ends


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """A process as ``/proc/<pid>/stat`` shows it; ``started`` is in clock ticks since boot.

    ``pid`` and ``started`` together name a process for ever; a ``pid`` alone is used again.
    """

    pid: int
    parent: int
    group: int
    session: int
    started: int
    zombie: bool


def read_entry(pid: int) -> ProcessEntry | None:
    """The entry of a process; None if there is none (any more)."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The name, in parentheses, may itself hold spaces and parentheses.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return ProcessEntry(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        started=int(fields[19]),
        zombie=fields[0] in (b"Z", b"X"),
    )


def all_entries() -> list[ProcessEntry]:
    """Every process that is alive."""
    return _looked_at()[0]


def _looked_at() -> tuple[list[ProcessEntry], bool]:
    """Every process that is alive, and whether one ended between being listed and being looked at.

    What such a one has started in its last moment may not have been listed yet.
    """
    try:
        names = os.listdir(_PROC)  # noqa: PTH208  a Path per process would cost more than its stat
    except OSError:
        return [], False
    found = [read_entry(int(name)) for name in names if name.isdigit()]
    return [entry for entry in found if entry is not None and not entry.zombie], None in found


def marks_of(pid: int) -> tuple[str, str] | None:
    """The (installation, job id) that a process was started with; None if it carries no marks."""
    return _marks_in(_environment(pid) or b"")


def _marks_in(environment: bytes) -> tuple[str, str] | None:
    found: dict[str, str] = {}
    for assignment in environment.split(b"\0"):
        if assignment.startswith(b"ORCAOPS_"):
            name, _, value = assignment.decode("utf-8", "replace").partition("=")
            found[name] = value
    if JOB_VARIABLE not in found or INSTALLATION_VARIABLE not in found:
        return None
    return found[INSTALLATION_VARIABLE], found[JOB_VARIABLE]


def _environment(pid: int) -> bytes | None:
    """What a process was started with; None if it may not be read; empty also while it is being executed."""
    return _read(pid, "environ")


def _read(pid: int, what: str) -> bytes | None:
    try:
        return (_PROC / str(pid) / what).read_bytes()
    except OSError:
        return None


class ProcessTree:
    """The processes of one run. Used from one thread."""

    def __init__(self, installation: str, job_id: str) -> None:
        self._marks = (installation, job_id)
        self._known: set[tuple[int, int]] = set()
        self._foreign: set[tuple[int, int]] = set()
        self._leaders: list[int] = []
        self._sessions: set[int] = set()
        self._first_start: int | None = None
        self._also: Callable[[], list[int]] = list

    def include(self, processes: Callable[[], list[int]]) -> None:
        """Who is in that list (of a control group) belongs to the run too."""
        self._also = processes

    def environment(self) -> dict[str, str]:
        """The marks, for the environment of everything that the run starts."""
        return {INSTALLATION_VARIABLE: self._marks[0], JOB_VARIABLE: self._marks[1]}

    def add_leader(self, pid: int) -> None:
        """A process that was just started for the run, not reaped yet."""
        self._leaders.append(pid)
        self._sessions.add(pid)
        entry = read_entry(pid)
        if entry is not None:
            self._known.add((pid, entry.started))
            if self._first_start is None:
                self._first_start = entry.started

    def remove_leader(self, pid: int) -> None:
        """That process was reaped; look soon at who is left: its number may become somebody else's."""
        self._leaders.remove(pid)

    def members(self) -> list[ProcessEntry]:
        """Who is alive now. Costs one reading of ``/proc``: some 15 µs per process of the machine."""
        own = os.getpid()
        awaited: set[tuple[int, int]] | None = None
        looks = 0
        while True:
            found, somebody_ended = _looked_at()
            looks += 1
            entries = [entry for entry in found if entry.pid != own]
            also = set(self._also())
            marked = {entry.pid: self._is_marked(entry) for entry in entries}
            members = {entry.pid: entry for entry in entries if entry.pid in also or marked[entry.pid]}
            self._add_relatives(members, entries)
            unclear = {
                (entry.pid, entry.started)
                for entry in entries
                if entry.pid not in members and marked[entry.pid] is None
            }
            # Those that came since are no children of ours: their parents would be members, or unclear.
            awaited = unclear if awaited is None else awaited & unclear
            if not awaited and not (somebody_ended and looks < _MOST_LOOKS):
                break
            time.sleep(_LOOK_PAUSE_S)
        self._known.update((entry.pid, entry.started) for entry in members.values())
        # Everyone in a reaped leader's session has been found just now, and is known from here on.
        self._sessions.intersection_update(self._leaders)
        return list(members.values())

    def _add_relatives(self, members: dict[int, ProcessEntry], entries: list[ProcessEntry]) -> None:
        """Add to the members their descendants, and who is in their sessions."""
        while True:
            # A session's number is not given away while somebody is in it, so it is safe to go by it
            # as long as a known member is; it must not be remembered for longer.
            sessions = {entry.session for entry in members.values()} | self._sessions
            more = {
                entry.pid: entry
                for entry in entries
                if entry.pid not in members and (entry.parent in members or entry.session in sessions)
            }
            if not more:
                return
            members.update(more)

    def signal(self, number: signal.Signals) -> int:
        """Send a signal to everyone; returns how many got it."""
        members = self.members()
        sent = sum(_send(entry, number) for entry in members)
        if not members and not _PROC.joinpath("self").exists():
            for pid in self._leaders:  # each is the leader of its group, and not reaped yet
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, number)
                    sent += 1
        return sent

    def kill(self, *, within_s: float = 5.0) -> int:
        """KILL everyone, and those they start meanwhile, until nobody is left.

        Returns how many were killed. Raises ``TimeoutError`` if somebody is left after ``within_s``
        (a process that hangs in the kernel cannot be killed).
        """
        give_up = time.monotonic() + within_s
        killed = 0
        pause_s = 0.001
        while sent := self.signal(signal.SIGKILL):
            killed = max(killed, sent)
            if time.monotonic() > give_up:
                raise TimeoutError("a process cannot be killed")
            time.sleep(pause_s)
            pause_s = min(0.05, pause_s * 2)
        return killed

    def _is_marked(self, entry: ProcessEntry) -> bool | None:
        """Whether it carries the marks; None where that cannot be seen yet, because it is being executed."""
        identity = (entry.pid, entry.started)
        if identity in self._known:
            return True
        if self._first_start is not None and entry.started < self._first_start:
            return False  # older than the run: saves reading its environment
        if identity in self._foreign or entry.parent == _KERNEL_THREADS:
            return False
        environment = _environment(entry.pid)
        if environment == b"":
            # While it is being executed it has no arguments either, and both come together.
            if _read(entry.pid, "cmdline") == b"":
                return None if _age_s(entry) < _LONGEST_EXEC_S else False
            environment = _environment(entry.pid)
            if environment == b"":
                return False
        if _marks_in(environment or b"") == self._marks:
            self._known.add(identity)
            return True
        # Children are born with their parent's marks, so who has others at first sight never gets ours.
        self._foreign.add(identity)
        return False


def _age_s(entry: ProcessEntry) -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) - entry.started / os.sysconf("SC_CLK_TCK")


def _send(entry: ProcessEntry, number: signal.Signals) -> bool:
    """Send a signal to exactly this process, and not to one that was given its number since."""
    try:
        descriptor = os.pidfd_open(entry.pid)
    except OSError:
        return False
    try:
        now = read_entry(entry.pid)
        if now is None or now.started != entry.started:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
