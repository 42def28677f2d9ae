"""Working out once: the same answer as working out twice, and anew as soon as anything has changed."""

from typing import Any

from orcaops.learning.working_out import once
from orcaops.testing.learners import samples_of_job


class Counting:
    def __init__(self) -> None:
        self.calls = 0

    @once
    def advanced(self, memory: dict[str, Any], sample: Any) -> dict[str, Any]:
        self.calls += 1
        return {"values": [*memory["values"], sample.value]}


def test_judge_and_learn_share_one_result() -> None:
    detector, memory = Counting(), {"values": [1.0]}
    first, second = samples_of_job([2.0, 3.0], "duration")
    assert detector.advanced(memory, first) is detector.advanced(memory, first)
    assert detector.calls == 1
    memory.update(detector.advanced(memory, first))
    assert detector.advanced(memory, first) == {"values": [1.0, 2.0, 2.0]}  # it has learned in between
    assert detector.advanced(memory, second) == {"values": [1.0, 2.0, 3.0]}
    assert detector.advanced({"values": [1.0, 2.0]}, second) == {"values": [1.0, 2.0, 3.0]}
    assert detector.calls == 4


def test_two_detectors_share_nothing() -> None:
    one, other, memory = Counting(), Counting(), {"values": [1.0]}
    (sample,) = samples_of_job([2.0], "duration")
    one.advanced(memory, sample)
    other.advanced(memory, sample)
    assert (one.calls, other.calls) == (1, 1)
