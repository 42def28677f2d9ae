"""Announcing: what live runs showed becomes notices, and what does not is listed with the reason why.

Notices are written into the outbox in the transaction that found their reason; from there
:mod:`orcaops.services.telling` brings them to people.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from orcaops.learning import digest
from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.notice import Notice
from orcaops.model.run import Run
from orcaops.notifying.digest import end_of, notice_of, told_ids
from orcaops.notifying.settings import NotifySettings
from orcaops.recording.measure import samples_of
from orcaops.recording.outbox import Told
from orcaops.recording.store import Transaction

_QUIET_TYPES = frozenset(("improvement",))  # information that is told; other information is listed

Families = Mapping[str, Sequence[str]]
"""The detectors that judge single values and state how probable each is, with the metrics they judge."""


class Announcing:
    """Fills the outbox."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        settings: NotifySettings | None = None,
        families: Families | None = None,
    ) -> None:
        self._clock = clock
        self._settings = settings or NotifySettings()
        self._families = families or {}

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:
        """A step of absorbing: what live runs showed is to be told; imported runs are history."""
        by_workspace: dict[str, list[Run]] = {}
        for run in runs:
            if run.source == "local" and run.teaches:
                by_workspace.setdefault(run.workspace, []).append(run)
        for workspace, live in by_workspace.items():
            jobs = {run.job_id for run in live}
            keys = {run.key for run in live}
            touched = [
                anomaly
                for anomaly in absorbed.anomalies
                if anomaly.workspace == workspace
                and (
                    not anomaly.open  # whoever ended it: it is told to those who know of its beginning
                    or anomaly.key in keys
                    or not jobs.isdisjoint((anomaly.job_id, *anomaly.job_ids))
                )
            ]
            self._consider(transaction, workspace, live, touched)

    def early(self, transaction: Transaction, workspace: str, found: Sequence[Anomaly]) -> None:
        """Tell what is known of runs that go on, by the same rules; they are counted at their end."""
        self._consider(transaction, workspace, (), found)

    def _consider(
        self, transaction: Transaction, workspace: str, live: Sequence[Run], touched: Sequence[Anomaly]
    ) -> None:
        window = None
        if self._families:
            window = transaction.tellings.window(workspace) or digest.fresh()
            self._count(window, live)
        told: list[Told] = []
        notices: list[Notice] = []
        for anomaly in touched:
            if anomaly.part_of is not None:
                if not transaction.outbox.known(workspace, told_ids(anomaly)):
                    told.append(Told(anomaly.id, False, f"it is part of {anomaly.part_of}"))
                continue
            if not anomaly.open:
                known = transaction.outbox.known(workspace, told_ids(anomaly))
                if known and anomaly.type not in _QUIET_TYPES:
                    notices.append(end_of(anomaly))
                    continue
            if anomaly.muted_by is not None:
                told.append(Told(anomaly.id, False, anomaly.muted_because or "muted"))
            elif anomaly.severity is Severity.INFO and anomaly.type not in _QUIET_TYPES:
                told.append(Told(anomaly.id, False, "it is information, which is listed and not told"))
            elif (
                window is not None
                and anomaly.detector in self._families
                and digest.p_value(anomaly) is not None
            ):
                self._weigh(transaction, window, anomaly, touched, notices, told)
            elif anomaly.open:
                notices.append(notice_of(anomaly))
        if window is not None:
            transaction.tellings.keep_window(workspace, window)
        self._put(transaction, workspace, notices, told)

    def _count(self, window: digest.Window, live: Sequence[Run]) -> None:
        """Note how many values each family of tests had to judge."""
        for run in live:
            metrics = [sample.metric for sample in samples_of(run, 0) if not sample.censored]
            at = _ended(run).timestamp()
            for family, judged in self._families.items():
                count = sum(metric in judged for metric in metrics)
                if count:
                    digest.judged(window, family, at, count)

    def _weigh(
        self,
        transaction: Transaction,
        window: digest.Window,
        anomaly: Anomaly,
        touched: Sequence[Anomaly],
        notices: list[Notice],
        told: list[Told],
    ) -> None:
        family, p = anomaly.detector, digest.p_value(anomaly) or 0.0
        at = (anomaly.last_seen_at or anomaly.detected_at).timestamp()
        here = {each.id: each for each in touched}
        new = digest.alarm(window, family, at, anomaly.id, p)
        earlier = transaction.anomalies.find(anomaly.workspace, [each for each in new if each not in here])
        notices.extend(
            notice_of(found)
            for found in [*earlier, *(here[each] for each in new if each in here)]
            if found.muted_by is None
            and found.part_of is None
            and found.resolution is None
            and found.severity is not Severity.INFO
        )
        if anomaly.id in new:
            return
        if digest.is_told(window, family, anomaly.id):
            notices.append(notice_of(anomaly))  # once more if it has become worse: else its id is known
            return
        told.append(
            Told(
                anomaly.id,
                False,
                f"among the {digest.count_of(window, family)} values judged in 24 hours one as unusual"
                f" (p = {p:.2g}) is to be expected by chance",
            )
        )

    def _put(
        self, transaction: Transaction, workspace: str, notices: Sequence[Notice], told: list[Told]
    ) -> None:
        now = self._clock()
        for quiet in (False, True):
            of_it = [notice for notice in notices if (notice.severity is Severity.INFO) is quiet]
            pause = self._settings.group_quiet if quiet else self._settings.group
            if of_it:
                transaction.outbox.add(of_it, due_at=now + timedelta(seconds=pause))
        ended = [each for notice in notices for each in notice.subject_ids if not notice.facts["open"]]
        known = transaction.tellings.find(workspace, ended)  # that it is over is no news of how it was told
        told += [
            Told(anomaly_id, True, "quietly" if notice.severity is Severity.INFO else "as a notice")
            for notice in notices
            for anomaly_id in notice.subject_ids
            if notice.facts["open"] or anomaly_id not in known
        ]
        if told:
            transaction.tellings.put_many(workspace, told, now)


def _ended(run: Run) -> datetime:
    return run.finished_at or run.started_at or run.submitted_at
