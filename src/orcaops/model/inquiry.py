"""Inquiry: a question about runs in a form that a program answers, and the answer.

An inquiry is written as one line, which is shown with every answer, can be edited and asked again:

    KIND [MEASURE] [SEVERITY] [least] [by FIELD] [top N] [against RANGE] [where SEARCH]

``SEARCH`` is the search language of ``orcaops jobs list``; ``RANGE`` is ``after:`` and ``before:`` of it.

>>> Inquiry(kind=Kind.TYPICAL, measure=Measure.DURATION, by="image", where="branch:main").line
'typical duration by image where branch:main'
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, NonNegativeInt, StringConstraints

from orcaops.model.anomaly import Severity
from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite
from orcaops.model.word import Word

LONGEST_QUESTION = 2000
LONGEST_LINE = 4096
MOST_ROWS = 100


class Kind(StrEnum):
    """What is asked for."""

    LIST = "list"  # runs, latest first; with a measure the highest first
    FIRST = "first"  # the earliest match
    LAST = "last"  # the latest match
    MISSING = "missing"  # which jobs have no such run
    COUNT = "count"  # how many runs
    RATE = "rate"  # which share failed
    TYPICAL = "typical"  # the median of a measure, with its 95th percentile
    TOTAL = "total"  # the sum of a measure
    COMPARE = "compare"  # groups with each other, or one time with another
    ROSE = "rose"  # which jobs have more of a measure than before
    FELL = "fell"  # which have less
    TREND = "trend"  # a measure over time
    ANOMALIES = "anomalies"  # what was unusual
    FLAKY = "flaky"  # which jobs fail now and then without a reason
    EXPLAIN = "explain"  # why it failed
    CHANGES = "changes"  # what is different since the last success
    FIXES = "fixes"  # what ended such failures before
    SEEN = "seen"  # whether such a failure was there before
    PREDICT = "predict"  # what the next run will take
    FORECAST = "forecast"  # how much comes, and what it costs
    ADVICE = "advice"  # what could be improved


class Measure(StrEnum):
    """What is measured of runs; seconds, bytes, CPU seconds, seconds, money."""

    RUNS = "runs"
    FAILURES = "failures"
    DURATION = "duration"
    MEMORY = "memory"
    CPU = "cpu"
    WAIT = "wait"
    COST = "cost"


GROUPS = (
    "key",
    "name",
    "image",
    "command",
    "status",
    "cause",
    "exit_code",
    "branch",
    "commit",
    "executor",
    "host",
    "source",
)
"""The fields that runs can be grouped by, beside ``label:NAME`` and the spans of time."""

FAILURE, TEST = "failure", "test"
WHAT_FAILED = (FAILURE, TEST)
"""What failures can be counted by, too: what they are taken to have failed of, and the tests that failed."""

SPANS = ("hour", "day", "week", "month", "hour-of-day", "weekday")
"""The spans of time that runs can be grouped by, in the time zone of the configuration."""

LineText = Annotated[str, StringConstraints(max_length=LONGEST_LINE)]


class Inquiry(Word):
    """One thing that is asked; see this module's docstring for how it is written.

    ``severity`` is that of anomalies. ``least`` turns an order round: the lowest first. ``by`` is one of
    :data:`GROUPS` and :data:`SPANS` or ``label:NAME``, for counts :data:`WHAT_FAILED` too. ``where`` and
    ``against`` are in the search language; with ``against``, the runs of that time are what those of
    ``where`` are compared with.
    """

    kind: Kind
    measure: Measure | None = None
    severity: Severity | None = None
    least: bool = False
    by: str | None = None
    top: Annotated[int, Field(ge=1, le=MOST_ROWS)] | None = None
    against: LineText = ""
    where: LineText = ""

    @property
    def line(self) -> str:
        """The inquiry as it is written."""
        parts = [self.kind.value]
        if self.measure is not None:
            parts.append(self.measure.value)
        if self.severity is not None:
            parts.append(self.severity.value)
        if self.least:
            parts.append("least")
        if self.by is not None:
            parts.append(f"by {self.by}")
        if self.top is not None:
            parts.append(f"top {self.top}")
        if self.against:
            parts.append(f"against {self.against}")
        if self.where:
            parts.append(f"where {self.where}")
        return " ".join(parts)


def _one_of_two(schema: dict[str, Any]) -> None:
    """Say in the schema that exactly one of ``question`` and ``query`` is given."""
    schema["anyOf"] = [
        {"required": [one], "properties": {one: {"type": "string"}, other: {"type": "null"}}}
        for one, other in (("question", "query"), ("query", "question"))
    ]


class Question(Word):
    """What somebody asks: a ``question`` in plain English, or the line of an inquiry as ``query``."""

    model_config = ConfigDict(json_schema_extra=_one_of_two)

    question: (
        Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION, pattern=r"\S")] | None
    ) = Field(None, description="Plain English, such as `which jobs got slower since Monday?`")
    query: Annotated[LineText, Field(json_schema_extra={"pattern": r"\S"})] | None = Field(
        None, description="An inquiry as it is shown with an answer; behind `where` the search language."
    )
    workspace: Workspace = DEFAULT_WORKSPACE
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(20, description="Most rows of an answer.")


class Understood(Word):
    """How a question was read. ``confidence`` (0 to 1) orders readings and is no measured frequency."""

    query: str
    in_words: str
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0


class Finding(Word):
    """One row of an answer: what it is about, a number with its unit and interval, and runs to look at.

    ``low`` and ``high`` bound the number with 95 % confidence where that can be said; ``before`` is what it
    is compared with; ``n`` says how many runs it rests on.
    """

    what: str
    value: Finite | None = None
    unit: str | None = None
    low: Finite | None = None
    high: Finite | None = None
    before: Finite | None = None
    n: NonNegativeInt | None = None
    text: str = ""
    job_ids: tuple[Id, ...] = ()


class Reply(Word):
    """The answer to a question.

    ``understood`` is null where the question was not; ``offers`` are then questions that can be answered.
    ``also`` are other readings that are about as likely. ``notes`` say what limits the answer: samples,
    names that do not exist, times in the future.
    """

    question: str | None = None
    understood: Understood | None = None
    answer: str
    rows: tuple[Finding, ...] = ()
    job_ids: tuple[Id, ...] = ()
    also: tuple[Understood, ...] = ()
    offers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
