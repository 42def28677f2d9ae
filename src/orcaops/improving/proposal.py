"""Proposals: one recommendation put together alike by every advisor: score, priority, impact in words."""

from dataclasses import dataclass
from typing import Any, Literal

from orcaops.improving.dossier import Dossier
from orcaops.model.amounts import NOTHING, is_nothing, show_between
from orcaops.model.identity import content_id
from orcaops.model.recommendation import Change, Priority, Recommendation, Saving, SavingUnit, Trial
from orcaops.stats.interval import Estimate

AHEAD = 20
"""A promise is about the mean of so many next runs."""

_MONTH_DAYS = 30.4
_LEAST_MONEY = 0.005  # a month: half of a hundredth
_GIB = 1024**3

# What a unit is worth in minutes of a run. A hosted runner costs about 0.008 $ a minute, a GiB held for an
# hour 0.005 $, a processor for an hour 0.04 $; a failed run is looked at for five minutes.
_MINUTES = {"seconds": 1 / 60, "gib_hours": 0.6, "cpu_hours": 5.0, "failures": 5.0, "exposures": 1.0}

_HIGH, _MEDIUM = 300.0, 20.0  # minutes a week: an hour a working day, and a few minutes

Effort = Literal["easy", "moderate", "hard"]
_EASE: dict[Effort, float] = {"easy": 1.0, "moderate": 1 / 3, "hard": 1 / 9}
"""A flag; a few lines; a change of how things are done. METHODS' effort classes 1, 3 and 9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a change saves per run: the interval for the mean of the next runs, and how sure it is at all.

    ``probability`` that there is an effect scales the score, not the promise.
    """

    unit: SavingUnit
    per_run: Estimate
    effort: Effort
    probability: float = 0.9
    coverage: float = 0.8


def propose(
    dossier: Dossier,
    *,
    advisor: str,
    field: str,
    kind: Literal["performance", "cost", "reliability", "security"],
    title: str,
    description: str,
    action: str,
    worth: Worth,
    evidence: dict[str, Any],
    impact: str = "",
    change: Change | None = None,
    trial: Trial | None = None,
    least: Priority = Priority.LOW,
) -> Recommendation:
    """The recommendation; ``impact`` is a sentence that stands after the generated one.

    Dated by the latest run that was looked at, so that the same facts give the same recommendation.
    """
    saving = _saving(dossier, worth)
    impact_score = worth.probability * max(worth.per_run.least, 0.0) * _minutes(dossier, worth.unit)
    frequency = 7 * saving.runs_per_day
    ease = _EASE[worth.effort]
    score = impact_score * frequency * ease
    told = (shown_saving(saving), impact)
    return Recommendation(
        id=content_id(advisor, dossier.workspace, dossier.key, field),
        type=kind,
        priority=_priority(score, least),
        title=title,
        description=description,
        impact=" ".join(part for part in told if part),
        action=action,
        evidence=evidence,
        created_at=dossier.at,
        key=dossier.key,
        workspace=dossier.workspace,
        advisor=advisor,
        field=field,
        score=score,
        impact_score=impact_score,
        frequency=frequency,
        ease_score=ease,
        saving=saving,
        change=change,
        trial=trial,
    )


def shown_saving(saving: Saving) -> str:
    """A saving in a sentence: per day with its interval, and in money where there are prices."""
    lead = "Concerns" if saving.unit == "exposures" else "Saves"
    per_day = saving.per_day, saving.per_day_low, saving.per_day_high
    if is_nothing(saving.unit, *per_day):
        return f"{lead} {NOTHING} a day."
    amount, *between = show_between(saving.unit, *per_day).split(", ")
    ends = f" ({between[0]}, 80%)" if between else ""
    return f"{lead} {amount} a day{ends}{_money(saving)}."


def _money(saving: Saving) -> str:
    middle, low, high = saving.money_per_month, saving.money_low, saving.money_high
    if middle is None or middle < _LEAST_MONEY:
        return ""
    told = f", about {middle:.2f} {saving.currency} a month"
    return told if low is None or low == high else f"{told} ({low:.2f} to {high:.2f})"


def _saving(dossier: Dossier, worth: Worth) -> Saving:
    rate = dossier.runs_per_day()
    low, middle, high = worth.per_run.low, worth.per_run.middle, worth.per_run.high
    price = _price(dossier, worth.unit)
    month = rate * _MONTH_DAYS * price if price is not None else None
    return Saving(
        unit=worth.unit,
        per_run=middle,
        low=min(low, middle),
        high=max(high, middle),
        coverage=worth.coverage,
        runs_per_day=rate,
        per_day=rate * middle,
        per_day_low=rate * min(low, middle),
        per_day_high=rate * max(high, middle),
        money_per_month=month * middle if month is not None else None,
        money_low=month * min(low, middle) if month is not None else None,
        money_high=month * max(high, middle) if month is not None else None,
        currency=dossier.prices.currency if dossier.prices is not None and price is not None else None,
    )


def _minutes(dossier: Dossier, unit: SavingUnit) -> float:
    """What a unit is worth in minutes; a failed run has to be run again, too."""
    again = (dossier.baseline.duration_p50 or 0.0) / 60 if unit == "failures" else 0.0
    return _MINUTES[unit] + again


def _price(dossier: Dossier, unit: SavingUnit) -> float | None:
    """What one unit costs by the price file; None without prices, or where it is no matter of money."""
    prices = dossier.prices
    if prices is None or unit == "exposures":
        return None
    if unit == "gib_hours":
        return 3600 * prices.per_gb_second
    if unit == "cpu_hours":
        return 3600 * prices.per_cpu_second
    cpus = (dossier.spec.cpus if dossier.spec is not None else None) or 1.0
    held = max((run.usage.memory_peak_bytes or 0 for run in dossier.runs), default=0)
    second = cpus * prices.per_cpu_second + held / _GIB * prices.per_gb_second
    return second if unit == "seconds" else second * (dossier.baseline.duration_p50 or 0.0) + prices.per_run


def _priority(score: float, least: Priority) -> Priority:
    found = Priority.HIGH if score >= _HIGH else Priority.MEDIUM if score >= _MEDIUM else Priority.LOW
    order = list(Priority)
    return max(found, least, key=order.index)
