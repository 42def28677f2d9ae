"""Watching: a run that hangs is told while it hangs, not when somebody has stopped it at last.

Now and then each running job is judged as if it ended at this moment. What is found so is kept as an
anomaly and told by the rules that hold for all. It is not learned from, and when the run has ended, what
absorbing finds takes its place: opinions follow from the runs that ended alone, whoever watched them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from orcaops.learning.loop import Absorbed, Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.quantities import show_duration
from orcaops.model.run import Cause, LogSummary, Run, Status
from orcaops.recording.logs.store import LogStore
from orcaops.recording.measure import samples_of
from orcaops.recording.store import Store, Transaction
from orcaops.services.absorb import load_memories
from orcaops.services.absorbing.announcing import Announcing
from orcaops.services.absorbing.verdicts import Verdicts

_MARK = "still_running"  # in the evidence of what is known of a run that has not ended
_NEWS = 1.5  # an anomaly is shown again when it has grown by so much
_SHORTEST = timedelta(seconds=30)  # nobody is told of less, so nothing is asked of it

_AS_ENDED: Mapping[str, tuple[Status, Cause]] = {
    # A silence is one however the run ends; a duration is judged of runs that succeed.
    MetricName.SILENCE: (Status.CANCELLED, Cause.CANCELLED),
    MetricName.DURATION: (Status.SUCCEEDED, Cause.SUCCESS),
}


class Watching:
    """Looks at what is running."""

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        loop: Loop,
        announcing: Announcing,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._logs = logs
        self._loop = loop
        self._announcing = announcing
        self._verdicts = Verdicts()
        self._clock = clock

    def look(self) -> int:
        """Judge every running job of every workspace; returns how many anomalies came or grew."""
        now = self._clock()
        with self._store.read() as transaction:
            running = [
                run
                for run in transaction.runs.open_runs()
                if run.status is Status.RUNNING and run.started_at is not None and run.teaches
                and now - run.started_at >= _SHORTEST
            ]  # fmt: skip
            found = [each for run in running for each in self._news(transaction, run, now)]
        if found:
            with self._store.write() as transaction:
                going_on = {(run.workspace, run.job_id) for run in transaction.runs.open_runs()}
                found = [each for each in found if (each.workspace, each.job_id) in going_on]
                found = self._verdicts.anew(transaction, found)
                for each in found:  # it takes long because it hangs: what was told of it before is that story
                    _forget(transaction, each.workspace, each.job_id, {other.id for other in found})
                transaction.anomalies.put_many(found)
                for workspace in {each.workspace for each in found}:
                    here = [each for each in found if each.workspace == workspace]
                    self._announcing.early(transaction, workspace, here)
        return len(found)

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:
        """A step of absorbing: of runs that have ended holds what was found at their end, and no more."""
        final = {anomaly.id for anomaly in absorbed.anomalies}
        for run in runs:
            if run.source == "local":
                _forget(transaction, run.workspace, run.job_id, final)

    def _news(self, transaction: Transaction, run: Run, now: datetime) -> Iterator[Anomaly]:
        judged = self._judged(transaction, run, now)
        known = {each.id: each for each in transaction.anomalies.find(run.workspace, [a.id for a in judged])}
        for anomaly in judged:
            former = known.get(anomaly.id)
            if former is None or (
                _MARK in former.evidence
                and (former.severity is not anomaly.severity or anomaly.actual > _NEWS * former.actual)
            ):
                yield anomaly

    def _judged(self, transaction: Transaction, run: Run, now: datetime) -> list[Anomaly]:
        book = MemoryBook(lambda addresses: load_memories(transaction, addresses))
        last_output_at = self._logs.last_at(run.workspace, run.job_id)
        for metric, (status, cause) in _AS_ENDED.items():
            as_ended = run.changed(
                status=status,
                cause=cause,
                finished_at=now,
                duration_s=(now - run.started_at).total_seconds() if run.started_at else None,
                log=LogSummary(last_output_at=last_output_at),
            )
            samples = [s for s in samples_of(as_ended, 0) if s.metric == metric and "job" not in s.scopes]
            found = [a for sample in samples for a in self._loop.judge_only(sample, book)]
            if mine := [each for each in found if _concerns(each, run, metric)]:
                # One that hangs takes long, too: it is one story.
                return [_of_a_running_one(each, metric) for each in mine]
        return []


def _forget(transaction: Transaction, workspace: str, job_id: str, final: Set[str]) -> None:
    """Remove what was known of a run while it ran, but for those that are final."""
    known = transaction.anomalies.of_run(workspace, job_id)
    passed = [each.id for each in known if _MARK in each.evidence and each.id not in final]
    if passed:
        transaction.anomalies.forget(workspace, passed)


def _concerns(anomaly: Anomaly, run: Run, metric: str) -> bool:
    """Whether it begins with this run, says that this is too much, and is worth saying so early.

    A run that takes long may still be on its way: of it is told what is far beyond anything usual.
    """
    begins = anomaly.open and anomaly.job_id == run.job_id
    numbers = isinstance(anomaly.actual, float) and isinstance(anomaly.expected, float)
    if not begins or not numbers or anomaly.actual <= anomaly.expected:
        return False
    return metric == MetricName.SILENCE or anomaly.severity is Severity.CRITICAL


def _of_a_running_one(anomaly: Anomaly, metric: str) -> Anomaly:
    changes: dict[str, Any] = {
        "description": f"It is still running. {anomaly.description}",
        "evidence": {**anomaly.evidence, _MARK: True},
    }
    if metric == MetricName.DURATION:
        so_far, usual = show_duration(anomaly.actual), show_duration(anomaly.expected)
        changes["title"] = f"Still running after {so_far}; it usually takes {usual}"
    return anomaly.model_copy(update=changes)
