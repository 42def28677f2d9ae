"""Insights: what is normal and what is not, and what people say about it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from orcaops.learning.baselines import aged
from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.model.errors import invalid, unavailable
from orcaops.model.quantities import show_duration
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.test_case import BEHIND
from orcaops.recording.store import Store, Transaction
from orcaops.services.absorb import forget_baseline, show_decision
from orcaops.services.absorbing.verdicts import Verdicts, says_no_problem, verdict_on
from orcaops.services.signing import Signing
from orcaops.services.test_results import baseline_of_test, baselines_of_tests

_LULLS = {
    "repeat_failure": timedelta(minutes=15),
    "retry_storm": timedelta(minutes=15),
    "incident": timedelta(hours=2),
}
"""Episodes that are made of runs in quick succession: after so long without another, they are over."""

_MOST_LOOKED_AT = 2000  # anomalies that are read for one page of those that silence has not ended


class Insights:
    """Baselines and anomalies."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        stale_after: timedelta,
    ) -> None:
        self._store = store
        self._clock = clock
        self._signing = Signing(clock, new_id)
        self._stale_after = stale_after

    def baselines(
        self,
        workspace: str,
        *,
        text: str = "",
        tests_of: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Baseline]:
        """Baselines, latest update first; ``text`` is a part of the key.

        With ``tests_of`` those of the tests inside the jobs of that key, by their ids; else none of them.
        """
        with self._store.read() as transaction:
            if tests_of is None:
                page = transaction.baselines.page(workspace, text=text, limit=limit, cursor=cursor)
            else:
                page = baselines_of_tests(
                    transaction, workspace, tests_of, text=text, limit=limit, cursor=cursor
                )
        return page.model_copy(update={"items": tuple(self._aged(baseline) for baseline in page.items)})

    def baseline(self, workspace: str, key: str) -> Baseline:
        """One baseline, of a job or of a test. Raises ``not_found``."""
        with self._store.read() as transaction:
            if BEHIND in key:
                return self._aged(baseline_of_test(transaction, workspace, key))
            return self._aged(transaction.baselines.get(workspace, key))

    def each_baseline(self, workspace: str) -> Iterator[Baseline]:
        """All baselines of a workspace by key, for export."""
        with self._store.read() as transaction:
            for baseline in transaction.baselines.each(workspace):
                yield self._aged(baseline)

    def reset_baseline(self, workspace: str, key: str, *, by: str, reason: str | None = None) -> None:
        """Forget what is normal for a key; the runs stay. Raises ``not_found``.

        The decision takes a place in the learning order, so that relearning meets it where it was made.
        Raises ``unavailable`` while runs are learned again: it would take the place of one of them.
        """
        with self._store.absorbing(patient=True) as transaction:
            if transaction is None:
                raise unavailable("runs are being absorbed by another process", hint="Try again in a moment.")
            if transaction.runs.numbered(transaction.watermark(), 1):
                raise unavailable(
                    "what was learned is being derived again",
                    hint="Try again when `orcaops relearn` is done; if that was ended, call it again.",
                )
            if BEHIND in key:
                baseline_of_test(transaction, workspace, key)
            else:
                transaction.baselines.get(workspace, key)
            forget_baseline(transaction, workspace, key)
            self._signing.sign(transaction, workspace, "baseline", key, "reset", by=by, reason=reason)
            transaction.set_watermark(transaction.watermark() + 1)

    def anomalies(
        self,
        workspace: str,
        *,
        filters: dict[str, str] | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Anomaly]:
        """Anomalies, latest first.

        A page of those that are open, or over, may be short where many are kept that silence has ended.
        """
        wanted = dict(filters or {})
        going_on = {"true": True, "false": False}.get(wanted.get("open", ""))
        if going_on is False:  # silence may have ended what is kept as open
            del wanted["open"]
        items: list[Anomaly] = []
        looked_at = 0
        begun_at = cursor
        with self._store.read() as transaction:
            while True:
                page = transaction.anomalies.page(
                    workspace, filters=wanted, text=text, limit=limit - len(items), cursor=cursor
                )
                seen = self._as_told(transaction, workspace, page.items)
                items += [each for each in seen if going_on is None or each.open is going_on]
                looked_at += len(seen)
                if going_on is None or len(items) == limit or page.next_cursor is None:
                    break
                if looked_at >= _MOST_LOOKED_AT:
                    break  # the next page goes on from here
                cursor = page.next_cursor
        total = page.total
        if going_on is not None:  # counted only where it is all in sight
            total = len(items) if begun_at is None and page.next_cursor is None else None
        return Page[Anomaly](items=tuple(items), next_cursor=page.next_cursor, total=total)

    def anomaly(self, workspace: str, anomaly_id: str) -> Anomaly:
        """One anomaly. Raises ``not_found``."""
        with self._store.read() as transaction:
            found = transaction.anomalies.get(workspace, anomaly_id)
            return self._as_told(transaction, workspace, [found])[0]

    def anomalies_of(self, workspace: str, job_id: str) -> list[Anomaly]:
        """The anomalies that a run began or belongs to."""
        with self._store.read() as transaction:
            found = transaction.anomalies.of_run(workspace, job_id)
            return self._as_told(transaction, workspace, found)

    def acknowledge(self, workspace: str, anomaly_id: str, *, by: str, note: str | None = None) -> Anomaly:
        """Note that somebody has seen it. Raises ``not_found``."""
        return self._decide_anomaly(workspace, anomaly_id, "acknowledge", by, note)

    def resolve(
        self, workspace: str, anomaly_id: str, *, by: str, resolution: str, not_a_problem: bool = False
    ) -> Anomaly:
        """Note what ended it. Raises ``not_found``, or ``invalid`` for an empty resolution.

        Where it is ``not_a_problem``, or the resolution says just that, later anomalies alike and not larger
        are listed and told to nobody, until it is reopened.
        """
        if not resolution.strip():
            raise invalid(
                "a resolution says what ended the anomaly", where="resolution", hint="Give a sentence."
            )
        return self._decide_anomaly(
            workspace,
            anomaly_id,
            "resolve",
            by,
            resolution,
            not_a_problem=not_a_problem or says_no_problem(resolution),
        )

    def reopen(self, workspace: str, anomaly_id: str, *, by: str, note: str | None = None) -> Anomaly:
        """Take back an acknowledgement or a resolution, and what it muted. Raises ``not_found``."""
        return self._decide_anomaly(workspace, anomaly_id, "reopen", by, note)

    def _decide_anomaly(
        self,
        workspace: str,
        anomaly_id: str,
        verb: str,
        by: str,
        reason: str | None,
        *,
        not_a_problem: bool = False,
    ) -> Anomaly:
        with self._store.write() as transaction:
            anomaly = transaction.anomalies.get(workspace, anomaly_id)
            details = verdict_on(anomaly) if not_a_problem else {}
            decision = self._signing.sign(
                transaction, workspace, "anomaly", anomaly_id, verb, by=by, reason=reason, details=details
            )
            show_decision(transaction, decision)
            if verb != "acknowledge":
                _unmute(transaction, anomaly)
            return self._as_told(transaction, workspace, [transaction.anomalies.get(workspace, anomaly_id)])[
                0
            ]

    def _as_told(
        self, transaction: Transaction, workspace: str, anomalies: Sequence[Anomaly]
    ) -> list[Anomaly]:
        """The anomalies as of now, with whether people were told of them."""
        told = transaction.tellings.find(workspace, [anomaly.id for anomaly in anomalies])
        return [
            anomaly.model_copy(update={"told": known.told, "told_because": known.because})
            if (known := told.get(anomaly.id)) is not None
            else anomaly
            for anomaly in map(self._ended, anomalies)
        ]

    def _ended(self, anomaly: Anomaly) -> Anomaly:
        """The anomaly, closed if no run has come that could have done so; detectors see runs, not clocks."""
        last = anomaly.last_seen_at or anomaly.detected_at
        lull = _LULLS.get(anomaly.type, self._stale_after)
        if not anomaly.open or self._clock() - last <= lull:
            return anomaly
        silence = show_duration(lull.total_seconds())
        said = f"{anomaly.description} It is over: nothing came after it for {silence}."
        return anomaly.model_copy(update={"open": False, "closed_at": last + lull, "description": said})

    def _aged(self, baseline: Baseline) -> Baseline:
        return aged(baseline, self._clock(), self._stale_after / timedelta(days=1))


def _unmute(transaction: Transaction, anomaly: Anomaly) -> None:
    """Look again at what an anomaly had muted, after another decision about it."""
    verdicts, cursor = Verdicts(), None  # read anew: those of absorbing belong to its thread
    while True:
        page = transaction.anomalies.page(
            anomaly.workspace, filters={"key": anomaly.key, "muted": "true"}, limit=500, cursor=cursor
        )
        muted = [each for each in page.items if each.muted_by == anomaly.id]
        changed = verdicts.anew(transaction, muted) if muted else []
        transaction.anomalies.put_many(
            [new for new, old in zip(changed, muted, strict=True) if new.muted_by != anomaly.id]
        )
        if (cursor := page.next_cursor) is None:
            return
