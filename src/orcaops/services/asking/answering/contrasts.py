"""Answers that compare: one time or group with another, and which jobs rose or fell."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from orcaops.model.inquiry import Finding, Inquiry, Kind, Measure
from orcaops.model.quantities import show_time
from orcaops.model.query import Compare, Comparison
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

_RECENT = timedelta(days=7)  # what "got slower" looks at where no time is named
_FEWEST = 6  # runs on each side: fewer bound no median
_LEAST_CHANGE = 1.05  # what changed by less is not worth a word, however sure it is
_SUMMED = (Measure.RUNS, Measure.COST)  # what adds up over jobs is compared as it is
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
    groups, earlier = _by_group(after), _by_group(before)
    enough = [name for name in groups if _enough(measure, groups[name], earlier.get(name, ()), sources)]
    coverage = 1 - 0.05 / max(len(enough), 1)
    rows = [
        row
        for name in sorted(enough)
        if (row := _moved(measure, name, groups[name], earlier[name], sources, coverage, up=up)) is not None
    ]
    rows.sort(key=lambda row: _change(row) if up else -_change(row), reverse=True)
    noticed = _noticed(measure, sources, start, up=up) if by == "key" else {}
    rows = [
        row.model_copy(update={"text": f"{row.text}; noticed at {noticed[row.what]}"})
        if row.what in noticed
        else row
        for row in rows
    ]
    word = {
        Measure.DURATION: "slower" if up else "faster",
        Measure.FAILURES: "less reliable" if up else "more reliable",
    }
    what = word.get(measure, f"{'more' if up else 'less'} {measure.value}")
    left_out = len(groups) - len(enough)
    if left_out:
        notes.append(
            f"{counted(left_out, 'group')} had fewer than {_FEWEST} runs on one side and cannot be told"
        )
    if not enough:
        return Answered(
            "Nothing can be compared: no job has enough runs both in that time and before.", [], notes
        )
    if not rows:
        return Answered(f"None of {counted(len(enough), 'job')} got clearly {what}.", [], notes)
    rows = rows[: shown_rows(inquiry, sources)]
    said = f"{counted(len(rows), 'job')} of {len(enough)} got {what}: {rows[0].what}, {rows[0].text}"
    return Answered(f"{said}{' and others' if len(rows) > 1 else ''}.", rows, notes)


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
    groups = _by_group(figures)
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
        _by_group([replace(each, group=keys.get(each.job_id)) for each in group]) for group in (one, other)
    )
    both_ran = [key for key in ours if _enough(measure, ours[key], theirs.get(key, ()), sources)]
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
        (_values(measure, ours[key], sources), _values(measure, theirs[key], sources)) for key in both_ran
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
    return Answered(_verdict(measure, after, before, names[0], names[1], sources), rows, notes)


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
    values = _values(measure, figures, sources)
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
    measure: Measure, one: Sequence[Figure], other: Sequence[Figure], name: str, rival: str, sources: Sources
) -> str:
    if measure is Measure.RUNS:
        return f"{name}: {counted(len(one))}, {rival}: {counted(len(other))}."
    if measure is Measure.FAILURES:
        some, others = ([each for each in group if ended(each)] for group in (one, other))
        bad, worse = sum(map(failed, some)), sum(map(failed, others))
        differ = shares_differ(bad, len(some), worse, len(others))
        said = f"{name}: {bad} of {len(some)} failed; {rival}: {worse} of {len(others)}"
        return f"{said}. {'The difference is clear.' if differ else 'That may be chance.'}"
    values, rivals = _values(measure, one, sources), _values(measure, other, sources)
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
    if found.low is None or found.high is None:
        return f"{said}, from too few runs to be sure ({len(values)} and {len(rivals)})."
    return f"{said} (95% sure: {found.low:.2f} to {found.high:.2f}){_worth(found)}."


def _worth(found: Bounded) -> str:
    """What is added to a ratio that says little: it holds 1, or it is next to 1."""
    if found.low is not None and found.high is not None and found.low <= 1 <= found.high:
        return ": that may be chance"
    return "" if not 1 / _LEAST_CHANGE < found.value < _LEAST_CHANGE else ": hardly a difference"


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
    values, earlier_values = _values(measure, after, sources), _values(measure, before, sources)
    found_ratio = ratio(values, earlier_values, coverage)
    if found_ratio is None or found_ratio.low is None or found_ratio.high is None:
        return None
    if (
        (found_ratio.low < 1 or found_ratio.value < _LEAST_CHANGE)
        if up
        else (found_ratio.high > 1 or found_ratio.value > 1 / _LEAST_CHANGE)
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


def _values(measure: Measure, figures: Sequence[Figure], sources: Sources) -> list[float]:
    """The measured numbers in their order; durations are those of successes, where there are any."""
    prices = sources.prices() if measure is Measure.COST else None
    some = figures
    if measure is Measure.DURATION:
        some = [one for one in figures if ended(one) and not failed(one)] or figures
    return sorted(value for one in some if (value := measured(measure, one, prices)) is not None)


def _enough(measure: Measure, after: Sequence[Figure], before: Sequence[Figure], sources: Sources) -> bool:
    if measure is Measure.FAILURES:
        return all(sum(map(ended, some)) >= _FEWEST for some in (after, before))
    return all(len(_values(measure, some, sources)) >= _FEWEST for some in (after, before))


def _by_group(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    groups: dict[str, list[Figure]] = defaultdict(list)
    for one in figures:
        if one.group is not None:
            groups[one.group].append(one)
    return groups


def _change(row: Finding) -> float:
    before = row.before or 0.0
    return (row.value or 0.0) / before if before else float(row.value or 0.0) * 1e9


def _noticed(measure: Measure, sources: Sources, start: object, *, up: bool) -> dict[str, str]:
    """For keys whose lasting change a detector has found since then: the run at which it began."""
    found: dict[str, str] = {}
    with sources.store.read() as transaction:
        for kind in _KIND_OF[up]:
            page = transaction.anomalies.page(sources.workspace, filters={"type": kind}, limit=200)
            for one in page.items:
                metric = one.evidence.get("metric")
                fits = metric in (None, measure.value) and (kind == "degradation") == (
                    measure is Measure.FAILURES
                )
                if fits and one.detected_at >= start:  # type: ignore[operator]
                    found.setdefault(one.key, one.job_id)
    return found


def _named(start: object, end: object) -> str:
    since = f"from {start:%Y-%m-%d %H:%M}" if start is not None else ""
    until = f"to {end:%Y-%m-%d %H:%M}" if end is not None else ""
    return " ".join(part for part in (since, until) if part) or "all the time"


KINDS = {Kind.ROSE: moved, Kind.FELL: moved, Kind.COMPARE: compared}
