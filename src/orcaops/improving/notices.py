"""Notices: what people are told about a change on probation without asking. Pure.

Three things only: it waits for somebody's approval (where people want to be asked), it was taken back
because it hurt, and it has brought less than was promised. Each is told once for each round of a change.
"""

from orcaops.improving.benefits import WORSE
from orcaops.model.amounts import show_benefit
from orcaops.model.anomaly import Severity
from orcaops.model.identity import content_id
from orcaops.model.notice import Notice
from orcaops.model.optimization import Optimization


def waits(change: Optimization) -> Notice:
    """It is proposed, and nobody has decided."""
    why = f" It asks because {change.asks}." if change.asks else ""
    return _notice(
        change,
        "waits",
        Severity.INFO,
        f"Waits for your approval: {change.title}",
        f"{change.reason}{why}",
        f"orcaops optimizations approve {change.id}",
    )


def taken_back(change: Optimization) -> Notice:
    """OrcaOps itself has ended it."""
    rest = f" It rests for {change.quarantine_runs} runs of the job." if change.quarantine_runs else ""
    return _notice(
        change,
        "taken back",
        Severity.WARNING,
        f"Taken back: {change.title}",
        f"{change.history[-1].reason}.{rest}",
    )


def disappointment(change: Optimization) -> Notice | None:
    """What it has brought is less than was promised; None if it is not."""
    promised, realised = change.promised, change.realised
    if promised is None or realised is None or not realised.sentence.startswith(WORSE):
        return None
    brought = show_benefit(realised)
    told = f"Promised was {show_benefit(promised)}; {realised.runs} runs with it brought {brought}."
    return _notice(change, WORSE, Severity.WARNING, f"Worse than promised: {change.title}", told)


def _notice(
    change: Optimization, what: str, severity: Severity, title: str, body: str, command: str = ""
) -> Notice:
    round_ = f"{change.round}.{change.rollbacks}"
    return Notice(
        id=content_id("optimization", change.workspace, change.id, round_, what),
        workspace=change.workspace,
        severity=severity,
        title=f"{title} ({change.key})",
        body=f"{body}\n{command or f'orcaops optimizations show {change.id}'}",
        at=change.changed_at,
        subject="optimization",
        subject_ids=(change.id,),
        facts={
            "key": change.key,
            "field": str(change.field),
            "state": str(change.state),
            "before": change.before,
            "after": change.after,
        },
    )
