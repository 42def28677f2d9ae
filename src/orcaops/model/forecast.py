"""Forecast: how much work comes, when it comes, what capacity it takes and what it costs."""

from datetime import date
from typing import Annotated

from pydantic import Field, NonNegativeInt

from orcaops.model.abstention import Abstention
from orcaops.model.prediction import Abstained
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.word import Word


class Spread(Word):
    """A number that is not known yet: it is below each of the three with that probability."""

    p10: Finite
    p50: Finite
    p90: Finite


class HourAhead(Word):
    """One hour: how many runs are submitted, and how many run at once if none has to wait (95 %)."""

    at: UtcTime
    arrivals: Spread
    at_once: NonNegativeInt


class Peak(Word):
    """Hours of the week in which most is to do; ``words`` says it for people, in the local time zone."""

    words: str
    weekday: Annotated[int, Field(ge=0, le=6)]
    from_hour: Annotated[int, Field(ge=0, le=23)]
    to_hour: Annotated[int, Field(ge=1, le=24)]
    at_once: NonNegativeInt


class Capacity(Word):
    """How many runs there should be room for at the same time, so that none waits longer than the goal.

    ``without_waiting`` is enough that practically none waits. ``expected_wait_s`` is the mean wait in the
    busiest hour by queueing theory, a lower end because arrivals come in bursts; ``now`` is the
    concurrency that is configured.
    """

    recommended: NonNegativeInt
    without_waiting: NonNegativeInt
    wait_goal_s: Finite
    expected_wait_s: Finite
    now: NonNegativeInt
    words: str


class Trend(Word):
    """By how much a week has more or fewer runs than the one before; only told where it is clear."""

    runs_per_week: Finite
    weeks: NonNegativeInt
    p_value: Finite


class CostForecast(Word):
    """What the hours ahead cost, and the running calendar month in UTC by its end.

    ``budget_exhausted_on`` is the day on which the month's budget is spent, in the middle case;
    ``_earliest`` in the expensive one of ten. Null where that does not happen this month.
    """

    currency: str
    per_run: Finite
    hours: Spread
    month_spent: Finite
    month_end: Spread
    budget: Finite | None = None
    budget_exhausted_on: date | None = None
    budget_exhausted_earliest: date | None = None


class Forecast(Word):
    """What comes in the next hours, from hour ``starts_at`` on, in one workspace.

    ``total`` are the runs of all these hours. ``capacity`` and ``cost`` may abstain on their own.
    """

    workspace: str
    starts_at: UtcTime
    history_hours: NonNegativeInt
    runs_seen: NonNegativeInt
    forecaster: str
    reason: str
    total: Spread
    hours: tuple[HourAhead, ...]
    peaks: tuple[Peak, ...] = ()
    trend: Trend | Abstained = Abstained(abstention=Abstention(reason="no clear trend"))
    capacity: Capacity | Abstained
    cost: CostForecast | Abstained
