"""How well learning sees and foresees, on public data, in honest order, beside naive rules.

Everything is measured by predicting or judging first and learning after. Steps and slow runs are injected
counterfactually into real noise. Flaky and degrading jobs are simulated.
"""

import dataclasses
import math
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import datasets
from benchmarks.row import NotMeasured, Row
from orcaops.learning import baselines, digest
from orcaops.learning.detectors import degradation, duration, flaky, regression, rising_risk
from orcaops.learning.detectors import memory as memory_outlier
from orcaops.learning.exam import examine
from orcaops.learning.learner import Memory
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.predictors import duration as duration_predictor
from orcaops.learning.predictors import failure_risk
from orcaops.learning.predictors import memory as memory_predictor
from orcaops.learning.replay import PastRun
from orcaops.learning.rivals import spec
from orcaops.learning.scoring import Scores
from orcaops.model.anomaly import Anomaly
from orcaops.model.sample import Sample
from orcaops.stats import changes
from orcaops.testing.learners import samples_of_job

_SEED = 20261122


def rows(quick: bool) -> Iterator[Row]:
    """All figures; ``quick`` looks at a part of each set."""
    for part in (
        outliers,
        digests,
        regressions,
        change_points,
        flakiness,
        drops,
        rising,
        travis,
        batch_logs,
        workflows,
        builds,
        large_inputs,
    ):
        try:
            yield from part(quick)
        except NotMeasured as why:
            print(f"# {part.__name__}: not measured: {why}", flush=True)


def _row(row: str, figure: str, value: Any, rival: str, theirs: Any, n: int, set_: str, bar: str) -> Row:
    number = math.nan
    return Row(
        row=row,
        figure=figure,
        value=number if value is None else float(value),
        rival=rival,
        rival_value=number if theirs is None else float(theirs),
        n=n,
        set=set_,
        bar=bar,
    )


def outliers(quick: bool) -> Iterator[Row]:
    """One-run anomalies on repeated benchmark runs."""
    judged = early = ours = ours_early = theirs = theirs_early = 0
    powers = {1.5: [0, 0], 2.0: [0, 0]}
    shares, naive_shares = [], []
    for _, values in datasets.azure_series()[:: 6 if quick else 1]:
        memories = {"key": duration.detector.fresh()}
        state: dict[str, Any] = {}
        alarms = naive_alarms = 0
        for place, sample in enumerate(samples_of_job(values, "duration")):
            if place >= 5:
                mine = _alarms(duration.detector.judge(memories, sample), sample)
                naive = spec.anomaly.alarms(state, sample.value)
                judged, alarms, naive_alarms = judged + 1, alarms + mine, naive_alarms + naive
                if place < 20:
                    early, ours_early = early + 1, ours_early + mine
                    theirs_early += naive
                for factor, seen in powers.items():
                    shown = dataclasses.replace(sample, value=sample.value * factor)
                    seen[0] += _alarms(duration.detector.judge(memories, shown), shown)
                    seen[1] += spec.anomaly.alarms(state, shown.value)
            duration.detector.learn(memories, sample)
            spec.anomaly.learn(state, sample.value)
        ours, theirs = ours + alarms, theirs + naive_alarms
        shares.append(alarms / len(values))
        naive_shares.append(naive_alarms / len(values))

    def row(figure: str, value: float, naive: float, n: int, bar: str) -> Row:
        return _row("one-run anomaly", f"{figure}, %", 100 * value / n, "spec", 100 * naive / n, n, set_, bar)

    set_ = "azure_vm_noise"
    yield row("false alarms", ours, theirs, judged, "reach ≤ 0.5")
    yield row("false alarms in runs 6–20", ours_early, theirs_early, early, "reach ≤ 0.7")
    for factor, reach in ((1.5, 85), (2.0, 94)):
        ours, theirs = powers[factor]
        yield row(f"seen at × {factor:g}", ours, theirs, judged, f"reach ≥ {reach}")
    n = len(shares)
    worst, naive_worst = (n * statistics.quantiles(each, n=20)[-1] for each in (shares, naive_shares))
    yield row("false alarms, 95th percentile of keys", worst, naive_worst, n, "")


