"""Answers that compare: one time or group with another."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from orcaops.model.inquiry import Finding, Inquiry, Kind, Measure
from orcaops.recording.figures import Figure
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
    measured,
    sampled,
    show_moment,
    shown_rows,
    split_times,
    unit_of,
)
from orcaops.stats.contrast import (
    Bounded,
    median,
    ratio,
    ratio_within,
    share,
    shares_differ,
    shares_differ_within,
)

FEWEST = 6
"""Runs on each side: fewer bound no median."""

LEAST_CHANGE = 1.05
"""What changed by less is not worth a word, however sure it is."""

_SUMMED = (Measure.RUNS, Measure.COST)  # what adds up over jobs is compared as it is


def compared(inquiry: Inquiry, sources: Sources) -> Answered:
    """Groups with each other, or one time with another."""
    measure = inquiry.measure or Measure.DURATION
    if measure is Measure.COST and sources.prices() is None:
        return without_prices()
    if inquiry.against:
        return _times(inquiry, measure, sources)
    with sources.store.read() as transaction:
        query = sources.query(inquiry.where)
        figures = transaction.runs.figures(sources.workspace, query, inquiry.by or "key", most=MOST_FIGURES)
        keyed = transaction.runs.figures(sources.workspace, query, "key", most=MOST_FIGURES)
    groups = by_group(figures)
    rows = [row for name, some in groups.items() if (row := _row(measure, name, some, sources)) is not None]
    rows.sort(key=lambda row: (-(row.value or 0.0), row.what))
    notes = sampled(len(figures), MOST_FIGURES)
    if len(rows) < 2:
        names = f" ({rows[0].what})" if rows else ""
        return Answered(
            f"There is nothing to compare with: {counted(len(rows), 'group')} match{names}.", rows, notes
        )
    name, rival = rows[0].what, rows[-1].what
    one, other = groups[name], groups[rival]
    keys = {each.job_id: each.group or "" for each in keyed}
    mixed = {keys.get(each.job_id) for each in one} | {keys.get(each.job_id) for each in other}
    if inquiry.by not in ("key", "name", "command", None) and len(mixed) > 1 and measure not in _SUMMED:
        verdict, told = _within_jobs(measure, one, other, name, rival, keys, sources)
        notes += told
    else:
        verdict = _verdict(measure, one, other, name, rival, sources)
    return Answered(verdict, rows[: shown_rows(inquiry, sources)], notes)


def _within_jobs(
    measure: Measure,
    one: Sequence[Figure],
    other: Sequence[Figure],
    name: str,
    rival: str,
    keys: Mapping[str, str],
    sources: Sources,
) -> tuple[str, list[str]]:
    """Two groups by the jobs that both ran: whoever ran the longer jobs is not slower for that."""
    ours, theirs = (
        by_group([replace(each, group=keys.get(each.job_id)) for each in group]) for group in (one, other)
    )
    both_ran = [key for key in ours if enough(measure, ours[key], theirs.get(key, ()), sources)]
    if not both_ran:
        verdict = _verdict(measure, one, other, name, rival, sources)
        return verdict, ["they ran different jobs: this compares the jobs as much as the groups"]
    where = f"In the {counted(len(both_ran), 'job')} that both ran"
    notes = ["the rows are over all of their jobs; the comparison is within each job"]
    if measure is Measure.FAILURES:
        tables = []
        for key in both_ran:
            some, others = ([each for each in group[key] if ended(each)] for group in (ours, theirs))
            tables.append((sum(map(failed, some)), len(some), sum(map(failed, others)), len(others)))
        bad, n, worse, others_n = (sum(column) for column in zip(*tables, strict=True))
        said = f"{where}, {name}: {bad} of {n} failed; {rival}: {worse} of {others_n}"
        clear = shares_differ_within(tables)
        return f"{said}. {'The difference is clear.' if clear else 'That may be chance.'}", notes
    pairs = [
        (values_of(measure, ours[key], sources), values_of(measure, theirs[key], sources)) for key in both_ran
    ]
    found = ratio_within(pairs)
    if found is None or found.low is None or found.high is None:
        return f"{where}, {name} and {rival} cannot be set in relation: a median is zero.", notes
    return (
        f"{where}, {name} has {found.value:.2f} times the {measure.value} of {rival} "
        f"(95% sure: {found.low:.2f} to {found.high:.2f}){_worth(found)}."
    ), notes


def _times(inquiry: Inquiry, measure: Measure, sources: Sources) -> Answered:
    base, start, end = split_times(sources.query(inquiry.where))
    _, other_start, other_end = split_times(sources.query(inquiry.against))
    with sources.store.read() as transaction:
        after = transaction.runs.figures(
            sources.workspace, sources.query(inquiry.where), "key", most=MOST_FIGURES
        )
        query = both(base, sources.query(inquiry.against))
        before = transaction.runs.figures(sources.workspace, query, "key", most=MOST_FIGURES)
    names = [_named(start, end), _named(other_start, other_end)]
    rows = [
        row
        for name, some in zip(names, (after, before), strict=True)
        if (row := _row(measure, name, some, sources)) is not None
    ]
    notes = sampled(max(len(after), len(before)), MOST_FIGURES)
    if start is not None and end is None and other_start is not None and other_end is not None:
        lasts, lasted = sources.now - start, other_end - other_start
        if lasts < lasted * 0.9 and measure in (*_SUMMED, Measure.FAILURES):
            days, others = lasts.total_seconds() / 86400, lasted.total_seconds() / 86400
            notes.append(f"the first time has not ended yet: {days:.1f} days against {others:.1f}")
    if len(rows) < 2:
        return Answered("There is nothing to compare with: one of the times has no runs.", rows, notes)
    if measure is Measure.RUNS:
        return Answered(
            f"{counted(len(after))} in the first time, {counted(len(before))} in the other.", rows, notes
        )
    return Answered(_verdict(measure, after, before, names[0], names[1], sources, of_times=True), rows, notes)


def _row(measure: Measure, name: str, figures: Sequence[Figure], sources: Sources) -> Finding | None:
    prices = sources.prices() if measure is Measure.COST else None
    if measure is Measure.RUNS:
        return Finding(
            what=name,
            value=len(figures),
            unit="runs",
            n=len(figures),
            text=counted(len(figures)),
            job_ids=ids(figures),
        )
    if measure is Measure.FAILURES:
        some = [one for one in figures if ended(one)]
        if not some:
            return None
        bad = sum(map(failed, some))
        found = share(bad, len(some))
        said = f"{bad} of {len(some)} failed ({found.value:.1%})"
        return Finding(
            what=name,
            value=found.value,
            unit="share failed",
            low=found.low,
            high=found.high,
            n=len(some),
            text=said,
            job_ids=ids(one for one in some if failed(one)),
        )
    values = values_of(measure, figures, sources)
    if not values:
        return None
    middle = median(values)
    said = f"median {amount(measure, middle.value, prices)} of {counted(len(values))}"
    if measure is Measure.COST:  # what is spent is a sum
        middle, each = Bounded(sum(values)), middle
        said = (
            f"{amount(measure, middle.value, prices)} in {counted(len(values))}, "
            f"median {amount(measure, each.value, prices)}"
        )
    return Finding(
        what=name,
        value=middle.value,
        unit=unit_of(measure, prices),
        low=middle.low,
        high=middle.high,
        n=len(values),
        text=said,
        job_ids=ids(figures),
    )


def _verdict(
    measure: Measure,
    one: Sequence[Figure],
    other: Sequence[Figure],
    name: str,
    rival: str,
    sources: Sources,
    *,
    of_times: bool = False,
) -> str:
    if measure is Measure.RUNS:
        return f"{name}: {counted(len(one))}, {rival}: {counted(len(other))}."
    if measure is Measure.FAILURES:
        some, others = ([each for each in group if ended(each)] for group in (one, other))
        bad, worse = sum(map(failed, some)), sum(map(failed, others))
        differ = shares_differ(bad, len(some), worse, len(others))
        said = f"{name}: {bad} of {len(some)} failed; {rival}: {worse} of {len(others)}"
        return f"{said}. {'The difference is clear.' if differ else 'That may be chance.'}"
    values, rivals = values_of(measure, one, sources), values_of(measure, other, sources)
    found = ratio(values, rivals)
    if measure is Measure.COST:
        prices = sources.prices()
        spent, others_spent = (amount(measure, sum(some), prices) for some in (values, rivals))
        said = f"{name}: {spent} in {counted(len(values))}; {rival}: {others_spent} in {counted(len(rivals))}"
        each = f"; each run costs {found.value:.2f} times as much" if found is not None else ""
        return f"{said}{each}."
    if found is None:
        return f"{name} and {rival} cannot be set in relation: a median is zero."
    said = f"{name} has {found.value:.2f} times the {measure.value} of {rival}"
    if of_times:
        said = f"{name}: {found.value:.2f} times the {measure.value} of {rival}"
    if found.low is None or found.high is None:
        return f"{said}, from too few runs to be sure ({len(values)} and {len(rivals)})."
    return f"{said} (95% sure: {found.low:.2f} to {found.high:.2f}){_worth(found)}."


def _worth(found: Bounded) -> str:
    """What is added to a ratio that says little: it holds 1, or it is next to 1."""
    if found.low is not None and found.high is not None and found.low <= 1 <= found.high:
        return ": that may be chance"
    return "" if not 1 / LEAST_CHANGE < found.value < LEAST_CHANGE else ": hardly a difference"


def values_of(measure: Measure, figures: Sequence[Figure], sources: Sources) -> list[float]:
    """The measured numbers in their order; durations are those of successes, where there are any."""
    prices = sources.prices() if measure is Measure.COST else None
    some = figures
    if measure is Measure.DURATION:
        some = [one for one in figures if ended(one) and not failed(one)] or figures
    return sorted(value for one in some if (value := measured(measure, one, prices)) is not None)


def enough(measure: Measure, after: Sequence[Figure], before: Sequence[Figure], sources: Sources) -> bool:
    """Whether both sides have runs enough to say something."""
    if measure is Measure.FAILURES:
        return all(sum(map(ended, some)) >= FEWEST for some in (after, before))
    return all(len(values_of(measure, some, sources)) >= FEWEST for some in (after, before))


def by_group(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """The runs of each group; those without one are left out."""
    groups: dict[str, list[Figure]] = defaultdict(list)
    for one in figures:
        if one.group is not None:
            groups[one.group].append(one)
    return groups


def _named(start: datetime | None, end: datetime | None) -> str:
    if end is None and start is not None:
        return f"since {show_moment(start)}"
    if start is None or end is None:
        return f"before {show_moment(end)}" if end is not None else "all the time"
    if end - start == timedelta(days=1) and start == start.replace(hour=0, minute=0):
        return show_moment(start)
    return f"{show_moment(start)} to {show_moment(end)}"


KINDS = {Kind.COMPARE: compared}
