"""Baselines: the specification's figures, exactly."""

import statistics
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.learning.baselines import BaselineLearner, aged, describe
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import MIB
from orcaops.model.run import Status
from orcaops.model.sample import Sample
from orcaops.testing.learners import samples_of_job

KEY = "image:debian|command:make"


def learned(*samples: Sample, alpha: float = 0.1) -> Baseline:
    learner = BaselineLearner(alpha=alpha)
    memory = learner.fresh()
    for sample in samples:
        learner.learn({"key": memory}, sample)
    return describe(learner, memory, workspace="default", key=KEY)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.001, 1e5), min_size=1, max_size=230), st.sampled_from([0.1, 0.3]))
def test_the_figures_are_those_of_the_specification(values: list[float], alpha: float) -> None:
    told = learned(*samples_of_job(values, "duration"), alpha=alpha)
    regime = values[-told.sample_count :]  # all of them, unless they happen to look like a change
    mean = regime[0]
    for value in regime[1:]:
        mean = alpha * value + (1 - alpha) * mean
    assert told.duration_mean == pytest.approx(mean)
    last = regime[-200:]
    assert told.duration_p50 == float(np.percentile(last, 50))
    assert told.duration_p95 == float(np.percentile(last, 95))
    assert told.duration_p99 == float(np.percentile(last, 99))
    assert told.established == (told.sample_count >= 10)
    assert len(values) > 14 or told.sample_count == len(values)


def test_the_deviation_is_exponentially_weighted() -> None:
    values = [10.0, 12.0] * 200
    told = learned(*samples_of_job(values, "duration"))
    assert told.duration_stddev == pytest.approx(statistics.pstdev(values), rel=0.1)
    assert learned(*samples_of_job([5.0], "duration")).duration_stddev is None


def test_a_key_is_listed_from_its_first_run_with_nulls() -> None:
    told = learned(*samples_of_job([1.0], "failure"))
    assert (told.run_count, told.failure_count, told.success_rate) == (1, 1, 0.0)
    assert (told.sample_count, told.established, told.needed) == (0, False, 10)
    assert told.duration_mean is None
    assert told.duration_p50 is None
    assert told.memory_max_mb is None


def test_memory_is_mib_and_killed_runs_do_not_count() -> None:
    peaks = samples_of_job([100.0 * MIB, 300.0 * MIB], "memory")
    killed = replace(peaks[1], job_id="killed", value=900.0 * MIB, censored=True)
    told = learned(*peaks, killed)
    assert told.memory_mean_mb == pytest.approx(200)
    assert told.memory_max_mb == pytest.approx(300)
    assert told.run_count == 3


def test_stopped_and_failed_runs_are_no_durations() -> None:
    samples = samples_of_job([10.0, 99.0, 99.0], "duration")
    stopped = replace(samples[1], censored=True, status=Status.TIMED_OUT)
    failed = replace(samples[2], status=Status.FAILED)
    assert learned(samples[0], stopped, failed).duration_mean == 10.0


def test_one_run_counts_once_however_much_was_measured() -> None:
    together = [samples_of_job([1.0], metric)[0] for metric in ("duration", "memory", "queue_wait")]
    together.append(samples_of_job([0.0], "failure")[0])
    assert learned(*together).run_count == 1


def test_a_lasting_change_begins_a_new_regime() -> None:
    values = [10.0 + 0.1 * (place % 4) for place in range(40)] + [
        20.0 + 0.2 * (place % 4) for place in range(12)
    ]
    samples = samples_of_job(values, "duration")
    blip = learned(*samples[:43])
    assert (blip.sample_count, blip.regime_since) == (43, samples[0].at)
    told = learned(*samples)
    assert (told.sample_count, told.established, told.run_count) == (12, True, 52)
    assert told.regime_since == samples[40].at
    assert told.first_seen == samples[0].at
    assert told.duration_p50 == pytest.approx(20.3)
    assert told.recent_durations == tuple(values[40:])
    assert learned(*samples[:46]).established is False


def test_memory_follows_its_own_changes() -> None:
    peaks = [(100.0 + place % 3) * MIB for place in range(30)] + [
        (300.0 + place % 3) * MIB for place in range(9)
    ]
    told = learned(*samples_of_job(peaks, "memory"))
    assert told.memory_mean_mb == pytest.approx(301)
    assert told.memory_max_mb == pytest.approx(302)
    down = learned(*samples_of_job(peaks[::-1] + [50.0 * MIB] * 12, "memory"))
    assert down.memory_max_mb == pytest.approx(50)


def test_after_a_stale_time_figures_begin_anew() -> None:
    samples = samples_of_job([10.0] * 12 + [30.0], "duration")
    late = replace(samples[-1], at=samples[-2].at + timedelta(days=91))
    told = learned(*samples[:-1], late)
    assert (told.sample_count, told.run_count, told.established) == (1, 13, False)
    assert (told.duration_mean, told.regime_since, told.first_seen) == (30.0, late.at, samples[0].at)
    assert learned(*samples).sample_count == 13


def test_staleness_is_judged_when_reading() -> None:
    told = learned(*samples_of_job([1.0], "duration"))
    assert not told.stale
    assert aged(told, told.last_updated + timedelta(days=91)).stale
    assert not aged(told, told.last_updated + timedelta(days=89)).stale


def test_a_job_that_runs_once_a_month_is_not_forgotten_between_two_runs() -> None:
    learner = replace(BaselineLearner(), stale_after_days=30)
    month = timedelta(days=30.5)
    samples = [
        replace(each, at=each.at + number * month)
        for number, each in enumerate(samples_of_job([10.0] * 14, "duration"))
    ]
    memory = learner.fresh()
    for each in samples:
        learner.learn({"key": memory}, each)
    told = describe(learner, memory, workspace="default", key="k")
    assert (told.sample_count, told.run_count, told.established) == (13, 14, True), "one gap is no rhythm"
    assert not aged(told, told.last_updated + timedelta(days=60), 30).stale
    assert aged(told, told.last_updated + timedelta(days=100), 30).stale
