"""Detectors do not judge by what is too old, and say so where it ends an episode."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orcaops.learning import staleness
from orcaops.learning.detectors import degradation, duration, error, flaky, regression
from orcaops.model.anomaly import Anomaly
from orcaops.model.sample import Sample
from orcaops.testing.learners import samples_of_job

USUAL = [10.0 + 0.1 * (place % 5) for place in range(30)]
FLAKY = [0.0, 0.0, 1.0, 0.0] * 12


def told(detector: Any, samples: Sequence[Sample]) -> list[Anomaly]:
    memories = {"key": detector.fresh()}
    latest: dict[str, Anomaly] = {}
    for sample in samples:
        latest |= {anomaly.id: anomaly for anomaly in detector.judge(memories, sample)}
        detector.learn(memories, sample)
    return list(latest.values())


def aged(samples: Sequence[Sample], place: int) -> list[Sample]:
    """The same samples with 91 days before the one at ``place``."""
    late = [replace(sample, at=sample.at + timedelta(days=91)) for sample in samples[place:]]
    return [*samples[:place], *late]


CASES = [
    (duration.detector, samples_of_job([*USUAL, 40.0], "duration"), 30),
    (regression.detector, samples_of_job([*USUAL, *(2 * value for value in USUAL[:9])], "duration"), 30),
    (error.detector, samples_of_job([0.0] * 30 + [1.0], "failure"), 30),
    (degradation.detector, samples_of_job([0.0] * 30 + [1.0, 0.0] * 6, "failure"), 30),
    (flaky.detector, [replace(s, commit="c") for s in samples_of_job(FLAKY[:7], "failure")], 4),
]
NAMES = [detector.name for detector, _, _ in CASES]


@pytest.mark.parametrize(("detector", "samples", "place"), CASES, ids=NAMES)
def test_what_is_stale_judges_nothing(detector: Any, samples: list[Sample], place: int) -> None:
    assert told(detector, samples)
    assert not told(detector, aged(samples, place))


@pytest.mark.parametrize(("detector", "samples"), [case[:2] for case in CASES], ids=NAMES)
def test_an_episode_ends_when_its_history_is_stale(detector: Any, samples: list[Sample]) -> None:
    usual = replace(samples[0], job_id="later", at=samples[-1].at + timedelta(days=91))
    [anomaly] = told(detector, [*samples, usual])
    assert not anomaly.open
    assert anomaly.closed_at == usual.at
    assert staleness.TOLD in anomaly.description


def test_comparing_goes_on_with_what_is_new() -> None:
    samples = samples_of_job([*USUAL, *USUAL, 40.0], "duration")
    [anomaly] = told(duration.detector, aged(samples, 30))
    assert anomaly.job_id == samples[-1].job_id
    assert anomaly.evidence["compared_runs"] == 30


def test_after_a_lasting_change_only_the_runs_since_are_compared_with() -> None:
    samples = samples_of_job([*USUAL, *(3 * value for value in USUAL[:12]), 10.0], "duration")
    found = told(duration.detector, samples)[-1]
    assert found.job_id == samples[-1].job_id
    assert found.title.startswith("Suspiciously fast")
    assert found.evidence["compared_runs"] == 12
