"""Answers about what is not there: which jobs have no run of some kind, or none in some time."""

from orcaops.model.inquiry import Finding, Inquiry, Kind
from orcaops.model.quantities import show_time
from orcaops.model.query import And, Compare, Comparison, Or, Query
from orcaops.services.asking.answering.sources import (
    MOST_TALLIED,
    Answered,
    Sources,
    both,
    counted,
    sampled,
    shown_rows,
    split_times,
)

_MOST_LOOKED_AT = 500  # whose last run is looked up: those with the most runs
_OUTCOMES = frozenset({"status", "cause", "exit_code"})


def missing(inquiry: Inquiry, sources: Sources) -> Answered:
    """The jobs, or other groups, that ran at some time, and of which no run matches."""
    by = inquiry.by or "key"
    wanted = sources.query(inquiry.where)
    others, _, end = split_times(_without_outcomes(wanted))
    if end is not None:  # what began only afterwards is not missed before
        others = both(others, Compare("submitted_at", Comparison.BELOW, end))
    with sources.store.read() as transaction:
        all_ = transaction.runs.tally(sources.workspace, others, by, most=MOST_TALLIED)
        there = {
            one.group for one in transaction.runs.tally(sources.workspace, wanted, by, most=MOST_TALLIED)
        }
        gone = [one for one in all_ if one.group is not None and one.group not in there]
        rows = []
        for one in sorted(gone, key=lambda one: -one.runs)[:_MOST_LOOKED_AT]:
            of_it = both(others, Compare(by, Comparison.EQUAL, one.group))
            last = transaction.runs.page(sources.workspace, of_it, limit=1).items
            if last:
                said = f"{counted(one.runs)}, the last {show_time(last[0].submitted_at)}: {last[0].status}"
                rows.append((last[0].submitted_at, _row(one.group or "", one.runs, said, last[0].job_id)))
    noun = "job" if by in ("key", "name") else by.removeprefix("label:")
    known = len([one for one in all_ if one.group is not None])
    if not known:
        return Answered("No run matches, at any time.")
    if not rows:
        return Answered(f"None: each of the {counted(known, noun)} has such a run.")
    rows.sort(key=lambda pair: pair[0], reverse=True)
    shown = [row for _, row in rows[: shown_rows(inquiry, sources)]]
    verb = "has" if len(gone) == 1 else "have"
    answer = (
        f"{len(gone)} of {counted(known, noun)} {verb} no such run; the one that ran last is {shown[0].what}."
    )
    return Answered(answer, shown, sampled(sum(one.runs for one in all_), MOST_TALLIED))


def _row(group: str, runs: int, said: str, job_id: str) -> Finding:
    return Finding(what=group, value=runs, unit="runs", n=runs, text=said, job_ids=(job_id,))


def _without_outcomes(query: Query) -> Query:
    parts = query.parts if isinstance(query, And) else (query,)
    kept = tuple(part for part in parts if not _is_outcome(part))
    return kept[0] if len(kept) == 1 else And(kept)


def _is_outcome(part: Query) -> bool:
    if isinstance(part, Or):
        return all(_is_outcome(each) for each in part.parts)
    return isinstance(part, Compare) and part.field in _OUTCOMES


KINDS = {Kind.MISSING: missing}
