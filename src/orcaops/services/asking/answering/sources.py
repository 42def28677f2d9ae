"""Sources: what an answer is made from, and how its numbers are told."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from orcaops.model.inquiry import Finding, Inquiry, Measure
from orcaops.model.prices import BYTES_PER_GB, Prices
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.query import EVERYTHING, And, Compare, Comparison, Or, Query
from orcaops.model.run import Run, Status
from orcaops.recording.figures import Figure, Tally
from orcaops.recording.query import parse_query
from orcaops.recording.store import Store
from orcaops.services.failures import Failures
from orcaops.services.forecasts import Forecasts
from orcaops.services.knowing.meaning import Meaning
from orcaops.services.knowing.remedies import Remedies
from orcaops.services.predictions import Predictions

MOST_FIGURES = 20_000
"""How many runs are read one by one for medians; beyond, the latest of them stand for all."""

MOST_TALLIED = 1_000_000
"""How many runs are counted in the database."""

_LEAST_MONEY = 0.0001  # less is not worth its digits
FEW_JOBS = 5  # how many ids a row names
_FAILED = frozenset({Status.FAILED, Status.TIMED_OUT, Status.LOST})
_UNITS = {
    Measure.DURATION: "s",
    Measure.WAIT: "s",
    Measure.CPU: "CPU s",
    Measure.MEMORY: "bytes",
    Measure.RUNS: "runs",
    Measure.FAILURES: "share",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """The services and the moment that one question is answered from."""

    store: Store
    failures: Failures
    predictions: Predictions
    forecasts: Forecasts
    meaning: Meaning
    prices: Callable[[], Prices | None]
    workspace: str
    now: datetime
    zone: ZoneInfo
    limit: int
    remedies: Callable[[], Remedies] | None = None

    def query(self, text: str) -> Query:
        """The search that an inquiry's text is."""
        return parse_query(text, self.now) if text else EVERYTHING


def beside_failed(query: Query) -> Query | None:
    """What a search for failed runs leaves out: those timed out or lost; None for another search."""
    parts = query.parts if isinstance(query, And) else (query,)
    failed = Compare("status", Comparison.EQUAL, Status.FAILED.value)
    if failed not in parts:
        return None
    others = Or(
        tuple(Compare("status", Comparison.EQUAL, each.value) for each in (Status.TIMED_OUT, Status.LOST))
    )
    return And((*(part for part in parts if part != failed), others))


@dataclass(slots=True)
class Answered:
    """An answer on its way."""

    answer: str
    rows: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def jobs(self) -> tuple[str, ...]:
        """Every job id of the rows, once, in their order."""
        return tuple(dict.fromkeys(job for row in self.rows for job in row.job_ids))


def failed(figure: Figure) -> bool:
    """Whether a run failed, timed out or was lost."""
    return figure.status in _FAILED


def ended(figure: Figure) -> bool:
    """Whether a run failed or succeeded."""
    return figure.status in _FAILED or figure.status is Status.SUCCEEDED


def measured(measure: Measure, figure: Figure, prices: Prices | None) -> float | None:
    """The number of a run; None where it was not measured."""
    if measure is Measure.DURATION:
        return figure.duration_s
    if measure is Measure.MEMORY:
        return figure.memory_bytes
    if measure is Measure.CPU:
        return figure.cpu_s
    if measure is Measure.WAIT:
        return figure.wait_s
    if measure is Measure.COST and prices is not None and figure.duration_s is not None:
        gb_seconds = figure.duration_s * (figure.memory_bytes or 0) / BYTES_PER_GB
        return prices.cost(figure.cpu_s or 0.0, gb_seconds)
    return None


def total(measure: Measure, tally: Tally, prices: Prices | None) -> float:
    """The sum over a group; what rounding adds to costs is half a step for each run on average."""
    if measure is Measure.DURATION:
        return tally.seconds
    if measure is Measure.CPU:
        return tally.cpu_seconds
    if measure is Measure.WAIT:
        return tally.wait_seconds
    if measure is Measure.COST and prices is not None:
        return (
            (prices.per_run + prices.rounding / 2) * tally.runs
            + prices.per_cpu_second * tally.cpu_seconds
            + prices.per_gb_second * tally.gb_seconds
        )
    return float(tally.failed if measure is Measure.FAILURES else tally.runs)


def unit_of(measure: Measure, prices: Prices | None) -> str:
    """The unit of a measure's numbers."""
    return prices.currency if measure is Measure.COST and prices is not None else _UNITS.get(measure, "")


def amount(measure: Measure, value: float, prices: Prices | None = None) -> str:
    """A number for people."""
    if measure in (Measure.DURATION, Measure.WAIT, Measure.CPU):
        return show_duration(value) + (" of CPU" if measure is Measure.CPU else "")
    if measure is Measure.MEMORY:
        return show_size(value)
    if measure is Measure.COST:
        written = f"{value:.4g}" if not 0 < value < _LEAST_MONEY else f"less than {_LEAST_MONEY}"
        return f"{written} {prices.currency if prices else ''}".strip()
    return f"{value:.1%}" if measure is Measure.FAILURES else f"{value:.0f}"


def show_moment(moment: datetime) -> str:
    """A time to the minute, or a day where it begins then; in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def unfilled(title: str) -> str:
    """The text of a known failure with dots for what a match would fill; nothing for it at the end.

    >>> unfilled("Python module {1} is not installed"), unfilled("The disk is full: {1}")
    ('Python module … is not installed', 'The disk is full')
    """
    ended = re.sub(r"\s*[:(]?\s*\{\d+\}\)?$", "", title)
    return " ".join(re.sub(r"\{\d+\}", "…", ended).split())


def counted(number: int, noun: str = "run") -> str:
    """``1 run``, ``2 runs``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def ids(runs: Iterable[Run | Figure]) -> tuple[str, ...]:
    """The ids of the first few."""
    found: list[str] = []
    for run in runs:
        if len(found) == FEW_JOBS:
            break
        found.append(run.job_id)
    return tuple(found)


def split_times(query: Query) -> tuple[Query, datetime | None, datetime | None]:
    """A search without its times, and the times: from when, and before when."""
    parts = query.parts if isinstance(query, And) else (query,)
    start: datetime | None = None
    end: datetime | None = None
    rest: list[Query] = []
    for part in parts:
        if isinstance(part, Compare) and part.field == "submitted_at":
            if part.comparison is Comparison.AT_LEAST:
                start = part.value if start is None else max(start, part.value)
            else:
                end = part.value if end is None else min(end, part.value)
        else:
            rest.append(part)
    return (rest[0] if len(rest) == 1 else And(tuple(rest))), start, end


def both(*queries: Query) -> Query:
    """All of them hold."""
    parts = [query for query in queries if query != EVERYTHING]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def sampled(read: int, most: int) -> list[str]:
    """What is said where not every run was read."""
    return [f"more than {most} runs match: this rests on the latest {most}"] if read >= most else []


def shown_rows(inquiry: Inquiry, sources: Sources) -> int:
    """How many rows are shown."""
    return min(inquiry.top or sources.limit, sources.limit)