def digests(quick: bool) -> Iterator[Row]:
    """What is told, run by run, of 6000 runs a day, of which one in 200 is shown twice as slow."""
    chance = random.Random(_SEED)
    window, seconds = digest.fresh(), 86_400 / 6000
    keys = [
        (samples_of_job(values, "duration"), {"key": duration.detector.fresh()}, dict[str, Any]())
        for _, values in datasets.azure_series()[:: 6 if quick else 1]
    ]
    truth: dict[str, bool] = {}
    n = told = true = alarms = right = slow_runs = 0
    for place in range(max(len(samples) for samples, _, _ in keys)):
        for samples, memories, state in keys:
            if place >= len(samples):
                continue
            sample = samples[place]
            slow = chance.random() < 0.005
            shown = dataclasses.replace(sample, value=sample.value * 2) if slow else sample
            if place >= 5:
                n += 1
                slow_runs += slow
                digest.judged(window, duration.detector.name, n * seconds, 1)
                for anomaly in duration.detector.judge(memories, shown):
                    p = digest.p_value(anomaly)
                    if p is None or shown.job_id not in anomaly.job_ids[-1:]:
                        continue
                    truth[str(n)] = slow
                    new = digest.alarm(window, duration.detector.name, n * seconds, str(n), p)
                    told += len(new)
                    true += sum(truth[each] for each in new)
                if spec.anomaly.alarms(state, shown.value):
                    alarms += 1
                    right += slow
            duration.detector.learn(memories, sample)  # nobody learns from what did not happen
            spec.anomaly.learn(state, sample.value)
    set_ = "azure_vm_noise"
    yield _row(
        "digest",
        "precision, %",
        100 * true / max(told, 1),
        "spec",
        100 * right / alarms,
        n,
        set_,
        "reach ≥ 80",
    )
    yield _row("digest", "recall, %", 100 * true / slow_runs, "spec", 100 * right / slow_runs, n, set_, "")


def _alarms(anomalies: Sequence[Anomaly], sample: Sample) -> bool:
    return any(sample.job_id in anomaly.job_ids for anomaly in anomalies)


def regressions(quick: bool) -> Iterator[Row]:
    """Lasting changes: false ones on real noise, and steps injected into it."""
    chance = random.Random(_SEED)
    series = [values[:200] for _, values in datasets.azure_series()[:: 6 if quick else 1]]
    name, rival, set_ = "regression", "3 in a row beyond z = 2", "azure_vm_noise, first 200 runs"
    false = sum(len(_changes(values)) for values in series)
    naive = sum(len(_three_in_a_row(values)) for values in series)
    runs = sum(map(len, series))
    yield _row(
        name, "false per 1000 runs", 1e3 * false / runs, rival, 1e3 * naive / runs, runs, set_, "reach ≤ 0.7"
    )
    for step, reach in ((1.10, 85), (1.25, 95)):
        delays, exact = [], 0
        naive_delays = []
        for values in series:
            at = chance.randrange(60, 151)
            changed = [value * step if place >= at else value for place, value in enumerate(values)]
            for seen, began in _changes(changed):
                if at <= seen <= at + 50 and abs(began - at) <= 15:
                    delays.append(seen - at + 1)
                    exact += began == at
                    break
            naive_delays += [seen - at + 1 for seen in _three_in_a_row(changed) if at <= seen <= at + 50][:1]
        shown, n = f"+{100 * step - 100:.0f} %", len(series)
        seen_share, naive_share = 100 * len(delays) / n, 100 * len(naive_delays) / n
        yield _row(name, f"{shown} seen, %", seen_share, rival, naive_share, n, set_, f"reach ≥ {reach}")
        delay, naive_delay = statistics.median(delays), statistics.median(naive_delays)
        yield _row(name, f"{shown} median delay, runs", delay, rival, naive_delay, n, set_, "reach ≤ 5")
        share = 100 * exact / len(delays)
        yield _row(name, f"{shown} first run exact, %", share, "none", None, len(delays), set_, "reach ≥ 80")


def _changes(values: Sequence[float]) -> list[tuple[int, int]]:
    """Where changes were told, and where they are said to have begun."""
    memories = {"key": regression.detector.fresh()}
    found: dict[str, tuple[int, int]] = {}
    for place, sample in enumerate(samples_of_job(values, "duration")):
        for anomaly in regression.detector.judge(memories, sample):
            found.setdefault(anomaly.id, (place, int(anomaly.job_id.rpartition("-")[2]) - 1))
        regression.detector.learn(memories, sample)
    return list(found.values())


