"""How well arrivals, concurrency and other hourly numbers are foreseen, beside repeating the past.

Arrivals are forecast a week ahead from eight weeks, at moments a week apart, from what was known then. The
hourly series of the M4 competition (Makridakis 2020) are forecast 48 hours ahead from their training
part; OWA is the mean of two errors relative to those of its method Naive2, so 1 is as good as that.
"""

import csv
import math
import statistics
import time
from collections.abc import Iterator, Sequence

from benchmarks import datasets
from benchmarks.row import NotMeasured, Row
from orcaops.stats import seasonal
from orcaops.stats.seasonal import DAY, LONGEST, WEEK

_AHEAD_M4 = 48
_NAIVE2 = (18.383, 2.395)  # sMAPE and MASE of Naive2, as published; peers_hourly.csv has them too
_EACH = "week ahead"


def rows(quick: bool) -> Iterator[Row]:
    """All figures; ``quick`` looks at a quarter of the moments and of the series."""
    for part in (arrivals, concurrency, competition):
        try:
            yield from part(quick)
        except NotMeasured as why:
            print(f"# {part.__name__}: not measured: {why}", flush=True)


def _jobs(name: str) -> Iterator[tuple[float, float]]:
    """Submission and run time of every job of a batch log, in seconds."""
    with datasets.opened(datasets.file("pwa_swf", f"{name}.swf.gz")) as lines:
        for line in lines:
            if not line.startswith(";") and line.strip():
                values = line.split()
                yield float(values[1]), max(float(values[3]), 0.0)


def _commands() -> Iterator[tuple[float, float]]:
    with datasets.opened(datasets.file("travis_commands", "commands.csv.gz")) as lines:
        for row in csv.DictReader(lines):
            yield float(row["start_epoch_s"]), float(row["duration_s"])


