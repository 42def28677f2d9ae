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
    mean = values[0]
    for value in values[1:]:
        mean = alpha * value + (1 - alpha) * mean
    assert told.sample_count == len(values)
    assert told.duration_mean == pytest.approx(mean)
    last = values[-200:]
    assert told.duration_p50 == float(np.percentile(last, 50))
    assert told.duration_p95 == float(np.percentile(last, 95))
    assert told.duration_p99 == float(np.percentile(last, 99))
    assert told.established == (len(values) >= 10)


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


def test_staleness_is_judged_when_reading() -> None:
    told = learned(*samples_of_job([1.0], "duration"))
    assert not told.stale
    assert aged(told, told.last_updated + timedelta(days=91)).stale
    assert not aged(told, told.last_updated + timedelta(days=89)).stale