def change_points(_quick: bool) -> Iterator[Row]:
    """Annotated series: F1 with a margin of 5 as in the Turing change point benchmark."""
    ours, none = [], []
    for _, values, annotations in datasets.annotated_changes():
        found, start = {0}, 0
        for seen in range(1, len(values) + 1):
            change = changes.scan(values[max(start, seen - changes.LONGEST) : seen])
            if change is not None:
                window = values[max(start, seen - changes.LONGEST) : seen]
                start = seen - len(window) + changes.placed(window, change.at)[0][0]
                found.add(start)
        ours.append(_f1(found, annotations))
        none.append(_f1({0}, annotations))
    mine, theirs, n = statistics.mean(ours), statistics.mean(none), len(ours)
    yield _row(
        "change points", "F1", mine, "no change at all", theirs, n, "tcpd, one dimension", "reach ≥ 0.70"
    )


def _f1(found: set[int], annotations: Sequence[Sequence[int]]) -> float:
    """Precision over what anybody annotated, recall as the mean over annotators; place 0 is given."""
    anybody = {0}.union(*annotations)
    precision = len(_matched(anybody, found)) / len(found)
    recall = statistics.mean(len(_matched({0, *one}, found)) / len({0, *one}) for one in annotations)
    return 2 * precision * recall / (precision + recall)


def _matched(truth: set[int], found: set[int]) -> set[int]:
    """The true places that are found within 5 values, each by another one."""
    free, matched = set(found), set[int]()
    for place in sorted(truth):
        near = [other for other in free if abs(other - place) <= 5]
        if near:
            free.remove(min(near, key=lambda other: (abs(other - place), other)))
            matched.add(place)
    return matched


def _three_in_a_row(values: Sequence[float]) -> list[int]:
    """The naive rule: where three runs in a row were beyond the specification's z; then it begins anew."""
    state: dict[str, Any] = {}
    found, streak = [], 0
    for place, value in enumerate(values):
        streak = streak + 1 if spec.anomaly.alarms(state, value) else 0
        spec.anomaly.learn(state, value)
        if streak == 3:
            found.append(place)
            state, streak = {}, 0
    return found


def flakiness(quick: bool) -> Iterator[Row]:
    """Simulated jobs: healthy, flaky (2–40 %), buggy (12 % per commit); half of the failures are rerun."""
    chance = random.Random(_SEED)
    for n, reach in ((50, 60), (150, 85)):
        counts = {"hit": 0, "false": 0, "missed": 0}
        naive = {"hit": 0, "false": 0, "missed": 0}
        jobs = 100 if quick else 500
        for _ in range(jobs):
            kind = chance.choice(("healthy", "flaky", "buggy"))
            outcomes = _outcomes(kind, n, chance)
            found = _is_found(flaky.detector, outcomes)
            rate = sum(failed for failed, _ in outcomes) / n
            for told, tally in ((found, counts), (0.1 <= rate <= 0.7, naive)):
                tally["hit" if told and kind == "flaky" else "false" if told else "missed"] += (
                    told or kind == "flaky"
                )
        p, r = _precision_recall(counts)
        p_naive, r_naive = _precision_recall(naive)
        rival = "10–70 % of runs fail"
        yield _row("flaky", f"precision at {n} runs, %", p, rival, p_naive, jobs, "simulated", "reach ≥ 95")
        yield _row(
            "flaky", f"recall at {n} runs, %", r, rival, r_naive, jobs, "simulated", f"reach ≥ {reach}"
        )


def _precision_recall(tally: Mapping[str, int]) -> tuple[float, float]:
    hit = tally["hit"]
    return 100 * hit / max(hit + tally["false"], 1), 100 * hit / max(hit + tally["missed"], 1)


def _outcomes(kind: str, n: int, chance: random.Random) -> list[tuple[bool, str]]:
    rate = chance.uniform(0.02, 0.40) if kind == "flaky" else 0.0005
    outcomes: list[tuple[bool, str]] = []
    commit, broken = 0, False
    while len(outcomes) < n:
        commit += 1
        breaks = 0.12 if kind == "buggy" else 0.01
        broken = chance.random() < (0.6 if broken else breaks)
        for _ in range(chance.choice((1, 1, 1, 2))):
            failed = True
            while failed:
                failed = chance.random() < (0.99 if broken else rate)
                outcomes.append((failed, f"c{commit}"))
                if chance.random() < 0.5:
                    break
    return outcomes[:n]


