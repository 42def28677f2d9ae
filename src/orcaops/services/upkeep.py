"""Upkeep: what an operator asks of the house itself: is it well, what can go, learn anew."""

import logging
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from orcaops.learning.loop import Loop
from orcaops.model.check import Check
from orcaops.model.errors import OrcaError, unavailable
from orcaops.model.quantities import show_size
from orcaops.model.query import Compare, Comparison, Query
from orcaops.recording.logs.store import LogStore
from orcaops.recording.mirrors import Mirrors
from orcaops.recording.store import Store
from orcaops.running.executor import Executor, Stocked
from orcaops.services.absorb import LEARNERS, Absorber
from orcaops.services.executing.recovery import Recovery

log = logging.getLogger(__name__)

_LOW_DISK_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Swept:
    """What ``gc`` removed, or would remove."""

    removed: tuple[str, ...]
    freed_bytes: int


class Sweep(Protocol):
    """Removes what has had its time; a sentence for each thing."""

    def __call__(self, *, dry_run: bool) -> Iterable[str]:
        """With ``dry_run`` nothing is removed."""


class Upkeep:
    """Diagnosis, cleaning up, and learning anew."""

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        mirrors: Mirrors,
        executors: Mapping[str, Executor],
        loop: Loop,
        absorber: Absorber,
        recovery: Recovery,
        *,
        home: Path,
        logs_for: timedelta,
        artifacts_for: timedelta,
        clock: Callable[[], datetime],
        further: Sequence[Callable[[], Iterable["Check"]]] = (),
        sweeps: Sequence["Sweep"] = (),
        failing: Callable[[], Mapping[str, str]] = dict,
        gathering: Callable[[], int] = lambda: 0,
    ) -> None:
        """``further`` and ``failing`` are what other services have to say to ``doctor`` and ``health``.

        ``sweeps`` are what they clean up when ``gc`` is asked for, ``gathering`` what completes the facts
        before they are learned from again.
        """
        self._gathering = gathering
        self._further = further
        self._sweeps = sweeps
        self._failing = failing
        self._store = store
        self._logs = logs
        self._mirrors = mirrors
        self._executors = executors
        self._loop = loop
        self._absorber = absorber
        self._recovery = recovery
        self._home = home
        self._logs_for = logs_for
        self._artifacts_for = artifacts_for
        self._clock = clock
        self._days: set[date] = set()
        """The days whose anomalies have changed since they were last mirrored."""

    def doctor(self) -> list[Check]:
        """Everything worth checking, each with a sentence; raises nothing."""
        return [
            self._python(),
            self._home_folder(),
            self._disk(),
            *self._database(),
            *self._engines(),
            *self._learners(),
            self._orphans(),
            *self._others(),
        ]

    def gc(self, *, dry_run: bool = False) -> Swept:
        """Remove logs and artifacts that are older than their retention, and what dead runs left behind."""
        if not dry_run:
            self._recovery.recover()
        removed = list(self._recovery.reap(dry_run=dry_run))
        for sweep in self._sweeps:
            removed += sweep(dry_run=dry_run)
        freed = 0
        now = self._clock()
        for workspace, job_id, size in self._expired_logs(now - self._logs_for):
            removed.append(f"log of {job_id} ({show_size(size)})")
            freed += size if dry_run else self._logs.remove(workspace, job_id)
        for folder, size in self._expired_artifacts(now - self._artifacts_for):
            removed.append(f"artifacts of {folder.name} ({show_size(size)})")
            freed += size
            if not dry_run:
                with suppress(FileNotFoundError):  # a server and a command may clean up at the same time
                    shutil.rmtree(folder)
        return Swept(tuple(removed), freed)

    def relearn(self, progress: Callable[[int], None] | None = None) -> int:
        """Drop all opinions and derive them again from the facts, in the order in which they were learned.

        Before that, what logs that are still there tell of failures is kept where it was not yet.
        Returns how many runs were learned from. If it is interrupted, the next absorbing goes on with it.
        """
        self._gathering()
        with self._store.absorbing(patient=True) as transaction:
            if transaction is None:
                raise unavailable("another process is absorbing runs now", hint="Try again in a moment.")
            transaction.drop_opinions()
        count = self._absorber.absorb_all(progress, patient=True)
        self.mirror(force=True)
        return count

    def mirror(self, *, force: bool = False) -> None:
        """Write ``baselines.json`` if it is due, and ``anomalies/<date>.jsonl`` of days with news.

        ``force`` writes all of them. Where the disk takes no more the old ones stay, and it is logged: they
        are for people, and whatever was asked for is done without them.
        """
        if self._store.unwritable is not None:
            return
        self._days |= self._absorber.take_days()
        try:
            with self._store.read() as transaction:
                mark = transaction.watermark()
                if force or self._mirrors.due(mark):
                    self._mirrors.write(mark, transaction.baselines.each(), transaction.anomalies.each())
                elif self._days:
                    first = datetime.combine(min(self._days), datetime.min.time(), UTC)
                    since = transaction.anomalies.since(first)
                    self._mirrors.write_days(each for each in since if each.detected_at.date() in self._days)
        except OSError as error:
            log.warning("baselines.json and anomalies/ stay as they were: %s", error)
        else:
            self._days.clear()

    def images(self) -> list[str]:
        """The images that can be run without fetching anything, the smallest first."""
        return [
            image for each in self._executors.values() if isinstance(each, Stocked) for image in each.images()
        ]

    def health(self) -> dict[str, str]:
        """What does not answer now, by name; empty when all is well. For ``/readyz``: milliseconds, and a few
        seconds where an engine hangs."""
        failing: dict[str, str] = {}
        try:
            with self._store.read() as transaction:
                transaction.watermark()
        except OrcaError as error:
            failing["store"] = str(error)
        else:
            failing.update(self._failing())
        if self._store.unwritable is not None:
            failing["store"] = str(self._store.unwritable)
        disk = self._disk()
        if disk.state != "ok":
            failing["disk"] = disk.sentence
        probed = {name: executor.probe() for name, executor in self._executors.items()}
        failing.update(
            {f"executor {name}": found.sentence for name, found in probed.items() if not found.usable}
        )
        failing.update({f"learner {name}": fault.last_error for name, fault in self._loop.health.items()})
        return failing

    def _python(self) -> Check:
        return Check(
            name="python",
            state="ok",
            sentence=f"Python {platform.python_version()} on {platform.platform(terse=True)}",
        )

    def _home_folder(self) -> Check:
        if not self._home.is_dir():
            return Check(
                name="home",
                state="warning",
                sentence=f"{self._home} does not exist yet",
                hint="The first run makes it.",
            )
        mode = self._home.stat().st_mode & 0o777
        if mode & 0o077:
            return Check(
                name="home",
                state="warning",
                sentence=f"{self._home} can be read by others (mode {mode:o})",
                hint=f"chmod 700 {self._home}",
            )
        return Check(name="home", state="ok", sentence=f"{self._home} is private to its user")

    def _disk(self) -> Check:
        place = self._home if self._home.exists() else self._home.parent
        free = shutil.disk_usage(place if place.exists() else Path("/")).free
        if free < _LOW_DISK_BYTES:
            return Check(
                name="disk",
                state="warning",
                sentence=f"only {show_size(free)} free",
                hint="`orcaops gc` frees what has expired.",
            )
        return Check(name="disk", state="ok", sentence=f"{show_size(free)} free")

    def _database(self) -> Iterator[Check]:
        found = self._store.check()
        counts = ", ".join(f"{count} {noun}" for noun, count in found.get("counts", {}).items())
        where = f"{found['database']} at {found['where']}, version {found.get('version', 'unknown')}"
        for problem in found["problems"]:
            yield Check(
                name="database",
                state="failed",
                sentence=f"{where}: {problem['message']}",
                hint=problem["hint"],
            )
        for note in found["notes"]:
            yield Check(name="database", state="warning", sentence=note)
        if (unwritable := self._store.unwritable) is not None:
            yield Check(
                name="database",
                state="failed",
                sentence=f"{where}, {counts}: it can be read and nothing more, {unwritable.message}",
                hint=unwritable.hint,
            )
        elif not found["problems"]:
            size = show_size(found.get("bytes") or 0)
            yield Check(name="database", state="ok", sentence=f"{where}, {size}: {counts}")

    def _engines(self) -> Iterator[Check]:
        for name, executor in self._executors.items():
            health = executor.probe()
            yield Check(
                name=f"executor {name}",
                state="ok" if health.usable else "warning",
                sentence=health.sentence,
                hint="" if health.usable else f"Jobs that need {name} are refused until it answers.",
            )

    def _learners(self) -> Iterator[Check]:
        with suppress(OrcaError), self._store.read() as transaction:
            known = transaction.watermark() == 0 or transaction.mark(LEARNERS) == self._loop.fingerprint
            if not known:
                yield Check(
                    name="learners",
                    state="warning",
                    sentence="what is known was learned by other learners or other versions of them",
                    hint="`orcaops relearn` lets those of now read the history.",
                )
        for name, fault in sorted(self._loop.health.items()):
            yield Check(
                name=f"learner {name}",
                state="warning",
                sentence=f"raised {fault.count} times, last: {fault.last_error}",
                hint="The other learners are not touched by it; mend or remove the plug-in.",
            )

    def _orphans(self) -> Check:
        orphans = self._recovery.orphans()
        if orphans:
            return Check(
                name="orphans",
                state="warning",
                sentence=f"{len(orphans)} runs of processes that have died",
                hint="`orcaops gc` or the next start brings them to an honest end.",
            )
        return Check(name="orphans", state="ok", sentence="no run without a living owner")

    def _others(self) -> Iterator[Check]:
        for checks in self._further:
            try:
                yield from checks()
            except OrcaError as error:
                yield Check(name="store", state="failed", sentence=str(error), hint=error.hint)

    def _expired_logs(self, before: datetime) -> Iterator[tuple[str, str, int]]:
        with self._store.read() as transaction:
            for workspace in transaction.runs.workspaces():
                for run in transaction.runs.each(workspace, _submitted_before(before)):
                    # What an import is bringing in is old already, and has not been looked into yet.
                    learned = run.status.final and run.number is not None
                    if learned and self._logs.exists(workspace, run.job_id):
                        yield workspace, run.job_id, self._logs.size(workspace, run.job_id)

    def _expired_artifacts(self, before: datetime) -> Iterator[tuple[Path, int]]:
        with self._store.read() as transaction:
            for workspace in transaction.runs.workspaces():
                for run in transaction.runs.each(workspace, _submitted_before(before)):
                    folder = self._home / "artifacts" / workspace / run.job_id
                    if run.artifacts and folder.is_dir():
                        yield folder, sum(artifact.size_bytes for artifact in run.artifacts)


def _submitted_before(moment: datetime) -> Query:
    return Compare("submitted_at", Comparison.BELOW, moment)
