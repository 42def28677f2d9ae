"""Answers that are runs: lists, the first and the last match."""

from orcaops.model.errors import OrcaError
from orcaops.model.inquiry import Finding, Inquiry, Kind, Measure
from orcaops.model.quantities import show_duration, show_time
from orcaops.model.query import EVERYTHING
from orcaops.model.run import Run, Status
from orcaops.recording.figures import Figure
from orcaops.services.asking.answering.sources import (
    MOST_FIGURES,
    Answered,
    Sources,
    amount,
    counted,
    measured,
    sampled,
    shown_rows,
    unfilled,
    unit_of,
)


def listed(inquiry: Inquiry, sources: Sources) -> Answered:
    """Runs that match, the latest first or, with a measure, in its order."""
    if inquiry.measure is not None:
        return _ordered(inquiry, inquiry.measure, sources)
    most = shown_rows(inquiry, sources)
    with sources.store.read() as transaction:
        page = transaction.runs.page(sources.workspace, sources.query(inquiry.where), limit=most)
    if not page.items:
        return Answered("No run matches.")
    total = page.total
    how_many = (
        "More than 10 000 runs match" if total is None else f"{counted(total)} match{'es' * (total == 1)}"
    )
    answer = f"{how_many}; these are the latest." if page.next_cursor else f"{how_many}."
    return Answered(answer, [_row(run) for run in page.items])


def first(inquiry: Inquiry, sources: Sources) -> Answered:
    """The earliest match."""
    with sources.store.read() as transaction:
        run = next(iter(transaction.runs.each(sources.workspace, sources.query(inquiry.where))), None)
    return _one(run, "first", inquiry)


def last(inquiry: Inquiry, sources: Sources) -> Answered:
    """The latest match."""
    with sources.store.read() as transaction:
        found = transaction.runs.page(sources.workspace, sources.query(inquiry.where), limit=1).items
    return _one(found[0] if found else None, "last", inquiry)


def _one(run: Run | None, which: str, inquiry: Inquiry) -> Answered:
    if run is None:
        return Answered("It never happened: no run matches." if inquiry.where else "There is no run yet.")
    said = f"The {which} one was {run.job_id} at {show_time(run.submitted_at)} UTC: {_told(run)}."
    return Answered(said, [_row(run)])


def _ordered(inquiry: Inquiry, measure: Measure, sources: Sources) -> Answered:
    prices = sources.prices() if measure is Measure.COST else None
    if measure is Measure.COST and prices is None:
        return without_prices()
    with sources.store.read() as transaction:
        query = sources.query(inquiry.where)
        figures = transaction.runs.figures(sources.workspace, query, "key", most=MOST_FIGURES)
    pairs = ((_so_far(measure, one, sources) or measured(measure, one, prices), one) for one in figures)
    found = [(value, one) for value, one in pairs if value is not None]
    if not figures:
        return Answered("No run matches.")
    if not found:
        return Answered(f"No matching run has a measured {measure.value}.")
    found.sort(key=lambda pair: pair[0] if inquiry.least else -pair[0])
    rows = [
        Finding(
            what=one.group or one.job_id,
            value=value,
            unit=unit_of(measure, prices),
            text=f"{amount(measure, value, prices)}, {one.status}, {show_time(one.at)}",
            job_ids=(one.job_id,),
        )
        for value, one in found[: shown_rows(inquiry, sources)]
    ]
    value, one = found[0]
    most, least = _SUPERLATIVES.get(measure, (f"had the most {measure.value}",) * 2)
    how = least if inquiry.least else most
    said = f"{one.job_id} ({one.group}) {how}: {amount(measure, value, prices)}"
    return Answered(f"{said}, of {counted(len(found))}.", rows, sampled(len(figures), MOST_FIGURES))


def _so_far(measure: Measure, one: Figure, sources: Sources) -> float | None:
    """How long a run that runs has taken until now."""
    running = measure is Measure.DURATION and one.status is Status.RUNNING
    return (sources.now - one.at).total_seconds() if running else None


_SUPERLATIVES = {  # of the highest and of the lowest
    Measure.DURATION: ("took longest", "was quickest"),
    Measure.MEMORY: ("used the most memory", "used the least memory"),
    Measure.CPU: ("used the most CPU time", "used the least CPU time"),
    Measure.WAIT: ("waited longest", "waited shortest"),
    Measure.COST: ("cost the most", "cost the least"),
}


def without_prices() -> Answered:
    """What is said where nothing has a price."""
    from orcaops.services.forecasts import NO_PRICES

    return Answered(f"Costs are not known: {NO_PRICES}.")


def seen(inquiry: Inquiry, sources: Sources) -> Answered:
    """Whether such a failure was there before: by its words, and by what is alike."""
    query = sources.query(inquiry.where)
    texts = words_of(inquiry.where)
    with sources.store.read() as transaction:
        page = transaction.runs.page(sources.workspace, query, limit=shown_rows(inquiry, sources))
        oldest = next(iter(transaction.runs.each(sources.workspace, query)), None) if page.items else None
    rows = [_row(run) for run in page.items]
    look = texts and not page.items  # what is there in these very words needs no likeness
    alike = sources.meaning.search(sources.workspace, texts, limit=5) if look else None
    notes = [alike.how] if alike is not None and alike.found else []
    if alike is not None:
        known = {job for row in rows for job in row.job_ids}
        rows += [
            Finding(
                what=unfilled(one.title),
                value=round(one.likeness, 3),
                unit="likeness",
                text=unfilled(one.text),
                job_ids=one.job_ids,
            )
            for one in alike.found
            if not (one.job_ids and set(one.job_ids) <= known)
        ]
    if page.items and query != EVERYTHING and oldest is not None:
        total = "more than 10 000" if page.total is None else str(page.total)
        return Answered(
            f"Yes: in {total} run{'s' * (page.total != 1)}, first in {oldest.job_id} at "
            f"{show_time(oldest.submitted_at)}, last in {page.items[0].job_id} at "
            f"{show_time(page.items[0].submitted_at)} UTC.",
            rows,
            notes,
        )
    if rows:
        return Answered("Not in these words; what is most alike:", rows, notes)
    return Answered("No run and no known failure has it.", [], notes)


def words_of(where: str) -> str:
    """The words of a search that are not fields."""
    import re

    spoken = re.findall(r'(?<!\S)"((?:\\.|[^"\\])*)"|(?<!\S)([^\s():"-][^\s():]*)(?!\S)', where)
    return " ".join(quoted or plain for quoted, plain in spoken if plain not in ("OR", "AND", "NOT"))


def _row(run: Run) -> Finding:
    return Finding(
        what=run.key,
        value=run.duration_s,
        unit="s" if run.duration_s is not None else None,
        text=f"{_told(run)}, {show_time(run.submitted_at)}",
        job_ids=(run.job_id,),
    )


def _told(run: Run) -> str:
    how = run.status.value.replace("_", " ")
    if run.exit_code not in (None, 0):
        how += f" (exit code {run.exit_code})"
    elif run.cause is not None and run.cause.value not in ("success", "command_failed", run.status.value):
        how += f" ({run.cause.value.replace('_', ' ')})"
    return f"{how} after {show_duration(run.duration_s)}" if run.duration_s is not None else how


def refusal(error: OrcaError) -> Answered:
    """What is told instead of an answer that a service refused."""
    return Answered(f"{error}. {error.hint}".strip())


KINDS = {Kind.LIST: listed, Kind.FIRST: first, Kind.LAST: last, Kind.SEEN: seen}
