"""Answers that are numbers: counts, rates, typical values, totals and trends."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orcaops.model.inquiry import SPANS, WHAT_FAILED, Finding, Inquiry, Kind, Measure
from orcaops.model.query import Compare, Comparison, Query
from orcaops.model.run import Status
from orcaops.recording.figures import BY_TIME, QUARTER, Figure, Tally
from orcaops.services.asking.answering.runs import without_prices
from orcaops.services.asking.answering.sources import (
    MOST_FIGURES,
    MOST_TALLIED,
    Answered,
    Sources,
    amount,
    both,
    counted,
    ids,
    measured,
    sampled,
    shown_rows,
    split_times,
    total,
    unit_of,
)
from orcaops.services.asking.answering.what_failed import counted_by_what_failed
from orcaops.stats.contrast import median, share
from orcaops.stats.robust import percentile
from orcaops.stats.trend import trend

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLEAR = 0.05  # a trend is told where chance alone shows one as clear less often than this
_CONTEXT = ("host", "branch", "image", "executor", "source")  # the same job may run in several of them
_WITH_RUNS = 31  # the first rows name runs to look at
_MOST_LISTED = 2000
_WEEKLY_FROM = timedelta(days=60)


def count(inquiry: Inquiry, sources: Sources) -> Answered:
    """How many runs match, by a field or a span of time, or failures by what failed."""
    if inquiry.by in WHAT_FAILED:
        return counted_by_what_failed(inquiry, sources)
    groups, read = _tallies(inquiry, sources)
    runs = sum(one.runs for one in groups)
    if inquiry.by is None:
        found = f"{runs:,} run{' matches' if runs == 1 else 's match'}.".replace(",", " ")
        row = Finding(
            what="runs",
            value=runs,
            unit="runs",
            n=runs,
            text=counted(runs),
            job_ids=_latest(inquiry.where, sources),
        )
        return Answered(found, [row] if runs else [], sampled(read, MOST_TALLIED))
    ordered = _in_order(inquiry, groups, lambda one: one.runs)
    runs_of = _runs_of(inquiry, sources)
    rows = [
        Finding(
            what=one.group or "(none)",
            value=one.runs,
            unit="runs",
            n=one.runs,
            text=f"{counted(one.runs)}, {one.runs / runs:.0%}",
            job_ids=runs_of(one.group) if place < _WITH_RUNS else (),
        )
        for place, one in enumerate(ordered[: _most(inquiry, sources)])
    ]
    if not rows:
        return Answered("No run matches.")
    said = f"{counted(runs)} in {counted(len(groups), 'group')}"
    top = max(groups, key=lambda one: one.runs)
    return Answered(
        f"{said}; most in {top.group or '(none)'}: {top.runs} ({top.runs / runs:.0%}).",
        rows,
        sampled(read, MOST_TALLIED),
    )


def rate(inquiry: Inquiry, sources: Sources) -> Answered:
    """Which share of the runs that ended failed, with Wilson's interval."""
    groups, read = _tallies(inquiry, sources)
    groups = [one for one in groups if one.ended]
    ended, bad = sum(one.ended for one in groups), sum(one.failed for one in groups)
    if not ended:
        return Answered("No matching run has succeeded or failed yet.")
    # A group with few runs says little: it is ordered by the end of its interval that is sure.
    ordered = _in_order(inquiry, groups, lambda one: share(one.failed, one.ended).low or 0.0)
    if inquiry.least:
        ordered = sorted(groups, key=lambda one: (share(one.failed, one.ended).high or 0.0, one.group or ""))
    rows = []
    runs_of = _runs_of(inquiry, sources, failures=True)
    for place, one in enumerate(ordered[: _most(inquiry, sources)]):
        found = share(one.failed, one.ended)
        rows.append(
            Finding(
                what=one.group or "all",
                value=found.value,
                unit="share failed",
                low=found.low,
                high=found.high,
                n=one.ended,
                text=f"{one.failed} of {one.ended} failed ({found.value:.1%}), "
                f"{1 - found.value:.1%} succeeded",
                job_ids=runs_of(one.group) if place < _WITH_RUNS else (),
            )
        )
    found = share(bad, ended)
    said = (
        f"{bad} of {counted(ended)} failed: {found.value:.1%} (95% sure: {found.low or 0:.1%} to "
        f"{found.high or 0:.1%}), {1 - found.value:.1%} succeeded."
    )
    if inquiry.least and inquiry.by is not None:
        never = sum(not one.failed for one in groups)
        all_ = counted(len(groups), "group")
        said = f"{f'{never} of {all_} never failed' if never else f'Each of {all_} failed'}. {said}"
    if inquiry.by is not None and inquiry.by not in SPANS and len(rows) > 1:
        said += f" {'Least' if inquiry.least else 'Most'} surely in {rows[0].what}: {rows[0].text}."
    return Answered(said, rows, sampled(read, MOST_TALLIED))


