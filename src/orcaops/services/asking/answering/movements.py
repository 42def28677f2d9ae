"""Answers about what moved: which jobs have more or less of a measure than before."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from orcaops.model.anomaly import Anomaly
from orcaops.model.inquiry import Finding, Inquiry, Kind, Measure
from orcaops.model.quantities import show_time
from orcaops.model.query import EVERYTHING, Compare, Comparison
from orcaops.recording.figures import Figure
from orcaops.recording.query import show_query
from orcaops.services.asking.answering.contrasts import FEWEST, LEAST_CHANGE, by_group, enough, values_of
from orcaops.services.asking.answering.runs import without_prices
from orcaops.services.asking.answering.sources import (
    MOST_FIGURES,
    Answered,
    Sources,
    amount,
    both,
    counted,
    ended,
    failed,
    ids,
    sampled,
    shown_rows,
    split_times,
    unit_of,
)
from orcaops.stats.contrast import median, ratio, share, shares_differ

_RECENT = timedelta(days=7)  # what "got slower" looks at where no time is named
_KIND_OF = {True: ("regression", "degradation"), False: ("improvement",)}


def moved(inquiry: Inquiry, sources: Sources) -> Answered:
    """Which groups have more (or less) of a measure in a time than before it, beyond chance.

    Medians of successes are compared by the interval of their ratio, shares of failures by Newcombe's; with
    many groups each is asked for more evidence (Bonferroni), so that all of what is told holds with 95%.
    """
    up = inquiry.kind is Kind.ROSE
    measure = inquiry.measure or Measure.DURATION
    if measure is Measure.COST and sources.prices() is None:
        return without_prices()
    base, start, end = split_times(sources.query(inquiry.where))
    notes = []
    if start is None:
        start = (end or sources.now) - _RECENT
        notes.append(f"no time was named: since {show_time(start)} UTC is compared with before")
    by = inquiry.by or "key"
    now_part = both(base, Compare("submitted_at", Comparison.AT_LEAST, start))
    if end is not None:
        now_part = both(now_part, Compare("submitted_at", Comparison.BELOW, end))
    before_part = both(base, Compare("submitted_at", Comparison.BELOW, start))
    if inquiry.against:
        before_part = both(base, sources.query(inquiry.against))
    with sources.store.read() as transaction:
        after = transaction.runs.figures(sources.workspace, now_part, by, most=MOST_FIGURES)
        before = transaction.runs.figures(sources.workspace, before_part, by, most=MOST_FIGURES)
    notes += sampled(max(len(after), len(before)), MOST_FIGURES)
    groups, earlier = by_group(after), by_group(before)
    told = [name for name in groups if enough(measure, groups[name], earlier.get(name, ()), sources)]
    coverage = 1 - 0.05 / max(len(told), 1)
    rows = [
        row
        for name in sorted(told)
        if (row := _moved(measure, name, groups[name], earlier[name], sources, coverage, up=up)) is not None
    ]
    rows.sort(key=lambda row: _change(row) if up else -_change(row), reverse=True)
    noticed = _noticed(measure, sources, start, end or sources.now, up=up) if by == "key" else {}
    rows = [
        row.model_copy(update={"text": f"{row.text}; noticed at {noticed[row.what].job_id}"})
        if row.what in noticed
        else row
        for row in rows
    ]
    clear = len(rows)
    rows += [  # what began within that time moves no median of all of it
        Finding(
            what=key,
            value=float(one.actual) if isinstance(one.actual, int | float) else None,
            unit=unit_of(measure, sources.prices()),
            text=f"{one.title}; noticed at {one.job_id}",
            job_ids=(one.job_id,),
        )
        for key, one in sorted(noticed.items())
        if key in groups and all(key != row.what for row in rows)
    ]
    word = {
        Measure.DURATION: "slower" if up else "faster",
        Measure.FAILURES: "less reliable" if up else "more reliable",
    }
    what = word.get(measure, f"{'more' if up else 'less'} {measure.value}")
    left_out = len(groups) - len(told)
    if left_out:
        notes.append(
            f"{counted(left_out, 'group')} had fewer than {FEWEST} runs on one side and cannot be told"
        )
    if not told:
        return Answered(
            "Nothing can be compared: no job has enough runs both in that time and before.",
            [],
            [*notes, f"`{_over_time(inquiry, measure, sources)}` shows all of it by day or week"],
        )
    verb = "got" if measure in word else "has"
    if not rows:
        return Answered(f"None of {counted(len(told), 'job')} {verb} clearly {what}.", [], notes)
    rows = rows[: shown_rows(inquiry, sources)]
    if not clear:
        said = f"{rows[0].what}: {rows[0].text}. Over the whole of that time none {verb} clearly {what}."
        return Answered(said, rows, notes)
    said = f"{counted(clear, 'job')} of {len(told)} {verb} {what}: {rows[0].what}, {rows[0].text}"
    return Answered(f"{said}{' and others' if len(rows) > 1 else ''}.", rows, notes)


def _over_time(inquiry: Inquiry, measure: Measure, sources: Sources) -> str:
    """The query for how a measure goes over all time, where two times cannot be compared."""
    rest, _, _ = split_times(sources.query(inquiry.where))
    where = "" if rest == EVERYTHING else show_query(rest)
    return Inquiry(kind=Kind.TREND, measure=measure, where=where).line


def _moved(
    measure: Measure,
    name: str,
    after: Sequence[Figure],
    before: Sequence[Figure],
    sources: Sources,
    coverage: float,
    *,
    up: bool,
) -> Finding | None:
    """The row of a group that clearly moved this way; None for one that did not."""
    if measure is Measure.FAILURES:
        some, others = ([each for each in group if ended(each)] for group in (after, before))
        bad, earlier = sum(map(failed, some)), sum(map(failed, others))
        rose = bad / len(some) > earlier / len(others)
        if rose is not up or not shares_differ(bad, len(some), earlier, len(others), coverage):
            return None
        found = share(bad, len(some))
        said = f"{bad} of {len(some)} failed, {earlier} of {len(others)} before"
        return Finding(
            what=name,
            value=found.value,
            unit="share failed",
            low=found.low,
            high=found.high,
            before=earlier / len(others),
            n=len(some),
            text=said,
            job_ids=ids(one for one in some if failed(one)),
        )
    values, earlier_values = values_of(measure, after, sources), values_of(measure, before, sources)
    found_ratio = ratio(values, earlier_values, coverage)
    if found_ratio is None or found_ratio.low is None or found_ratio.high is None:
        return None
    if (
        (found_ratio.low < 1 or found_ratio.value < LEAST_CHANGE)
        if up
        else (found_ratio.high > 1 or found_ratio.value > 1 / LEAST_CHANGE)
    ):
        return None
    prices = sources.prices() if measure is Measure.COST else None
    now, then = median(values), median(earlier_values)
    said = (
        f"{amount(measure, then.value, prices)} → {amount(measure, now.value, prices)}, "
        f"{found_ratio.value:.2f} times ({found_ratio.low:.2f} to {found_ratio.high:.2f}), "
        f"{len(values)} runs against {len(earlier_values)}"
    )
    return Finding(
        what=name,
        value=now.value,
        unit=unit_of(measure, prices),
        low=now.low,
        high=now.high,
        before=then.value,
        n=len(values),
        text=said,
        job_ids=ids(after),
    )


def _change(row: Finding) -> float:
    before = row.before or 0.0
    return (row.value or 0.0) / before if before else float(row.value or 0.0) * 1e9


def _noticed(
    measure: Measure, sources: Sources, start: datetime, end: datetime, *, up: bool
) -> dict[str, Anomaly]:
    """The lasting change that a detector has found in a time, for the keys that have one."""
    found: dict[str, Anomaly] = {}
    with sources.store.read() as transaction:
        for kind in _KIND_OF[up]:
            page = transaction.anomalies.page(sources.workspace, filters={"type": kind}, limit=200)
            for one in page.items:
                metric = one.evidence.get("metric")
                fits = metric in (None, measure.value) and (kind == "degradation") == (
                    measure is Measure.FAILURES
                )
                if fits and start <= one.detected_at <= end:
                    found.setdefault(one.key, one)
    return found


KINDS = {Kind.ROSE: moved, Kind.FELL: moved}