def _hourly(jobs: Sequence[tuple[float, float]]) -> list[float]:
    first = min(at for at, _ in jobs) // 3600
    counts = [0.0] * (int(max(at for at, _ in jobs) // 3600 - first) + 1)
    for at, _ in jobs:
        counts[int(at // 3600 - first)] += 1
    return counts


def _at_once(jobs: Sequence[tuple[float, float]]) -> list[float]:
    """How many ran at the same time at most in each hour, had none waited."""
    first = min(at for at, _ in jobs) // 3600 * 3600
    steps = sorted([(at, 1) for at, s in jobs if s] + [(at + s, -1) for at, s in jobs if s])
    most = [0.0] * (int((max(at for at, _ in jobs) - first) // 3600) + 1)
    level, place = 0, 0
    for at, step in steps:
        hour = int((at - first) // 3600)
        for passed in range(place, min(hour, len(most) - 1) + 1):
            most[passed] = max(most[passed], level)
        place = max(place, min(hour, len(most) - 1))
        level += step
        if hour < len(most):
            most[hour] = max(most[hour], level)
    return most


def _moments(series: Sequence[float], quick: bool) -> list[int]:
    """Moments with eight weeks before and a week behind them, in which something comes."""
    found = range(LONGEST, len(series) - WEEK + 1, WEEK)
    alive = [at for at in found if any(series[at - WEEK : at])]
    return alive[:: 4 if quick else 1]


def _places(first: int, hours: int) -> list[int]:
    return [place % WEEK for place in range(first, first + hours)]


def arrivals(quick: bool) -> Iterator[Row]:
    """Runs submitted in each hour."""
    ours_all, naive_all, covered_all = [], [], []
    for name in datasets.SWF:
        series = _hourly(list(_jobs(name)))
        ours, naive, covered, seconds = [], [], [], []
        for at in _moments(series, quick):
            past, truth = series[at - LONGEST : at], series[at : at + WEEK]
            scale = _mean_error(past[WEEK:], past[:-WEEK])
            if not scale:
                continue
            began = time.perf_counter()
            told = seasonal.forecast(past, _places(at - LONGEST, LONGEST), _places(at, WEEK))
            seconds.append(time.perf_counter() - began)
            ours.append(_mean_error(told.middle, truth) / scale)
            naive.append(_mean_error(past[-WEEK:], truth) / scale)
            covered.append(_share(value <= high for value, high in zip(truth, told.high, strict=True)))
        yield _row("arrivals", f"MASE, {_EACH}", ours, "seasonal naive", naive, name, "")
        yield _row("arrivals", "90 % quantile covers", covered, "none", [], name, "reach 0.87–0.93")
        ours_all.append(statistics.fmean(ours))
        naive_all.append(statistics.fmean(naive))
        covered_all.append(statistics.fmean(covered))
    yield _row(
        "arrivals", "MASE, mean of sets", ours_all, "seasonal naive", naive_all, "pwa_swf", "reach ≤ 0.75"
    )
    yield _row("arrivals", "90 % quantile covers", covered_all, "none", [], "pwa_swf", "reach 0.87–0.93")
    yield _row("arrivals", "seconds of a forecast", seconds, "none", [], "pwa_swf", "")
    yield from _sparse(quick)


def _sparse(quick: bool) -> Iterator[Row]:
    """Commands of CI builds: too few an hour for a season, so the errors are those of the daily rate."""
    from orcaops.learning.forecasters import profile, seasonal
    from orcaops.learning.learner import HourlySeries
    from orcaops.model.abstention import Abstention

    series = _hourly(list(_commands()))
    covered, ours, naive = [], [], []
    for at in _moments(series, quick):
        past, truth = series[at - LONGEST : at], series[at : at + WEEK]
        asked = HourlySeries(values=past, places=_places(at - LONGEST, LONGEST), ahead=_places(at, WEEK))
        told = seasonal.forecaster.forecast(asked)
        if isinstance(told, Abstention):
            told = profile.forecaster.forecast(asked)
        if isinstance(told, Abstention):
            continue
        ours.append(_mean_error(told.middle, truth))
        naive.append(_mean_error(past[-WEEK:], truth))
        covered.append(_share(value <= high for value, high in zip(truth, told.high, strict=True)))
    set_ = f"travis_commands, {statistics.fmean(series):.2g} an hour in bursts"
    yield _row("arrivals", f"mean error, {_EACH}", ours, "seasonal naive", naive, set_, "")
    yield _row("arrivals", "90 % quantile covers", covered, "none", [], set_, "")


def concurrency(quick: bool) -> Iterator[Row]:
    """How many run at once: an upper end that holds in 95 % of hours, with how many places."""
    ours, flat, places, flat_places = [], [], [], []
    for name in datasets.SWF:
        series = _at_once(list(_jobs(name)))
        for at in _moments(series, quick):
            past, truth = series[at - LONGEST : at], series[at : at + WEEK]
            told = seasonal.forecast(past, _places(at - LONGEST, LONGEST), _places(at, WEEK), share=0.9).high
            level = statistics.quantiles(past[-4 * WEEK :], n=20)[-1]
            ours.append(_share(value <= math.ceil(high) for value, high in zip(truth, told, strict=True)))
            flat.append(_share(value <= level for value in truth))
            if level:
                places.append(statistics.fmean(map(math.ceil, told)) / level)
                flat_places.append(1.0)
    rival = "95 % of the last 4 weeks"
    yield _row("concurrency", "95 % end covers", ours, rival, flat, "pwa_swf", "reach 0.93–0.97")
    yield _row("concurrency", "places, relative", places, rival, flat_places, "pwa_swf", "aim 0.95")


def competition(quick: bool) -> Iterator[Row]:
    """The 414 hourly series of M4, or those of them that are there."""
    every = 4 if quick else 1
    training = _series("Hourly-train.csv")[::every]
    tests = _series("Hourly-test.csv")[::every]
    ours, naive = [], []
    began = time.perf_counter()
    for past, truth in zip(training, tests, strict=True):
        # Where in its week a series begins is not told and does not matter.
        told = seasonal.forecast(past, _places(0, len(past)), _places(len(past), _AHEAD_M4))
        ours.append(_errors(told.middle, truth, past))
        naive.append(_errors((past[-DAY:] * 2)[:_AHEAD_M4], truth, past))
    seconds = time.perf_counter() - began
    mine, theirs = _owa(ours), _owa(naive)
    yield Row(row="m4_hourly", figure="OWA", value=mine, rival="seasonal naive", rival_value=theirs,
              n=len(ours), set="m4_hourly", bar="reach ≤ 0.62, aim 0.50")  # fmt: skip
    for place, name in enumerate(("sMAPE", "MASE")):
        values, others = [e[place] for e in ours], [e[place] for e in naive]
        yield _row("m4_hourly", name, values, "seasonal naive", others, "m4_hourly", "")
    yield _row("m4_hourly", "seconds a series", [seconds / len(ours)], "none", [], "m4_hourly", "")


def _series(name: str) -> list[list[float]]:
    with datasets.opened(datasets.file("m4_hourly", name)) as lines:
        reader = csv.reader(lines)
        next(reader)
        return [[float(text) for text in row[1:] if text] for row in reader]


def _errors(told: Sequence[float], truth: Sequence[float], past: Sequence[float]) -> tuple[float, float]:
    smape = statistics.fmean(
        200 * abs(f - a) / (abs(f) + abs(a)) if f or a else 0.0 for f, a in zip(told, truth, strict=True)
    )
    return smape, _mean_error(told, truth) / _mean_error(past[DAY:], past[:-DAY])


def _owa(errors: Sequence[tuple[float, float]]) -> float:
    return statistics.fmean(
        statistics.fmean(e[place] for e in errors) / naive2 for place, naive2 in enumerate(_NAIVE2)
    )


def _mean_error(told: Sequence[float], truth: Sequence[float]) -> float:
    return statistics.fmean(abs(f - a) for f, a in zip(told, truth, strict=True))


def _share(happened: Iterator[bool]) -> float:
    return statistics.fmean(map(float, happened))


def _row(
    row: str, figure: str, ours: Sequence[float], rival: str, theirs: Sequence[float], set_: str, bar: str
) -> Row:
    return Row(
        row=row,
        figure=figure,
        value=statistics.fmean(ours) if ours else math.nan,
        rival=rival,
        rival_value=statistics.fmean(theirs) if theirs else math.nan,
        n=len(ours),
        set=set_,
        bar=bar,
    )