def typical(inquiry: Inquiry, sources: Sources) -> Answered:
    """The median of a measure with its interval, its mean and its 95th percentile."""
    measure = inquiry.measure or Measure.DURATION
    prices = sources.prices() if measure is Measure.COST else None
    if measure is Measure.COST and prices is None:
        return without_prices()
    figures, read = _figures(inquiry, sources)
    used = _ended_well(inquiry, figures) if measure is Measure.DURATION else figures
    groups: dict[str, list[tuple[float, Figure]]] = defaultdict(list)
    for one in used:
        if (value := measured(measure, one, prices)) is not None:
            groups[one.group or ("(none)" if inquiry.by else "all")].append((value, one))
    if not groups:
        return Answered(f"No matching run has a measured {measure.value}.")
    rows = []
    for group, pairs in groups.items():
        values = sorted(value for value, _ in pairs)
        found = median(values)
        mean, high, highest = sum(values) / len(values), percentile(values, 95), percentile(values, 99)
        text = (
            f"median {amount(measure, found.value, prices)}, mean {amount(measure, mean, prices)}, "
            f"95% below {amount(measure, high, prices)}, 99% below {amount(measure, highest, prices)}"
        )
        rows.append(
            Finding(
                what=group,
                value=found.value,
                unit=unit_of(measure, prices),
                low=found.low,
                high=found.high,
                n=len(values),
                text=text,
                job_ids=ids(one for _, one in pairs),
            )
        )
    rows.sort(key=lambda row: (row.value or 0.0) * (1 if inquiry.least else -1))
    if inquiry.by in SPANS:
        rows.sort(key=lambda row: _span_order(row.what))
    if inquiry.by in _CONTEXT:
        read += _unlike(inquiry, sources)
    rows = rows[: _most(inquiry, sources)]
    what = "succeeded" if measure is Measure.DURATION and len(used) < len(figures) else "matched"
    first = rows[0]
    if inquiry.by is None:
        said = f"{first.text[:1].upper()}{first.text[1:]} ({counted(first.n or 0)} that {what})."
        return Answered(said, rows, read)
    which = "Lowest" if inquiry.least else "Highest"
    said = f"{counted(len(groups), 'group')}. {which}: {first.what}, {first.text} ({counted(first.n or 0)})."
    return Answered(said if inquiry.by not in SPANS else f"{counted(len(groups), 'group')}.", rows, read)


def _unlike(inquiry: Inquiry, sources: Sources) -> list[str]:
    """Says it where groups may differ only because other jobs ran in them."""
    with sources.store.read() as transaction:
        keys = transaction.runs.tally(
            sources.workspace, sources.query(inquiry.where), "key", most=MOST_TALLIED
        )
    if len(keys) < 2:
        return []
    return [f"{counted(len(keys), 'job')} in one: groups that ran others differ for that; name one job"]


