"""``orcaops forecast``: how much work comes, what capacity it takes and what it costs."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.output import colour, fields, note, print_json, table

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.forecast import Capacity, CostForecast, Forecast, HourAhead, Spread
    from orcaops.model.prediction import Abstained

_MOST_ROWS = 12
_BAR = 30


class _Moment(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        from datetime import UTC

        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write e.g. 2026-03-01 or 2026-03-01T12:00Z", param, ctx)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at


@click.command(epilog="Example: orcaops forecast --hours 72 'label:team=web'")
@click.argument("query", nargs=-1)
@click.option("--hours", type=click.IntRange(1, 744), default=48, show_default=True, help="How far to look.")
@click.option("--at", type=_Moment(), metavar="TIME", help="Look from this moment, with what was known then.")
@options()
@with_door
def forecast(
    app: "App", query: tuple[str, ...], *, workspace: str, hours: int, at: datetime | None, as_json: bool
) -> None:
    """Say how many runs come, when most run at once, what capacity that takes and what it costs.

    Of all runs, or of those that QUERY finds in the language of `orcaops jobs list`.
    Each number with an interval that holds the truth eight times of ten; or what is missing to say
    so. Costs need a price file: `orcaops config show` names it as forecast.prices.
    """
    from orcaops.model.prediction import Abstained

    told = app.forecasts.forecast(workspace, hours=hours, at=at, q=" ".join(query))
    if as_json:
        print_json(told)
    elif isinstance(told, Abstained):
        click.echo(f"forecast  {_gap(told)}")
    else:
        _print(told)


def _print(told: "Forecast") -> None:
    from orcaops.model.forecast import CostForecast, Trend
    from orcaops.model.prediction import Abstained
    from orcaops.model.quantities import show_time

    hours = len(told.hours)
    growth = told.trend
    capacity, cost = told.capacity, told.cost
    fields(
        (
            ("from", f"{show_time(told.starts_at)} UTC, {hours} hour{'s' * (hours != 1)}"),
            ("runs", _spread(told.total)),
            ("trend", f"{growth.runs_per_week:+.3g} runs a week" if isinstance(growth, Trend) else None),
            ("peaks", "; ".join(peak.words for peak in told.peaks) or "none: all hours are much alike"),
            ("capacity", _gap(capacity) if isinstance(capacity, Abstained) else _room(capacity)),
            ("cost", _gap(cost) if isinstance(cost, Abstained) else _money(cost.hours, cost.currency)),
            ("month end", _month(cost) if isinstance(cost, CostForecast) else None),
            ("budget", _budget(cost) if isinstance(cost, CostForecast) else None),
            ("why", told.reason),
        )
    )
    click.echo()
    _print_hours(told.hours)


def _print_hours(hours: "tuple[HourAhead, ...]") -> None:
    """The hours, several to a row where there are many."""
    step = max(1, -(-len(hours) // _MOST_ROWS))
    parts = [hours[n : n + step] for n in range(0, len(hours), step)]
    middles = [sum(hour.arrivals.p50 for hour in part) / len(part) for part in parts]
    tallest = max(middles) or 1.0
    table(
        ["from", "runs an hour", "10–90%", "at once", ""],
        (
            (
                f"{part[0].at:%a %m-%d %H:%M}",
                f"{middle:.1f}",
                _mean([h.arrivals.p10 for h in part]) + "–" + _mean([h.arrivals.p90 for h in part]),
                str(max(h.at_once for h in part)),
                "█" * round(_BAR * middle / tallest),
            )
            for part, middle in zip(parts, middles, strict=True)
        ),
    )
    if step > 1:
        note(f"{step} hours to a row; --json has each", "quiet")


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.1f}"


def _spread(spread: "Spread") -> str:
    return f"{spread.p50:.0f} ({spread.p10:.0f} to {spread.p90:.0f})"


def _money(spread: "Spread", currency: str) -> str:
    return f"{spread.p50:.2f} {currency} ({spread.p10:.2f} to {spread.p90:.2f})"


def _month(cost: "CostForecast") -> str:
    return f"{_money(cost.month_end, cost.currency)}, {cost.month_spent:.2f} of it spent"


def _budget(cost: "CostForecast") -> str | None:
    if cost.budget is None:
        return None
    amount = f"{cost.budget:.2f} {cost.currency}"
    if cost.budget_exhausted_on is not None:
        verb = "was" if cost.month_spent > cost.budget else "is"
        return colour(f"{amount} {verb} spent on {cost.budget_exhausted_on}", "bad")
    if cost.budget_exhausted_earliest is not None:
        return colour(
            f"{amount} lasts this month, or until {cost.budget_exhausted_earliest} if much comes", "warn"
        )
    return f"{amount} lasts this month"


def _room(capacity: "Capacity") -> str:
    return f"{capacity.words}; {capacity.without_waiting} let none wait"


def _gap(told: "Abstained") -> str:
    gap = told.abstention
    progress = f" ({gap.have} of {gap.need})" if gap.need > 1 else ""
    return f"{colour('not known', 'quiet')}: {gap.reason}{progress}"
