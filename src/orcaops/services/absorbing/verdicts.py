"""Verdicts: what people and confirming reruns said of an anomaly, as it holds for those found later.

A person's "not a problem" is a decision at its place in the learning order. Of what is found behind that
place, anomalies alike and not larger are muted: listed, and told to nobody. A confirmation holds for the
episode as large as it was. Both are laid over what detectors find by a rule that knows nothing but facts and
decisions, so that learning again gives the same.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.decision import Decision
from orcaops.model.errors import OrcaError
from orcaops.model.identity import content_id
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Run
from orcaops.recording.store import Transaction

_MORE = 1.25  # so much larger is still alike; detectors let a tenth more pass by themselves
_OVERLAP = 100  # decisions read again: on PostgreSQL one with a lower number may be committed later
_ALONE = frozenset(("incident",))  # each of these is a thing of its own
_WHO = {"rest": "somebody", "mcp": "an agent"}  # whose names these faces do not know
_SAYINGS = frozenset(("not a problem", "no problem", "not an issue", "false alarm", "false positive"))


def says_no_problem(resolution: str) -> bool:
    """Whether a resolution is one of the sayings for "not a problem".

    >>> says_no_problem("Not a problem."), says_no_problem("not a problem any more: image pinned")
    (True, False)
    """
    return re.sub(r"[\s.!]+", " ", resolution).strip().lower() in _SAYINGS


def verdict_on(anomaly: Anomaly) -> dict[str, Any]:
    """The details of the decision that this anomaly is no problem: what else it holds for."""
    size = _size(anomaly)
    details: dict[str, Any] = {"not_a_problem": True, "severity": anomaly.severity.value}
    alike = alike_as(anomaly)
    if alike is None:
        return details
    details["alike"] = alike
    if size is not None:
        limit = size * _MORE if _is_high(anomaly) else size / _MORE
        side = "above" if _is_high(anomaly) else "below"
        details |= {
            "limit": limit,
            "high": _is_high(anomaly),
            "told_again": f"{side} {_shown(limit, anomaly.unit)}",
        }
    return details


def alike_as(anomaly: Anomaly) -> str | None:
    """What anomalies that are alike have in common; None for one that is a thing of its own."""
    if anomaly.type in _ALONE:
        return None
    parts = [anomaly.key, anomaly.type, "high" if _is_high(anomaly) else "low"]
    parts += [str(anomaly.evidence[name]) for name in ("metric", "signature") if anomaly.evidence.get(name)]
    return content_id(*parts)


@dataclass(frozen=True, slots=True)
class _Verdict:
    number: int  # holds for what is found behind it
    anomaly_id: str
    limit: float | None
    high: bool
    severity: Severity
    because: str

    def holds_for(self, anomaly: Anomaly, number: int) -> bool:
        if number <= self.number:
            return False
        size = _size(anomaly)
        if self.limit is None or size is None:
            return anomaly.severity.rank <= self.severity.rank
        return size <= self.limit if self.high else size >= self.limit


class Verdicts:
    """What was decided about anomalies, read from the decisions as they come. For one thread at a time."""

    def __init__(self) -> None:
        self._read = 0
        self._seen: set[str] = set()
        self._verdicts: dict[tuple[str, str], dict[str, _Verdict]] = {}
        self._of_anomaly: dict[tuple[str, str], tuple[str, str]] = {}
        self._confirmed: dict[tuple[str, str], dict[str, Any]] = {}

    def heeded(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> Absorbed:
        """What a batch of runs showed, with what was decided laid over it."""
        self._catch_up(transaction)
        if not absorbed.anomalies or not (self._verdicts or self._confirmed):
            return absorbed
        numbers = {(run.workspace, run.job_id): run.number or 0 for run in runs}
        return dataclasses.replace(
            absorbed,
            anomalies=tuple(self._laid(transaction, anomaly, numbers) for anomaly in absorbed.anomalies),
        )

    def anew(self, transaction: Transaction, anomalies: Iterable[Anomaly]) -> list[Anomaly]:
        """Anomalies as they stand after the latest decisions."""
        self._catch_up(transaction)
        return [
            self._laid(transaction, anomaly.model_copy(update={"muted_by": None, "muted_because": None}), {})
            for anomaly in anomalies
        ]

    def _laid(
        self, transaction: Transaction, anomaly: Anomaly, numbers: dict[tuple[str, str], int]
    ) -> Anomaly:
        changes: dict[str, Any] = {}
        confirmed = self._confirmed.get((anomaly.workspace, anomaly.id))
        if confirmed is not None and (confirmed["confirmed"] or confirmed["run_count"] >= anomaly.run_count):
            changes["confirmed"] = confirmed["confirmed"]
            changes["confirmed_because"] = confirmed["because"]
            changes["confirming_job_id"] = confirmed["job_id"]
            if not confirmed["confirmed"]:
                changes["severity"] = Severity.INFO
        alike = alike_as(anomaly) if self._verdicts else None
        verdicts = self._verdicts.get((anomaly.workspace, alike)) if alike is not None else None
        if verdicts:
            number = _number(transaction, anomaly, numbers)
            held = [verdict for verdict in verdicts.values() if verdict.holds_for(anomaly, number)]
            if held:
                changes |= {"muted_by": held[-1].anomaly_id, "muted_because": held[-1].because}
        return anomaly.model_copy(update=changes) if changes else anomaly

    def _catch_up(self, transaction: Transaction) -> None:
        latest = transaction.decisions.latest()
        if latest == self._read:
            return
        for decision in transaction.decisions.each("anomaly", after=max(self._read - _OVERLAP, 0)):
            if decision.id not in self._seen:
                self._seen.add(decision.id)
                self._heed(decision)
        self._read = latest

    def _heed(self, decision: Decision) -> None:
        place = (decision.workspace, decision.subject_id)
        if decision.verb == "confirm":
            self._confirmed[place] = decision.details
            return
        if decision.verb not in ("resolve", "reopen"):
            return
        former = self._of_anomaly.pop(place, None)
        if former is not None:
            of_kind = self._verdicts[former]
            del of_kind[decision.subject_id]
            if not of_kind:
                del self._verdicts[former]
        details = decision.details
        if decision.verb == "resolve" and details.get("not_a_problem") and details.get("alike"):
            kind = (decision.workspace, str(details["alike"]))
            self._of_anomaly[place] = kind
            self._verdicts.setdefault(kind, {})[decision.subject_id] = _verdict(decision)


def _verdict(decision: Decision) -> _Verdict:
    details = decision.details
    again = details.get("told_again") or f"if it is worse than {details['severity']}"
    return _Verdict(
        number=decision.after_number,
        anomaly_id=decision.subject_id,
        limit=details.get("limit"),
        high=bool(details.get("high", True)),
        severity=Severity(details["severity"]),
        because=f"{_WHO.get(decision.by, decision.by)} said on {decision.at:%Y-%m-%d} that this is no problem"
        f" (anomaly {decision.subject_id}): told again only {again}",
    )


def _number(transaction: Transaction, anomaly: Anomaly, numbers: dict[tuple[str, str], int]) -> int:
    """The place in the learning order of the last unusual run of an episode; behind all if it still runs."""
    last = anomaly.job_ids[-1] if anomaly.job_ids else anomaly.job_id
    known = numbers.get((anomaly.workspace, last))
    if known is not None:
        return known
    try:
        number = transaction.runs.get(anomaly.workspace, last).number
        return transaction.watermark() + 1 if number is None else number
    except OrcaError:  # its retention has passed
        return max(numbers.values(), default=0)


def _is_high(anomaly: Anomaly) -> bool:
    expected, actual = anomaly.expected, anomaly.actual
    return not (_is_number(expected) and _is_number(actual) and actual < expected)


def _size(anomaly: Anomaly) -> float | None:
    if anomaly.type == "error" or not _is_number(anomaly.actual):
        return None
    return float(anomaly.actual)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: float, unit: str | None) -> str:
    if unit == "s":
        return show_duration(value)
    if unit == "bytes":
        return show_size(value)
    return f"{value:.3g} {unit}" if unit else f"{value:.3g}"
