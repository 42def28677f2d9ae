"""Reach: where estimates within 20 % are had, and where nobody could have them."""

import random

from orcaops.learning.exam.reach import in_hindsight, reach


def test_a_steady_job_a_wild_one_and_one_that_is_estimated_badly() -> None:
    chance = random.Random(1)
    jobs, estimates, truths = [], [], []
    for name, estimate, spread in (("steady", 100.0, 0.05), ("wild", 100.0, 1.5), ("badly", 50.0, 0.05)):
        for _ in range(60):
            jobs.append(("default", name))
            estimates.append(estimate)
            truths.append(100 * chance.lognormvariate(0, spread))
    assert reach(jobs, estimates, truths) == {"jobs": 3, "holds": 1, "out_of_reach": 1, "missed": ["badly"]}


def test_jobs_with_few_runs_are_not_judged() -> None:
    assert reach(["a"] * 19, [1.0] * 19, [9.0] * 19)["jobs"] == 0
    assert reach([], [], []) == {"jobs": 0, "holds": 0, "out_of_reach": 0, "missed": []}


def test_hindsight_follows_a_job_that_changes() -> None:
    assert in_hindsight([10.0] * 30 + [40.0] * 30) == 1.0
    assert in_hindsight([5.0]) == 1.0
