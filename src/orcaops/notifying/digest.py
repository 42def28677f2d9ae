"""Digest: anomalies become notices, and notices that come together become one. Pure."""

from collections.abc import Sequence

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.identity import content_id
from orcaops.model.notice import Notice

_SHOWN = 20  # notices that a group spells out
_LONGEST_KEY = 80


def notice_of(anomaly: Anomaly) -> Notice:
    """What is said of an episode that goes on, or has gone on unnoticed.

    Its id follows from the episode and its severity, so that an episode is told once, and once more when it
    gets worse.
    """
    return _notice(anomaly, _told_id(anomaly, anomaly.severity), anomaly.severity, anomaly.title)


def end_of(anomaly: Anomaly) -> Notice:
    """What is said, quietly, when an episode that had been told is over."""
    notice_id = content_id("anomaly", anomaly.workspace, anomaly.id, "over")
    return _notice(anomaly, notice_id, Severity.INFO, f"Over: {anomaly.title}")


def correction_of(anomaly: Anomaly) -> Notice:
    """What is said, quietly, when an episode that had been told was tried by running it once more."""
    notice_id = content_id("anomaly", anomaly.workspace, anomaly.id, "confirmation", str(anomaly.run_count))
    title = f"{'Confirmed' if anomaly.confirmed else 'Not confirmed'}: {anomaly.title}"
    told = anomaly.model_copy(
        update={"description": f"{anomaly.confirmed_because or ''}\n{anomaly.description}".lstrip()}
    )
    return _notice(told, notice_id, Severity.INFO, title)


def told_ids(anomaly: Anomaly) -> list[str]:
    """The ids of the notices that may have told of it, the mildest first."""
    return [_told_id(anomaly, severity) for severity in Severity]


def _told_id(anomaly: Anomaly, severity: Severity) -> str:
    return content_id("anomaly", anomaly.workspace, anomaly.id, severity)


def _notice(anomaly: Anomaly, notice_id: str, severity: Severity, title: str) -> Notice:
    key = anomaly.key if len(anomaly.key) <= _LONGEST_KEY else f"{anomaly.key[: _LONGEST_KEY - 1]}…"
    return Notice(
        id=notice_id,
        workspace=anomaly.workspace,
        severity=severity,
        title=f"{title} ({key})",
        body=f"{anomaly.description}\norcaops anomalies show {anomaly.id}",
        at=anomaly.detected_at,
        subject="anomaly",
        subject_ids=(anomaly.id,),
        facts={
            "job_id": anomaly.job_id,
            "key": anomaly.key,
            "type": anomaly.type,
            "run_count": anomaly.run_count,
            "open": anomaly.open,
        },
    )


def grouped(notices: Sequence[Notice]) -> Notice:
    """One notice for several of a workspace, oldest first; of those about one episode the last counts.

    Its id follows from the ids of its parts, so that the same group is the same message.
    """
    latest: dict[tuple[str, ...], Notice] = {}
    for notice in notices:
        about = (notice.subject, *notice.subject_ids)
        former = latest.pop(about, None)
        if former is not None and former.severity.rank > notice.severity.rank:
            # Told and over in one window: the end is said, as loudly as the beginning would have been.
            notice = notice.model_copy(update={"severity": former.severity})  # noqa: PLW2901
        latest[about] = notice
    parts = sorted(latest.values(), key=lambda notice: -notice.severity.rank)
    first = parts[0]
    if len(parts) == 1:
        return first
    lines = [f"- {part.severity}: {part.title}\n  {_command(part)}" for part in parts[:_SHOWN]]
    if len(parts) > _SHOWN:
        lines.append(f"and {len(parts) - _SHOWN} more: orcaops anomalies list")
    counts = [
        f"{count} {severity}"
        for severity in reversed(Severity)
        if (count := sum(part.severity is severity for part in parts))
    ]
    return Notice(
        id=content_id("group", first.workspace, *sorted(notice.id for notice in notices)),
        workspace=first.workspace,
        severity=first.severity,
        title=f"{len(parts)} things to know ({', '.join(counts)}), first: {first.title}",
        body="\n".join(lines),
        at=max(part.at for part in parts),
        subject="group",
        subject_ids=tuple(subject_id for part in parts for subject_id in part.subject_ids),
        facts={"notices": [part.model_dump(mode="json", exclude={"body"}) for part in parts[:_SHOWN]]},
    )


def _command(notice: Notice) -> str:
    """The last line of a notice's text: what to do to see more."""
    return notice.body.rpartition("\n")[2]