def totals(inquiry: Inquiry, sources: Sources) -> Answered:
    """The sum of a measure, by a field or a span of time."""
    measure = inquiry.measure or Measure.DURATION
    prices = sources.prices() if measure is Measure.COST else None
    if measure is Measure.COST and prices is None:
        return without_prices()
    if measure is Measure.MEMORY:
        return Answered("Memory does not add up over runs; ask for what is typical, or for the highest.")
    groups, read = _tallies(inquiry, sources)
    everything = sum(total(measure, one, prices) for one in groups)
    runs = sum(one.runs for one in groups)
    if not runs:
        return Answered("No run matches.")
    ordered = _in_order(inquiry, groups, lambda one: total(measure, one, prices))
    runs_of = _runs_of(inquiry, sources)
    rows = [
        Finding(
            what=one.group or ("(none)" if inquiry.by else "all"),
            value=total(measure, one, prices),
            unit=unit_of(measure, prices),
            n=one.runs,
            text=f"{amount(measure, total(measure, one, prices), prices)} in {counted(one.runs)}",
            job_ids=runs_of(one.group) if place < _WITH_RUNS else (),
        )
        for place, one in enumerate(ordered[: _most(inquiry, sources)])
    ]
    what = " of waiting" if measure is Measure.WAIT else ""
    most = (
        f"; most in {rows[0].what}: {rows[0].text}"
        if inquiry.by and len(rows) > 1 and not inquiry.least
        else ""
    )
    most = "" if inquiry.by in SPANS else most
    said = f"{amount(measure, everything, prices)}{what} in {counted(runs)}{most}."
    if measure in (Measure.RUNS, Measure.FAILURES):
        said = f"{everything:.0f} {measure.value}."
    return Answered(said, rows, sampled(read, MOST_TALLIED))


def trends(inquiry: Inquiry, sources: Sources) -> Answered:
    """A measure by day (by week, if the time is long), and whether it goes up or down (Mann-Kendall)."""
    measure = inquiry.measure or Measure.DURATION
    asked = inquiry.by if inquiry.by in ("hour", "day", "week", "month") else None
    by = asked or ("week" if _is_long(inquiry, sources) else "day")
    spans = replace_by(inquiry, by)
    if measure in (Measure.DURATION, Measure.MEMORY, Measure.CPU, Measure.WAIT, Measure.COST):
        found = typical(spans, replace(sources, limit=100))
    elif measure is Measure.FAILURES:
        found = rate(spans, replace(sources, limit=100))
    else:
        found = count(spans, replace(sources, limit=100))
    rows = sorted((row for row in found.rows if row.value is not None), key=lambda row: _span_order(row.what))
    values = [row.value for row in rows if row.value is not None]
    if not values:
        return found
    told = trend(values)
    prices = sources.prices() if measure is Measure.COST else None
    each = f"per {by}"
    if told is None:
        said = f"Too few {by}s for a trend ({len(values)}, 6 are needed)."
    elif told.p_value >= _CLEAR or not told.slope:
        said = f"No clear trend over {counted(len(values), by)} (p = {told.p_value:.2g})."
    else:
        step = amount(measure, abs(told.slope), prices)
        step = f"{abs(told.slope) * 100:.2g} percentage points" if measure is Measure.FAILURES else step
        way = "up" if told.slope > 0 else "down"
        said = f"Going {way}: by {step} {each} over {counted(len(values), by)} (p = {told.p_value:.1g})."
    return Answered(said, rows[-shown_rows(inquiry, sources) :], found.notes)


def _is_long(inquiry: Inquiry, sources: Sources) -> bool:
    """Whether days would be too many: the time that is asked about, or since the first run that matches."""
    _, start, end = split_times(sources.query(inquiry.where))
    if start is None:
        with sources.store.read() as transaction:
            run = next(iter(transaction.runs.each(sources.workspace, sources.query(inquiry.where))), None)
        start = run.submitted_at if run is not None else sources.now
    return (end or sources.now) - start > _WEEKLY_FROM


def replace_by(inquiry: Inquiry, by: str | None) -> Inquiry:
    """The same inquiry, grouped otherwise."""
    return inquiry.model_copy(update={"by": by, "top": None, "least": False})


