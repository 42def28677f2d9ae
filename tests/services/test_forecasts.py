"""Forecasts of a house with a history: what is said of a season, of costs, and of too little."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orcaops.app import App
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.forecast import Capacity, CostForecast, Forecast, Trend
from orcaops.model.job import JobSpec
from orcaops.model.prediction import Abstained, CostPrediction
from orcaops.model.run import Run, Status, Usage

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = MONDAY + timedelta(weeks=8)


def runs(times: Iterable[datetime], seconds: float = 1800.0) -> list[Run]:
    return [
        Run(
            job_id=f"job-{n}",
            key="name:work",
            name="work",
            status=Status.SUCCEEDED,
            submitted_at=at,
            started_at=at,
            finished_at=at + timedelta(seconds=seconds),
            duration_s=seconds,
            usage=Usage(cpu_seconds=100.0, memory_peak_bytes=2**30),
        )
        for n, at in enumerate(times)
    ]


def weeks(n: int, *, growth: float = 0.0) -> list[datetime]:
    """Few at any hour, many on Tuesdays from 9 to 11."""
    chance = random.Random(6)
    times = []
    for hour in range(n * 168):
        at = NOW - timedelta(weeks=n) + timedelta(hours=hour)
        many = 30 if at.weekday() == 1 and 9 <= at.hour < 11 else 3
        count = round(many * (1 + growth * (hour // 168)) * chance.lognormvariate(0, 0.2))
        times += [at + timedelta(minutes=chance.uniform(0, 60)) for _ in range(count)]
    return times


def keep(app: App, times: Iterable[datetime], **more: Any) -> None:
    with app.store.write() as transaction:
        transaction.runs.add_new(runs(times, **more))


def told(app: App, hours: int = 168, at: datetime = NOW) -> Forecast:
    answer = app.forecasts.forecast("default", hours=hours, at=at)
    assert isinstance(answer, Forecast), answer
    return answer


def test_a_peak_is_named_in_words(app: App) -> None:
    keep(app, weeks(8))
    forecast = told(app)
    assert forecast.forecaster == "seasonal"
    assert len(forecast.hours) == 168
    peak = forecast.peaks[0]
    assert peak.weekday == 1
    assert peak.from_hour in (9, 10)  # half an hour's work each: the second hour has more at once
    assert peak.words == f"Tuesdays {peak.from_hour}–{peak.to_hour}, up to {peak.at_once} at once"
    assert 14 <= peak.at_once <= 50
    assert forecast.total.p10 <= forecast.total.p50 <= forecast.total.p90
    assert forecast.total.p50 == pytest.approx(166 * 3 + 60, rel=0.25)
    assert isinstance(forecast.capacity, Capacity)
    assert 8 <= forecast.capacity.recommended <= forecast.capacity.without_waiting
    assert "too few" in forecast.capacity.words
    assert isinstance(forecast.trend, Abstained)


def test_the_first_hours_can_be_left_out(app: App) -> None:
    keep(app, weeks(8))
    whole, first = told(app, 48), told(app, 24)
    second = app.forecasts.forecast("default", hours=48, at=NOW, skip=24)
    assert isinstance(second, Forecast)
    assert second.hours == whole.hours[24:]
    assert second.total.p50 == pytest.approx(whole.total.p50 - first.total.p50)
    with pytest.raises(OrcaError, match="cannot be forecast"):
        app.forecasts.forecast("default", hours=24, at=NOW, skip=24)


def test_one_team_is_forecast_alone_and_measured_by_no_budget(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('currency = "EUR"\nper_cpu_second = 1\nbudget_per_month = 1\n')
    app = open_app(forecast__prices=file)
    of_web = [run.changed(labels={"team": "web"}) for run in runs(weeks(4)[::3])]
    others = [run.changed(job_id=f"other-{n}") for n, run in enumerate(runs(weeks(4)))]
    with app.store.write() as transaction:
        transaction.runs.add_new([*of_web, *others])
    everything = told(app, 24)
    alone = app.forecasts.forecast("default", hours=24, at=NOW, q="label:team=web")
    assert isinstance(alone, Forecast)
    assert alone.runs_seen == len(of_web)
    assert alone.total.p50 == pytest.approx(everything.total.p50 / 4, rel=0.2)
    assert "runs of label:team=web in" in alone.reason
    assert isinstance(alone.cost, CostForecast)
    assert isinstance(everything.cost, CostForecast)
    assert (alone.cost.budget, everything.cost.budget) == (None, 1.0)
    nobody = app.forecasts.forecast("default", hours=24, at=NOW, q="label:team=nobody")
    assert isinstance(nobody, Abstained)
    with pytest.raises(OrcaError, match="nonsense"):
        app.forecasts.forecast("default", at=NOW, q="nonsense:1")


def test_growth_is_told(app: App) -> None:
    keep(app, weeks(8, growth=0.2))
    growth = told(app, 24).trend
    assert isinstance(growth, Trend)
    assert growth.runs_per_week > 50


def test_the_local_week_counts(open_app: Callable[..., App], tmp_path: Path) -> None:
    keep(open_app(), weeks(8))
    # Clocks in Berlin go forward on 29 March, within these weeks.
    berlin = told(open_app(forecast__time_zone="Europe/Berlin")).peaks[0]
    assert berlin.weekday == 1
    assert berlin.from_hour in (10, 11, 12)


def test_a_holiday_is_like_a_sunday(open_app: Callable[..., App]) -> None:
    keep(open_app(), weeks(8))
    tuesday = (NOW + timedelta(days=1)).date()
    quiet = told(open_app(forecast__holidays=[tuesday]), 48).hours[24 + 9]
    busy = told(open_app(), 48).hours[24 + 9]
    assert quiet.arrivals.p50 < 0.5 * busy.arrivals.p50


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_too_little_is_an_abstention_with_what_is_missing(app: App, count: int) -> None:
    keep(app, [NOW - timedelta(hours=30 + n) for n in range(count)])
    answer = app.forecasts.forecast("default", at=NOW)
    assert isinstance(answer, Abstained)
    assert answer.abstention.have < answer.abstention.need
    assert isinstance(app.forecasts.forecast("elsewhere", at=NOW), Abstained)


def test_less_than_two_weeks_give_a_profile(app: App) -> None:
    keep(app, weeks(1))
    forecast = told(app)
    assert forecast.forecaster == "profile"
    assert forecast.hours[0].arrivals.p50 > 1


def test_an_old_history_says_when_it_ended(app: App) -> None:
    keep(app, weeks(3))
    answer = app.forecasts.forecast("default", at=NOW + timedelta(days=100))
    assert isinstance(answer, Abstained)
    assert "the latest was on 2026-04-26" in answer.abstention.reason


def test_a_gap_and_runs_of_the_future_are_no_harm(app: App) -> None:
    there = [at for at in weeks(8) if not 20 <= (NOW - at).days < 30]
    keep(app, [*there, NOW + timedelta(days=3), NOW + timedelta(days=900)])
    assert told(app).total.p50 > 100


@pytest.mark.parametrize("hours", [0, -1, 745])
def test_hours_that_cannot_be(app: App, hours: int) -> None:
    with pytest.raises(OrcaError, match="cannot be forecast") as caught:
        app.forecasts.forecast("default", hours=hours)
    assert caught.value.code is ErrorCode.INVALID


@pytest.mark.parametrize("year", [1, 1970, 2101, 9999])
def test_times_that_cannot_be(app: App, year: int) -> None:
    with pytest.raises(OrcaError, match="nothing is known of that time"):
        app.forecasts.forecast("default", at=datetime(year, 1, 2, tzinfo=UTC))


def test_costs_need_prices_and_follow_them(app: App, tmp_path: Path) -> None:
    keep(app, weeks(8))
    without = told(app).cost
    assert isinstance(without, Abstained)
    assert "prices.toml" in without.abstention.reason
    prices = app.settings.home / "prices.toml"
    text = 'currency = "EUR"\nper_cpu_second = 0.01\nper_gb_second = 0.001\nper_run = 0.2\n'
    prices.write_text(text)
    cost = told(app).cost
    assert isinstance(cost, CostForecast)
    assert cost.per_run == pytest.approx(1 + 1.8 + 0.2)
    assert cost.hours.p50 == pytest.approx(told(app).total.p50 * 3)
    # 27 April, midnight: 26 days of April are spent, four are to come.
    assert cost.month_spent == pytest.approx(3 * sum(at.month == 4 for at in weeks(8)))
    assert cost.month_spent < cost.month_end.p10 <= cost.month_end.p50 <= cost.month_end.p90
    assert cost.budget_exhausted_on is None
    prices.write_text(f"{text}budget_per_month = {(cost.month_spent + cost.month_end.p50) / 2}\n")
    cost = told(app).cost
    assert isinstance(cost, CostForecast)
    assert cost.budget_exhausted_on is not None
    assert cost.budget_exhausted_earliest is not None
    assert NOW.date() <= cost.budget_exhausted_earliest <= cost.budget_exhausted_on
    assert cost.budget_exhausted_on.month == 4
    prices.write_text(f"{text}budget_per_month = 10\n")  # of three runs, on the first day
    cost = told(app).cost
    assert isinstance(cost, CostForecast)
    assert cost.budget_exhausted_on == cost.budget_exhausted_earliest
    assert str(cost.budget_exhausted_on).endswith("-04-01")


def test_a_wrong_price_file_is_an_error_that_keeps_nothing_else_from_working(
    open_app: Callable[..., App],
) -> None:
    app = open_app()
    keep(app, weeks(2))
    (app.settings.home / "prices.toml").write_text("per_run = 1")
    with pytest.raises(OrcaError, match="currency: it is missing") as caught:
        app.forecasts.forecast("default", at=NOW)
    assert caught.value.where.endswith("prices.toml")
    cost = open_app().predictions.predict(JobSpec(command=("x",))).cost
    assert isinstance(cost, Abstained)
    assert "currency: it is missing" in cost.abstention.reason


def test_a_price_file_that_is_named_must_be_there(open_app: Callable[..., App], tmp_path: Path) -> None:
    with pytest.raises(OrcaError, match="no such price file"):
        open_app(forecast__prices=str(tmp_path / "none.toml")).forecasts.forecast("default")


def test_a_job_is_priced_before_it_runs(open_app: Callable[..., App], tmp_path: Path) -> None:
    prices = tmp_path / "list.toml"
    prices.write_text('currency = "USD"\nper_cpu_second = 0.01\nrounding = 0.01\n')
    app = open_app(forecast__prices=str(prices))
    keep(app, [NOW + timedelta(hours=n) for n in range(12)])
    app.absorber.absorb_all()
    cost = app.predictions.predict(JobSpec(command=("x",), name="work")).cost
    assert isinstance(cost, CostPrediction)
    assert (cost.estimate, cost.currency, cost.sample_count) == (1.0, "USD", 12)


def test_very_many_arrivals(app: App) -> None:
    """Ten thousand, a hundredth of what a large server sees."""
    keep(app, [NOW - timedelta(hours=400) + timedelta(seconds=144 * n) for n in range(10_000)])
    forecast = told(app, 24)
    assert forecast.runs_seen == 10_000
    assert forecast.hours[0].arrivals.p50 == pytest.approx(25, abs=1.5)
