"""Forecasts: how much work comes, what capacity it takes and what it costs."""

import calendar
import logging
import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from orcaops.learning.learner import Forecaster, HourlySeries
from orcaops.model.abstention import Abstention
from orcaops.model.errors import invalid
from orcaops.model.forecast import Capacity, CostForecast, Forecast, HourAhead, Peak, Spread, Trend
from orcaops.model.prediction import Abstained
from orcaops.model.prices import Prices
from orcaops.model.quantities import show_duration
from orcaops.model.query import EVERYTHING
from orcaops.recording.query import parse_query
from orcaops.recording.store import HourOfRuns, Store
from orcaops.stats import queueing
from orcaops.stats.seasonal import DAY, LONGEST, WEEK, Ahead
from orcaops.stats.trend import trend

log = logging.getLogger(__name__)

LONGEST_HOURS = 31 * DAY
"""The furthest that is forecast."""

_HOUR = timedelta(hours=1)
_RECENT_HOURS = 4 * WEEK  # whose runs say what one costs and takes
_CLEAR = 0.01  # a trend is told where chance alone shows one as clear less often than this
_AT_ONCE_SHARE = 0.9  # an interval of 90 % ends above 95 %
_FEW_WINDOWS = 5
_PEAKS = 3
_ALIKE = 0.3  # of a quiet weekend nothing follows for how far two working days can be off
_SUNDAY = 6


