"""The digest: what is certain is told, what many tests bring up by chance is not."""

from orcaops.learning.detectors.duration import detector
from orcaops.learning.digest import worth_telling
from orcaops.model.anomaly import Anomaly
from orcaops.testing.learners import samples_of_job

USUAL = [30.0, 30.5, 29.8, 30.2, 30.1, 29.9, 30.3, 30.0]


def slow(seconds: float) -> Anomaly:
    memories = {"key": detector.fresh()}
    *usual, last = samples_of_job([*USUAL, seconds], "duration")
    for sample in usual:
        detector.learn(memories, sample)
    [anomaly] = detector.judge(memories, last)
    return anomaly


def test_many_tests_make_it_stricter() -> None:
    clear, doubtful = slow(300.0), slow(46.0)
    assert worth_telling([clear, doubtful], tests=10) == [clear, doubtful]
    assert worth_telling([doubtful, clear], tests=5000) == [clear]


def test_detectors_without_a_p_value_are_always_told() -> None:
    other = slow(300.0).model_copy(update={"evidence": {}})
    assert worth_telling([other], tests=10**9) == [other]
    assert worth_telling([], tests=0) == []
