"""Stories: what a batch of runs showed, with what is part of what (:mod:`orcaops.learning.stories`).

Looked at are the anomalies that changed, and, where one that speaks for others began, ended or changed its
severity, those it can speak for. So it comes to the same however runs are cut into batches.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from orcaops.learning import stories
from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Anomaly
from orcaops.recording.store import Transaction

_MOST = 1000  # anomalies that one is looked at to speak for


def told_as_one(transaction: Transaction, absorbed: Absorbed) -> Absorbed:
    """The anomalies of a batch, and earlier ones that have become part of another or are no more."""
    by_workspace: dict[str, list[Anomaly]] = {}
    for anomaly in absorbed.anomalies:
        if stories.takes_part(anomaly):
            by_workspace.setdefault(anomaly.workspace, []).append(anomaly)
    if not by_workspace:
        return absorbed
    shown = {(anomaly.workspace, anomaly.id): anomaly for anomaly in absorbed.anomalies}
    for workspace, new in by_workspace.items():
        for anomaly in _spoken_for(transaction, workspace, new):
            shown[anomaly.workspace, anomaly.id] = anomaly
    return dataclasses.replace(absorbed, anomalies=tuple(shown.values()))


def _spoken_for(transaction: Transaction, workspace: str, new: Sequence[Anomaly]) -> Iterable[Anomaly]:
    """The new ones, and earlier ones that stand differently now, each with what it is part of."""
    find = transaction.anomalies.find
    former = {anomaly.id: anomaly for anomaly in find(workspace, [anomaly.id for anomaly in new])}
    changed = [anomaly for anomaly in new if _stands_differently(anomaly, former.get(anomaly.id))]
    wide = [anomaly for anomaly in changed if stories.is_incident(anomaly)]
    close = [anomaly for anomaly in changed if not stories.is_incident(anomaly)]
    earlier = _since(transaction, workspace, None, wide)
    earlier |= _since(transaction, workspace, {anomaly.key for anomaly in close}, close)
    stored = earlier | former
    latest = {anomaly.id: anomaly for anomaly in new}
    looked_at = earlier | latest
    # Whoever can speak for one of them: what still goes on, and what did before.
    speakers = {part_of for anomaly in stored.values() if (part_of := anomaly.part_of) is not None}
    known = {each.id: each for each in find(workspace, speakers)}
    keys = {anomaly.key for anomaly in looked_at.values()}
    known |= {each.id: each for each in transaction.anomalies.open_of_keys(workspace, keys)}
    incidents = transaction.anomalies.page(workspace, filters={"type": "incident", "open": "true"}, limit=5)
    known |= {each.id: each for each in incidents.items}
    known |= looked_at
    for anomaly in looked_at.values():
        part_of = stories.speaker(anomaly, [each for each in known.values() if stories.takes_part(each)])
        if anomaly.id in latest or part_of != anomaly.part_of:
            yield anomaly.model_copy(update={"part_of": part_of})


def _stands_differently(anomaly: Anomaly, former: Anomaly | None) -> bool:
    """Whether others can have become part of it, or are no more."""
    return former is None or (anomaly.open, anomaly.severity) != (former.open, former.severity)


def _since(
    transaction: Transaction, workspace: str, keys: Iterable[str] | None, speaking: Sequence[Anomaly]
) -> dict[str, Anomaly]:
    if not speaking:
        return {}
    first = min(anomaly.detected_at for anomaly in speaking)
    return {
        each.id: each
        for each in transaction.anomalies.begun_since(workspace, first, keys=keys, limit=_MOST)
        if stories.takes_part(each)
    }
