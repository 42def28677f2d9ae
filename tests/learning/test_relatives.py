"""Relatives: the job's own history comes first, then the nearest of whom something is known."""

import math
import re
from dataclasses import replace

import pytest

from orcaops import plugins
from orcaops.learning import relatives
from orcaops.learning.learner import Memory
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.prediction import Abstained, FailureRisk, Prediction
from orcaops.testing.learners import question_about, samples_of_job


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
    elsewhere = relatives.expected({**known, "key": {}}, 0.9)
    assert elsewhere is not None
    assert elsewhere.source == "from 1 run of the same job in other workspaces"
    new = {**known, "key": {}, "elsewhere": {}, "command": {}}
    found = relatives.expected(new, 0.9)
    assert found is not None
    assert (found.level, found.n, found.source) == ("tool", 1, "from 1 run of the same tool on this image")


def test_a_bound_alone_teaches_nothing_about_a_new_job() -> None:
    known = memories()
    relatives.learn(known, math.log(10.0), at=1.0, asked_at=0.0, bound=True)
    assert relatives.expected(known, 0.9) is None


def test_workspaces_share_numbers_of_the_same_job_and_nothing_else() -> None:
    """A workspace that never ran anything knows of the jobs whose names it knows, and no words of others."""
    loop, book = Loop(plugins.find("predictor")), MemoryBook()
    theirs = [
        replace(
            sample, workspace="theirs", command="make --token hush", branch="their-branch", detail="words"
        )
        for metric, value in (("duration", 30.0), ("memory", 1e8), ("failure", 0.0))
        for sample in samples_of_job([value] * 6, metric)
    ]
    loop.absorb([[sample] for sample in theirs], book)
    asked = replace(question_about(), workspace="ours")
    told = loop.predict(asked, book)
    for answer, estimate in ((told.duration, 30.0), (told.memory, 1e8)):
        assert isinstance(answer, Prediction)
        assert answer.level == "elsewhere"
        assert answer.estimate == pytest.approx(estimate, rel=0.01)
        assert "6 runs of the same job in other workspaces" in answer.reason
    assert isinstance(told.failure_risk, FailureRisk)
    assert told.failure_risk.level == "elsewhere"
    other = replace(asked, key="name:other", scopes={})
    assert isinstance(loop.predict(other, book).duration, Abstained)
    shared = {address: text for address, text in book.drain().items() if address.workspace == ""}
    assert shared
    for address, text in shared.items():
        assert address.level == "elsewhere"
        assert not re.search(rb"hush|their|words|job-|c\d", text), text