def _tallies(inquiry: Inquiry, sources: Sources) -> tuple[list[Tally], int]:
    """The groups, and how many runs were counted."""
    by = BY_TIME if inquiry.by in SPANS else inquiry.by
    with sources.store.read() as transaction:
        found = transaction.runs.tally(sources.workspace, sources.query(inquiry.where), by, most=MOST_TALLIED)
    read = sum(one.runs for one in found)
    if inquiry.by not in SPANS:
        return found, read
    together: dict[str, Tally] = {}
    for one in found:
        at = (_EPOCH + int(one.group or 0) * QUARTER).astimezone(sources.zone)
        name = _span_name(inquiry.by or "day", at)
        before = together.get(name)
        if before is None:
            together[name] = replace(one, group=name)
        else:
            together[name] = Tally(
                group=name,
                **{
                    part: getattr(before, part) + getattr(one, part)
                    for part in Tally.__slots__
                    if part != "group"
                },
            )
    return list(together.values()), read


def _figures(inquiry: Inquiry, sources: Sources) -> tuple[list[Figure], list[str]]:
    by = None if inquiry.by in SPANS else inquiry.by
    with sources.store.read() as transaction:
        found = transaction.runs.figures(
            sources.workspace, sources.query(inquiry.where), by, most=MOST_FIGURES
        )
    if inquiry.by in SPANS:
        found = [
            replace(one, group=_span_name(inquiry.by or "day", one.at.astimezone(sources.zone)))
            for one in found
        ]
    return found, sampled(len(found), MOST_FIGURES)


def _ended_well(inquiry: Inquiry, figures: Sequence[Figure]) -> list[Figure]:
    """The successes, unless the question is about others."""
    if "status:" in inquiry.where or "cause:" in inquiry.where:
        return list(figures)
    return [one for one in figures if one.status is Status.SUCCEEDED] or list(figures)


def _in_order(inquiry: Inquiry, groups: Sequence[Tally], size: object) -> list[Tally]:
    if inquiry.by in SPANS:
        return sorted(groups, key=lambda one: _span_order(one.group or ""))
    turn = 1 if inquiry.least else -1
    return sorted(groups, key=lambda one: (turn * size(one), one.group or ""))  # type: ignore[operator]


def _most(inquiry: Inquiry, sources: Sources) -> int:
    return inquiry.top or (100 if inquiry.by in SPANS else sources.limit)


def _span_name(by: str, at: datetime) -> str:
    match by:
        case "hour":
            return f"{at:%Y-%m-%d %H:00}"
        case "day":
            return f"{at:%Y-%m-%d}"
        case "week":
            return f"{at - timedelta(days=at.weekday()):%Y-%m-%d}"
        case "month":
            return f"{at:%Y-%m}"
        case "weekday":
            return _DAYS[at.weekday()]
        case _:
            return f"{at:%H:00}"


def _span_order(name: str) -> str:
    return f"{_DAYS.index(name)}" if name in _DAYS else name


def _runs_of(
    inquiry: Inquiry, sources: Sources, *, failures: bool = False
) -> Callable[[str | None], tuple[str, ...]]:
    """What tells the latest runs of a group; of spans, among the latest thousands of runs."""
    query: Query = sources.query(inquiry.where)
    if failures:
        query = both(query, Compare("status", Comparison.EQUAL, Status.FAILED.value))
    if inquiry.by in SPANS:
        spans: dict[str, list[Figure]] = defaultdict(list)
        with sources.store.read() as transaction:
            for one in transaction.runs.figures(sources.workspace, query, None, most=_MOST_LISTED):
                spans[_span_name(inquiry.by, one.at.astimezone(sources.zone))].append(one)
        return lambda group: ids(spans.get(group or "", ()))

    def latest(group: str | None) -> tuple[str, ...]:
        if group is None and inquiry.by is not None:
            return ()
        of_it = query
        if inquiry.by is not None:
            field, _, label = inquiry.by.partition(":")
            value: object = int(group or 0) if field == "exit_code" else group
            of_it = both(query, Compare(field, Comparison.EQUAL, value, label or None))
        with sources.store.read() as transaction:
            return ids(transaction.runs.page(sources.workspace, of_it, limit=5).items)

    return latest


def _latest(where: str, sources: Sources) -> tuple[str, ...]:
    with sources.store.read() as transaction:
        return ids(transaction.runs.page(sources.workspace, sources.query(where), limit=5).items)


KINDS = {
    Kind.COUNT: count,
    Kind.RATE: rate,
    Kind.TYPICAL: typical,
    Kind.TOTAL: totals,
    Kind.TREND: trends,
}