def _failure_samples(outcomes: Sequence[tuple[bool, str]]) -> list[Sample]:
    samples = samples_of_job([float(failed) for failed, _ in outcomes], "failure")
    return [dataclasses.replace(s, commit=commit) for s, (_, commit) in zip(samples, outcomes, strict=True)]


def _is_found(detector: Any, outcomes: Sequence[tuple[bool, str]]) -> bool:
    memories: dict[str, Memory] = {"key": detector.fresh()}
    for sample in _failure_samples(outcomes):
        if any(anomaly.open for anomaly in detector.judge(memories, sample)):
            return True
        detector.learn(memories, sample)
    return False


def drops(quick: bool) -> Iterator[Row]:
    """Success rates that drop, simulated; each run is a new commit."""
    chance = random.Random(_SEED)
    jobs = 40 if quick else 200
    name, rival, set_ = "success-rate drop", "under .8 over all runs", "simulated"
    for base in (0.005, 0.02, 0.10, 0.25):
        told: set[tuple[int, str]] = set()
        naive = 0
        for job in range(jobs):
            outcomes = [(chance.random() < base, f"c{place}") for place in range(400)]
            told |= {(job, anomaly.id) for anomaly, _ in _told(outcomes)}
            naive += _below_lifetime(outcomes, 10) is not None
        runs = 400 * jobs
        figure = f"false per 1000 runs at {100 * base:g} %"
        yield _row(name, figure, 1e3 * len(told) / runs, rival, 1e3 * naive / runs, runs, set_, "reach ≤ 0.5")
        if base > 0.02:
            continue
        for rate, reach in ((1.0, 3), (0.5, 6)):
            delays, naive_delays = [], []
            for _ in range(jobs):
                outcomes = [
                    (chance.random() < (base if place < 100 else rate), f"c{place}") for place in range(160)
                ]
                delays.append(next((place - 99 for _, place in _told(outcomes) if place >= 100), 61))
                naive_delays.append((_below_lifetime(outcomes, 100) or 160) - 99)
            figure = f"median delay from {100 * base:g} to {100 * rate:g} %, runs"
            ours, theirs = statistics.median(delays), statistics.median(naive_delays)
            yield _row(name, figure, ours, rival, theirs, jobs, set_, f"reach ≤ {reach}")


def rising(quick: bool) -> Iterator[Row]:
    """Failure rates that stay, and that creep up from 2 to 30 % over 100 runs; simulated."""
    chance = random.Random(_SEED)
    jobs, name, set_ = 20 if quick else 100, "rising risk", "simulated"
    rival = "z > 2 of the last 20 against all before"
    for base in (0.005, 0.02, 0.10, 0.25):
        false = naive = 0
        for _ in range(jobs):
            outcomes = [chance.random() < base for _ in range(1000)]
            false += len({anomaly.id for anomaly, _ in _rises(outcomes)})
            naive += len(_above_before(outcomes))
        figure = f"false per 1000 runs at {100 * base:g} %"
        yield _row(name, figure, false / jobs, rival, naive / jobs, 1000 * jobs, set_, "reach ≤ 0.5")
    delays, naive_delays = [], []
    for _ in range(2 * jobs):
        outcomes = [
            chance.random() < min(max(0.02, 0.02 + 0.28 * (place - 150) / 100), 0.3) for place in range(400)
        ]
        delays.append(next((place - 149 for _, place in _rises(outcomes) if place >= 150), 251))
        naive_delays.append(next((place - 149 for place in _above_before(outcomes) if place >= 150), 251))
    ours, theirs = statistics.median(delays), statistics.median(naive_delays)
    yield _row(name, "median delay, runs", ours, rival, theirs, 2 * jobs, set_, "")


def _rises(outcomes: Sequence[bool]) -> Iterator[tuple[Anomaly, int]]:
    memories: dict[str, Memory] = {"key": rising_risk.detector.fresh()}
    for place, sample in enumerate(samples_of_job([float(failed) for failed in outcomes], "failure")):
        for anomaly in rising_risk.detector.judge(memories, sample):
            yield anomaly, place
        rising_risk.detector.learn(memories, sample)


