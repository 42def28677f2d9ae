"""Relatives: the job's own history comes first, then the nearest of whom something is known."""

import math

from orcaops.learning import relatives
from orcaops.learning.learner import Memory


def memories() -> dict[str, Memory]:
    return {level: {} for level in relatives.LEVELS}


def test_nothing_is_expected_of_a_job_without_kin() -> None:
    assert relatives.expected(memories(), 0.9) is None
    assert relatives.nearest(memories(), None) is None


def test_a_job_is_judged_by_itself_once_it_has_run() -> None:
    known = memories()
    for second in range(3):
        relatives.learn(known, math.log(10.0), at=second, asked_at=second - 1, bound=False)
    found = relatives.expected(known, 0.9)
    assert found is not None
    assert (found.level, found.n) == ("key", 3)
    assert math.isclose(math.exp(found.told.estimate), 10.0, rel_tol=0.01)
    assert found.source.startswith("from 3 runs of this job")


def test_a_new_job_is_judged_by_its_nearest_relatives() -> None:
    known = memories()
    relatives.learn(known, math.log(10.0), at=1.0, asked_at=0.0, bound=False)
    new = {**known, "key": {}, "command": {}}
    found = relatives.expected(new, 0.9)
    assert found is not None
    assert (found.level, found.n, found.source) == ("tool", 1, "from 1 run of the same tool on this image")


def test_a_bound_alone_teaches_nothing_about_a_new_job() -> None:
    known = memories()
    relatives.learn(known, math.log(10.0), at=1.0, asked_at=0.0, bound=True)
    assert relatives.expected(known, 0.9) is None
