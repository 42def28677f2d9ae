"""Answers about what comes: predictions of a job, forecasts of a workspace, and what could be improved."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from orcaops.model.forecast import CostForecast
from orcaops.model.inquiry import Finding, Inquiry, Kind, Measure
from orcaops.model.prediction import Abstained, Prediction
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.query import EVERYTHING
from orcaops.model.run import Run
from orcaops.recording.query import show_query
from orcaops.services.asking.answering.sources import (
    MOST_TALLIED,
    Answered,
    Sources,
    counted,
    show_moment,
    shown_rows,
    split_times,
)
from orcaops.services.forecasts import LONGEST_HOURS

_FORECAST_HOURS = 48
_HOUR = timedelta(hours=1)
_NAMED = 3


def predicted(inquiry: Inquiry, sources: Sources) -> Answered:
    """What the next run of the job that matches latest will take."""
    with sources.store.read() as transaction:
        query = sources.query(inquiry.where)
        found = transaction.runs.page(sources.workspace, query, limit=1).items
        keys = transaction.runs.tally(sources.workspace, query, "key", most=MOST_TALLIED) if found else ()
    if not found:
        return Answered("No run matches, so nothing can be said of the next one.")
    told = sources.predictions.again(found[0])
    parts: dict[Measure, Prediction | Abstained] = {
        Measure.DURATION: told.duration,
        Measure.MEMORY: told.memory,
        Measure.FAILURES: told.failure_risk,
        Measure.COST: told.cost,
    }
    wanted = [one for one in parts if inquiry.measure in (None, one)] or list(parts)
    rows = [_predicted_row(measure, parts[measure], found[0]) for measure in wanted]
    others = sorted(one.group for one in keys if one.group not in (None, found[0].key))
    notes = [f"this is the job that ran last; the search also finds {_named(others)}"] if others else []
    return Answered(
        f"The next run of {found[0].key}: " + "; ".join(row.text for row in rows) + ".", rows, notes
    )


def _named(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more


def _predicted_row(measure: Measure, told: Prediction | Abstained, run: Run) -> Finding:
    if isinstance(told, Abstained):
        text = f"{measure.value}: not known, {told.abstention.reason}"
        return Finding(what=measure.value, text=text, job_ids=(run.job_id,))
    numbers = (told.estimate, told.range_low, told.range_high)
    if measure is Measure.DURATION:
        middle, low, high = map(show_duration, numbers)
    elif measure is Measure.MEMORY:
        middle, low, high = map(show_size, numbers)
    elif measure is Measure.FAILURES:
        middle, low, high = (f"{value:.1%}" for value in numbers)
    else:
        middle, low, high = (f"{value:.4g} {told.unit}" for value in numbers)
    name = "risk of failure" if measure is Measure.FAILURES else measure.value
    return Finding(
        what=name,
        value=told.estimate,
        unit=told.unit,
        low=told.range_low,
        high=told.range_high,
        n=told.sample_count,
        text=f"{name} {middle} ({told.coverage:.0%} sure: {low} to {high}), "
        f"from {counted(told.sample_count)}",
        job_ids=(run.job_id,),
    )


def forecast(inquiry: Inquiry, sources: Sources) -> Answered:
    """How much comes, when, and what it costs: in the time that is asked about, or in the next two days."""
    part, start, end, notes = _hours_ahead(inquiry, sources)
    if end <= sources.now:
        return Answered("That time is over, so nothing of it can be forecast; ask what was.", [], notes)
    if end <= start:
        return Answered("That is too far ahead to be forecast.", [], notes)
    running = sources.now.replace(minute=0, second=0, microsecond=0)
    told = sources.forecasts.forecast(
        sources.workspace,
        hours=math.ceil((end - running) / _HOUR),
        at=sources.now,
        skip=int((start - running) / _HOUR),
        q=part,
    )
    if isinstance(told, Abstained):
        return Answered(f"Nothing can be forecast: {told.abstention.reason}.", [], notes)
    named = f"in the next {_FORECAST_HOURS} hours"
    if inquiry.where:
        named = f"from {show_moment(max(told.hours[0].at, start))} to {show_moment(end)} UTC"
    rows = [
        Finding(
            what=f"runs of {part} {named}" if part else f"runs {named}",
            value=told.total.p50,
            unit="runs",
            low=told.total.p10,
            high=told.total.p90,
            n=told.runs_seen,
            text=f"{told.total.p50:.0f} ({told.total.p10:.0f} to {told.total.p90:.0f}, 80% sure)",
        )
    ]
    rows += [Finding(what="peak", value=one.at_once, unit="at once", text=one.words) for one in told.peaks]
    if not isinstance(told.capacity, Abstained):
        rows.append(
            Finding(
                what="capacity", value=told.capacity.recommended, unit="at once", text=told.capacity.words
            )
        )
    month_over = datetime(*_first_of_next(sources.now), tzinfo=sources.now.tzinfo)
    cost = _cost_ahead(told.cost, named if inquiry.where and end != month_over else None)
    rows = [cost, *rows] if inquiry.measure is Measure.COST else [*rows, cost]
    if inquiry.by is not None:  # asked when most comes, and not how much
        rows.sort(key=lambda row: row.what != "peak")
    notes.append(told.reason)
    return Answered(f"{rows[0].what[:1].upper()}{rows[0].what[1:]}: {rows[0].text}.", rows, notes)


def _hours_ahead(inquiry: Inquiry, sources: Sources) -> tuple[str, datetime, datetime, list[str]]:
    """Which runs are forecast (a search; empty: all), from when to when, and what else is to be known."""
    rest, start, end = split_times(sources.query(inquiry.where))
    notes: list[str] = []
    start = max(start or sources.now, sources.now)
    end = end or start + timedelta(hours=_FORECAST_HOURS)
    furthest = sources.now + (LONGEST_HOURS - 1) * _HOUR
    if end > furthest:
        notes.append(f"nothing is forecast beyond {show_moment(furthest)} UTC")
        end = furthest
    return "" if rest == EVERYTHING else show_query(rest), start, end, notes


def _cost_ahead(told: CostForecast | Abstained, named: str | None) -> Finding:
    """The cost of a time that is named, or of the running month."""
    if isinstance(told, Abstained):
        return Finding(what="cost", text=f"not known: {told.abstention.reason}")
    found = told.hours if named else told.month_end
    more = f"at {told.per_run:.4g} for a run" if named else f"{told.month_spent:.4g} spent so far"
    return Finding(
        what=f"cost {named}" if named else "cost by the end of the month",
        value=found.p50,
        unit=told.currency,
        low=found.p10,
        high=found.p90,
        text=f"{found.p50:.4g} {told.currency} ({found.p10:.4g} to {found.p90:.4g}, 80% sure), {more}",
    )


def _first_of_next(now: datetime) -> tuple[int, int, int]:
    return (now.year + now.month // 12, now.month % 12 + 1, 1)


def advised(inquiry: Inquiry, sources: Sources) -> Answered:
    """What could be improved, most worth first; with a search, only for jobs that match it."""
    query = sources.query(inquiry.where)
    with sources.store.read() as transaction:
        page = transaction.recommendations.page(sources.workspace, state="open", limit=100)
        keys: set[str] | None = None
        if inquiry.where:
            keys = {
                one.group or ""
                for one in transaction.runs.tally(sources.workspace, query, "key", most=100_000)
            }
    found = [one for one in page.items if keys is None or one.key in keys]
    if inquiry.measure is Measure.COST:
        found = [one for one in found if one.type == "cost"] or found
    if not found:
        return Answered("Nothing is recommended now.")
    rows = [
        Finding(what=one.title, text=f"{one.priority.value}: {one.impact} {one.action} ({one.id})")
        for one in found[: shown_rows(inquiry, sources)]
    ]
    return Answered(f"{counted(len(found), 'recommendation')}; first: {rows[0].what}.", rows)


KINDS = {Kind.PREDICT: predicted, Kind.FORECAST: forecast, Kind.ADVICE: advised}