def _above_before(outcomes: Sequence[bool]) -> list[int]:
    """The naive rule: where the last 20 runs fail more than all before by two deviations; then 60 rest."""
    found: list[int] = []
    for place in range(60, len(outcomes)):
        if found and place - found[-1] < 60:
            continue
        before, latest = outcomes[: place - 19], outcomes[place - 19 : place + 1]
        rate = (sum(before) + 1) / (len(before) + 2)
        if sum(latest) / 20 > rate + 2 * math.sqrt(rate * (1 - rate) / 20):
            found.append(place)
    return found


def _below_lifetime(outcomes: Sequence[tuple[bool, str]], first: int) -> int | None:
    """The naive rule: the run from ``first`` on at which less than .8 of all runs have succeeded."""
    failures = 0
    for place, (failed, _) in enumerate(outcomes):
        failures += failed
        if place >= first and failures > 0.2 * (place + 1):
            return place
    return None


def _told(outcomes: Sequence[tuple[bool, str]]) -> Iterator[tuple[Anomaly, int]]:
    memories: dict[str, Memory] = {"key": degradation.detector.fresh()}
    for place, sample in enumerate(_failure_samples(outcomes)):
        for anomaly in degradation.detector.judge(memories, sample):
            yield anomaly, place
        degradation.detector.learn(memories, sample)


def travis(_quick: bool) -> Iterator[Row]:
    """Commands of CI builds of at least a second."""
    document = examine(datasets.travis(), [Scores(), duration.detector, duration_predictor.predictor])
    alarms, told = document["learners"]
    yield _exam_row(alarms, "false_alarms_per_run", "spec", "travis_commands", "reach ≤ 0.025")
    for figure, rival, bar in (
        ("within_20", "median", "reach ≥ 0.60"),
        ("within_20", "ema_01", ""),
        ("mean_abs_log_error", "ema_01", "≤ 1.0"),
        ("coverage_90", "spec", "reach 0.87–0.93"),
        ("winkler_90", "spec", "≤ 0.75"),
        ("ece", "spec", "reach ≤ 0.05"),
        ("confident_within_20", "spec", "reach ≥ 0.88"),
        ("healthy_killed", "spec", "reach ≤ 0.001"),
    ):
        yield _exam_row(told, figure, rival, "travis_commands", bar)
    yield _reach_row(told, "travis_commands")


def batch_logs(quick: bool) -> Iterator[Row]:
    """Jobs of five batch systems."""
    for name in datasets.SWF:
        history = datasets.swf(name, 8_000 if quick else 40_000)
        document = examine(history, [Scores(), duration_predictor.predictor])
        yield from _number_rows(document["learners"][0], name)
        yield _exam_row(document["learners"][0], "healthy_killed", "spec", name, "reach ≤ 0.005")


def workflows(_quick: bool) -> Iterator[Row]:
    """Tasks of scientific workflows: duration, memory, and what a limit from history would waste."""
    learners = [
        Scores(),
        memory_outlier.detector,
        duration_predictor.predictor,
        memory_predictor.predictor,
    ]
    alarms, seconds, peaks = examine(datasets.nextflow(), learners)["learners"]
    yield _exam_row(alarms, "false_alarms_per_run", "spec", "sizey_traces", "")
    yield from _number_rows(seconds, "sizey_traces")
    yield from _number_rows(peaks, "sizey_traces, memory")
    yield _exam_row(peaks, "wasted_gbh", "spec", "sizey_traces", "≤ 0.70")
    yield _exam_row(peaks, "first_attempt_failures", "spec", "sizey_traces", "reach ≤ 0.0113")
    yield _exam_row(peaks, "lost_after_retry", "spec", "sizey_traces", "reach ≤ 0")
    for figure, bar in (
        ("wasted_gbh", "≤ 0.85"),
        ("first_attempt_failures", "reach ≤ 0.0035"),
        ("lost_after_retry", "reach ≤ 0"),
    ):
        ours, theirs = peaks[f"automatic_{figure}"], peaks["rivals"]["spec"][figure]
        told = f"automatic mode: {figure}"
        yield _row(peaks["name"], told, ours, "spec", theirs, peaks["n"], "sizey_traces", bar)
    yield _exam_row(seconds, "healthy_killed", "spec", "sizey_traces", "reach ≤ 0.005")