class Forecasts:
    """Answers "how much comes, when, what does it take, what does it cost" from the runs there were."""

    def __init__(
        self,
        store: Store,
        forecasters: Sequence[Forecaster],
        *,
        prices: Callable[[], Prices | None],
        time_zone: str,
        holidays: Sequence[date],
        wait_goal_s: float,
        concurrency: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._forecasters = forecasters
        self._prices = prices
        self._zone = ZoneInfo(time_zone)
        self._holidays = frozenset(holidays)
        self._wait_goal_s = wait_goal_s
        self._concurrency = concurrency
        self._clock = clock

    def forecast(
        self, workspace: str, *, hours: int = 48, at: datetime | None = None, skip: int = 0, q: str = ""
    ) -> Forecast | Abstained:
        """The hours from ``at`` (by default now) on, from what was known then; the first ``skip`` left out.

        Of all runs, or of those that ``q`` finds in the search language: a team's, a job's. A budget is for
        all of them together. Abstains where next to nothing is known. Raises ``invalid`` for a number of
        hours that cannot be, for a query that is none, and for a price file that is wrong; ``not_found``
        for a field that runs do not have.
        """
        if not 0 <= skip < hours <= LONGEST_HOURS:
            raise invalid(
                f"{hours} hours cannot be forecast", where="hours", hint=f"Ask for 1 to {LONGEST_HOURS}."
            )
        query = parse_query(q, self._clock()) if q.strip() else EVERYTHING
        prices = self._prices()
        if prices is not None and query != EVERYTHING:
            prices = prices.model_copy(update={"budget_per_month": None})
        start = (at or self._clock()).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if not 1971 <= start.year <= 2100:
            raise invalid(
                "nothing is known of that time", where="at", hint="Ask for a time from 1971 to 2100."
            )
        month = start.replace(day=1, hour=0)
        with self._store.read() as transaction:
            since = min(start - timedelta(hours=LONGEST), month)
            known = transaction.runs.hourly(workspace, since, start, query)
            latest = transaction.runs.page(workspace, query, limit=1).items if not known else ()
        if not known:
            reason = "no run was submitted in the last eight weeks"
            if latest and latest[0].submitted_at >= start:
                reason = f"forecasts rest on whole hours, and no run was submitted before {start:%H:%M} UTC"
            elif latest:
                reason += (
                    f"; the latest was on {latest[0].submitted_at:%Y-%m-%d %H:%M}: ask for a time after it"
                )
            return Abstained(abstention=Abstention(reason=reason, have=0, need=1))
        to_month_end = _hours_left(start)
        furthest = max(hours, to_month_end)
        places = [self._place(hour.at) for hour in known]
        coming = [start + n * _HOUR for n in range(furthest)]
        ahead = [self._place(moment) for moment in coming]
        arrivals = [float(hour.arrivals) for hour in known]
        told = self._first_answer(HourlySeries(values=arrivals, places=places, ahead=ahead), 0.8)
        if isinstance(told, Abstention):
            return Abstained(abstention=told)
        name, expected = told
        at_once = self._at_once(known, places, ahead, expected)
        asked = Ahead(*(part[skip:] for part in expected))
        recent = known[-_RECENT_HOURS:]
        return Forecast(
            workspace=workspace,
            starts_at=start,
            history_hours=len(known),
            runs_seen=sum(hour.arrivals for hour in known),
            forecaster=name,
            reason=f"{sum(hour.arrivals for hour in known)} runs {f'of {q.strip()} ' if q.strip() else ''}"
            f"in the last {_span(len(known))}, by {name}",
            total=_total(arrivals, asked, hours - skip),
            hours=tuple(
                HourAhead(
                    at=coming[n],
                    arrivals=Spread(p10=expected.low[n], p50=expected.middle[n], p90=expected.high[n]),
                    at_once=at_once[n],
                )
                for n in range(skip, hours)
            ),
            peaks=self._peaks(places, ahead[: min(furthest, WEEK)], at_once),
            trend=_trend_of(arrivals),
            capacity=self._capacity(recent, asked, at_once[skip:], hours - skip),
            cost=_cost_of(
                prices, known, recent, arrivals, expected, _total(arrivals, asked, hours - skip), start
            ),
        )

    def _place(self, at: datetime) -> int:
        """The hour's place in the local week; a holiday has those of a Sunday."""
        local = at.astimezone(self._zone)
        day = _SUNDAY if local.date() in self._holidays else local.weekday()
        return day * DAY + local.hour

    def _first_answer(self, series: HourlySeries, share: float) -> tuple[str, Ahead] | Abstention:
        answer = Abstention(reason="there is no forecaster")
        for forecaster in self._forecasters:
            try:
                told = forecaster.forecast(series, share=share)
                if not isinstance(told, Abstention) and any(len(part) != len(series.ahead) for part in told):
                    raise ValueError("it does not answer for each hour")
            except Exception:
                # A foreign plug-in may raise anything; the others go on.
                log.exception("the forecaster %s failed and is passed over", forecaster.name)
                continue
            if not isinstance(told, Abstention):
                return forecaster.name, told
            answer = told
        return answer

    def _at_once(
        self, known: Sequence[HourOfRuns], places: list[int], ahead: list[int], expected: Ahead
    ) -> list[int]:
        """How many would run at once at most, hour by hour, in 95 % of cases: a forecast of its own."""
        series = HourlySeries(values=[float(hour.at_once) for hour in known], places=places, ahead=ahead)
        told = self._first_answer(series, _AT_ONCE_SHARE)
        if isinstance(told, Abstention):
            most = max(hour.at_once for hour in known)
            return [min(most, math.ceil(count)) for count in expected.high]
        return [math.ceil(count - 1e-6) for count in told[1].high]

    def _peaks(self, places: list[int], ahead: list[int], at_once: list[int]) -> tuple[Peak, ...]:
        """The busiest stretches of the week ahead, highest first; none where all hours are much alike."""
        if len(set(places)) < DAY or not at_once:
            return ()
        by_place = {place: at_once[n] for n, place in reversed(list(enumerate(ahead)))}
        ordered = sorted(by_place.values())
        usual = ordered[len(ordered) // 2]
        peaks = []
        for day in range(7):
            of_day = {place % DAY: by_place[place] for place in by_place if place // DAY == day}
            top = max(of_day.values(), default=0)
            if top <= max(1.25 * usual, usual + 1):
                continue
            first = last = next(hour for hour, count in sorted(of_day.items()) if count == top)
            while of_day.get(first - 1, 0) >= 0.8 * top:
                first -= 1
            while of_day.get(last + 1, 0) >= 0.8 * top:
                last += 1
            words = f"{calendar.day_name[day]}s {first}–{last + 1}, up to {top} at once"
            peaks.append(Peak(words=words, weekday=day, from_hour=first, to_hour=last + 1, at_once=top))
        return tuple(sorted(peaks, key=lambda peak: (-peak.at_once, peak.weekday))[:_PEAKS])

    def _capacity(
        self, recent: Sequence[HourOfRuns], expected: Ahead, at_once: list[int], hours: int
    ) -> Capacity | Abstained:
        measured = sum(hour.measured for hour in recent)
        seconds = sum(hour.seconds for hour in recent)
        if not measured or seconds <= 0:
            return Abstained(abstention=Abstention(reason="no run's duration is known yet", have=0, need=1))
        service_s = seconds / measured
        spread = max(sum(hour.squared_seconds for hour in recent) / measured - service_s**2, 0.0)
        variation = math.sqrt(spread) / service_s
        busiest = max(at_once[:hours])
        load = max(expected.mean[:hours]) / 3600 * service_s
        goal_s = self._wait_goal_s
        # Of D runs that want to run at once on c places, the last one waits (D - c) / c of a run's time.
        by_peak = math.ceil(busiest / (1 + goal_s / service_s))
        recommended = max(1, by_peak, queueing.places_for(load, service_s, goal_s, variation))
        verdict = (
            f"{self._concurrency - recommended} more than needed"
            if self._concurrency > recommended
            else f"{recommended - self._concurrency} too few"
            if self._concurrency < recommended
            else "as needed"
        )
        return Capacity(
            recommended=recommended,
            without_waiting=max(1, busiest),
            wait_goal_s=goal_s,
            expected_wait_s=queueing.mean_wait_s(load, recommended, service_s, variation),
            now=self._concurrency,
            words=f"room for {recommended} at once keeps waiting below {show_duration(goal_s)}; "
            f"{self._concurrency} are configured, {verdict}",
        )


def _hours_left(start: datetime) -> int:
    """Hours from ``start`` to the end of its month."""
    days = calendar.monthrange(start.year, start.month)[1]
    return (days - start.day) * DAY + DAY - start.hour


def _span(hours: int) -> str:
    return f"{hours} hours" if hours < 2 * DAY else f"{hours // DAY} days"


def _total(arrivals: Sequence[float], expected: Ahead, hours: int) -> Spread:
    """The sum over the hours ahead; how wide by how far sums of so many hours were off a usual one before.

    A sum is known better than its parts, but hours that are busier than thought come together. Where the
    past is too short to tell, the parts are taken to move all together, which is the widest there is. Windows
    in which much less came than is expected now say nothing: there, a run more or less is a multiple.
    """
    low, middle, high = (sum(part[:hours]) for part in (expected.low, expected.middle, expected.high))
    centre = sum(expected.mean[:hours])
    window = min(hours, WEEK)
    ratios = []
    for end in range(len(arrivals), 2 * WEEK + window - 1, -DAY):
        before = [
            sum(arrivals[end - window - back : end - back])
            for back in range(WEEK, min(4 * WEEK, end - window) + 1, WEEK)
        ]
        usual = sum(before) / len(before)
        if usual > 0 and usual >= _ALIKE * centre:
            ratios.append(sum(arrivals[end - window : end]) / usual)
    if len(ratios) < _FEW_WINDOWS:
        return Spread(p10=low, p50=min(max(centre, low), high), p90=max(high, low, middle))
    ratios.sort()
    p10, p50, p90 = (ratios[round(share * (len(ratios) - 1))] for share in (0.1, 0.5, 0.9))
    del p50  # the middle is the forecast's own: the past's would count its trend twice
    return Spread(p10=centre * min(p10, 1.0), p50=centre, p90=centre * max(p90, 1.0))


def _trend_of(arrivals: Sequence[float]) -> Trend | Abstained:
    weeks = len(arrivals) // WEEK
    sums = [
        sum(arrivals[len(arrivals) - (n + 1) * WEEK : len(arrivals) - n * WEEK])
        for n in reversed(range(weeks))
    ]
    found = trend(sums)
    if found is None:
        return Abstained(abstention=Abstention(reason="a trend shows after six weeks", have=weeks, need=6))
    if found.p_value >= _CLEAR:
        return Abstained(abstention=Abstention(reason="no clear trend", have=weeks, need=0))
    return Trend(runs_per_week=found.slope, weeks=weeks, p_value=found.p_value)


def _cost_of(
    prices: Prices | None,
    known: Sequence[HourOfRuns],
    recent: Sequence[HourOfRuns],
    arrivals: Sequence[float],
    expected: Ahead,
    coming: Spread,
    start: datetime,
) -> CostForecast | Abstained:
    if prices is None:
        return Abstained(abstention=Abstention(reason=NO_PRICES))
    runs = sum(hour.arrivals for hour in recent)
    if not runs:
        return Abstained(abstention=Abstention(reason="no run in the last four weeks", have=0, need=1))
    per_run = _spent(prices, recent) / runs
    month = start.replace(day=1, hour=0)
    this_month = [hour for hour in known if hour.at >= month]
    spent = _spent(prices, this_month)
    left = _hours_left(start)
    rest = _total(arrivals, expected, left)
    budget = prices.budget_per_month
    total = max(sum(expected.mean[:left]), 1e-12)

    def exhausted(factor: float) -> date | None:
        money = spent
        if budget is None:
            return None
        if money > budget:
            return _spent_by(prices, this_month, budget)
        for n in range(left):
            if money > budget:
                return (start + n * _HOUR).date()
            money += expected.mean[n] * factor * per_run
        return (start + (left - 1) * _HOUR).date() if money > budget else None

    return CostForecast(
        currency=prices.currency,
        per_run=per_run,
        hours=_scaled(coming, per_run),
        month_spent=spent,
        month_end=_scaled(rest, per_run, spent),
        budget=budget,
        budget_exhausted_on=exhausted(rest.p50 / total),
        budget_exhausted_earliest=exhausted(rest.p90 / total),
    )


NO_PRICES = (
    "no price file: put one at prices.toml in the home folder, or name one as forecast.prices in orcaops.toml"
)
"""What is said where costs are asked for and nothing has a price."""


def _spent(prices: Prices, hours: Sequence[HourOfRuns]) -> float:
    """What the runs of these hours cost; rounding up adds half a step to each on average."""
    runs = sum(hour.arrivals for hour in hours)
    return (
        prices.per_run * runs
        + prices.per_cpu_second * sum(hour.cpu_seconds for hour in hours)
        + prices.per_gb_second * sum(hour.gb_seconds for hour in hours)
        + prices.rounding / 2 * runs
    )


def _spent_by(prices: Prices, hours: Sequence[HourOfRuns], budget: float) -> date:
    """The day on which what these hours cost went beyond a budget."""
    money = 0.0
    for hour in hours:
        money += _spent(prices, [hour])
        if money > budget:
            break
    return hour.at.date()


def _scaled(spread: Spread, factor: float, plus: float = 0.0) -> Spread:
    return Spread(
        p10=plus + spread.p10 * factor, p50=plus + spread.p50 * factor, p90=plus + spread.p90 * factor
    )
