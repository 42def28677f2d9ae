"""Working out once what ``judge`` tells and what ``learn`` remembers of the same sample."""

from collections.abc import Callable
from functools import wraps
from operator import is_
from typing import TypeVar

from orcaops.learning.learner import Memory
from orcaops.model.sample import Sample

D = TypeVar("D")
R = TypeVar("R")


def once(advance: Callable[[D, Memory, Sample], R]) -> Callable[[D, Memory, Sample], R]:
    """A method of a detector that gives its latest result again for the same memory and sample.

    For detectors whose ``judge`` and ``learn`` work out the same thing from both, and that replace
    what stands in a memory instead of editing it: the result holds as long as each value in the
    memory is the very object that it was.
    """
    latest: tuple[object, object, object, tuple[object, ...], R] | None = None

    @wraps(advance)
    def advanced(detector: D, memory: Memory, sample: Sample) -> R:
        nonlocal latest
        known, values = latest, tuple(memory.values())
        if (
            known is not None
            and known[2] is sample
            and known[1] is memory
            and known[0] is detector
            and len(known[3]) == len(values)
            and all(map(is_, known[3], values))
        ):
            return known[4]
        result = advance(detector, memory, sample)
        latest = (detector, memory, sample, values, result)
        return result

    return advanced