def builds(_quick: bool) -> Iterator[Row]:
    """Outcomes of the builds of five projects, known at once and five builds later."""
    for late, skill in ((0, 0.25), (5, 0.15)):
        history: list[PastRun] = []
        for project in datasets.PROJECTS:
            history += datasets.builds(project, late)
        history.sort(key=lambda run: run.submitted_at)
        told = examine(history, [Scores(), failure_risk.predictor])["learners"][0]
        set_ = "dl_cibuild" if not late else f"dl_cibuild, {late} builds late"
        yield _exam_row(told, "brier_skill", "ema_01", set_, f"reach ≥ {skill}")
        yield _exam_row(told, "auc", "ema_01", set_, "" if late else "reach ≥ 0.78")
        yield _exam_row(told, "ece", "spec", set_, "" if late else "reach ≤ 0.02")


def large_inputs(quick: bool) -> Iterator[Row]:
    """A million runs of one key, and a hundred thousand keys of one run; with ``quick`` a hundredth."""
    share = 100 if quick else 1
    learners = [
        Scores(),
        baselines.learner,
        duration.detector,
        regression.detector,
        duration_predictor.predictor,
    ]
    loop, book = Loop(learners), MemoryBook()
    portion, rates = 1_000_000 // share // 10, []
    for part in range(10):
        samples = samples_of_job(
            [60.0 + place % 7 for place in range(portion)], "duration", first=portion * part, minutes=0.1
        )
        began = time.process_time()
        loop.absorb([[sample] for sample in samples], book)
        book.drain()
        rates.append(portion / (time.process_time() - began))
    figure, rival = "runs per second, the last tenth", "the first tenth"
    yield _row("runs of one key", figure, rates[-1], rival, rates[0], 10 * portion, "made up", "≥ 0.8")
    [sample] = samples_of_job([12.0], "duration")
    loop, book, rates = Loop(learners), MemoryBook(capacity=20_000), []
    portion = 100_000 // share // 10
    for part in range(10):
        names = [f"name:{part}-{place}" for place in range(portion)]
        runs = [[dataclasses.replace(sample, job_id=n, key=n, scopes={"command": n})] for n in names]
        began = time.process_time()
        loop.absorb(runs, book)
        book.drain()
        rates.append(portion / (time.process_time() - began))
    yield _row("keys of one run", figure, rates[-1], rival, rates[0], 10 * portion, "made up", "≥ 0.8")


def _number_rows(told: Mapping[str, Any], set_: str) -> Iterator[Row]:
    yield _reach_row(told, set_)
    rivals: Mapping[str, Mapping[str, Any]] = told["rivals"]
    best = min(rivals, key=lambda name: rivals[name]["mean_abs_log_error"])
    for figure, rival, bar in (
        ("mean_abs_log_error", "ema_01", "≤ 1.0"),
        ("mean_abs_log_error", best, "≤ 1.02"),
        ("within_20", "ema_01", ""),
        ("coverage_90", "spec", "reach 0.87–0.93"),
        ("confident_within_20", "spec", "reach ≥ 0.88"),
    ):
        yield _exam_row(told, figure, rival, set_, bar)


def _reach_row(told: Mapping[str, Any], set_: str) -> Row:
    """The share of jobs on which eight of ten runs are within 20 %, beside that for which it could be."""
    found = told["within_20_by_job"]
    jobs = found["jobs"] or math.nan
    return Row(
        row=told["name"],
        figure="jobs with 8 of 10 runs within 20 %",
        value=found["holds"] / jobs,
        rival="the best numbers in hindsight",
        rival_value=1 - found["out_of_reach"] / jobs,
        n=found["jobs"],
        set=set_,
    )


def _exam_row(told: Mapping[str, Any], figure: str, rival: str, set_: str, bar: str) -> Row:
    theirs = told["rivals"].get(rival, {}).get(figure)
    row = _row(told["name"], figure, told.get(figure), rival, theirs, told["n"], set_, bar)
    name = f"error_ratio_{rival}" if figure == "mean_abs_log_error" and bar else figure
    drawn = told.get("intervals_95", {}).get(name)
    return row if drawn is None else dataclasses.replace(row, interval=(drawn[0], drawn[1]))
