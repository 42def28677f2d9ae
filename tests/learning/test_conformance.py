"""Every shipped learner passes every check, found as the application finds it."""

from collections.abc import Callable
from typing import Any

import pytest

from orcaops import plugins
from orcaops.learning.baselines import learner as baseline
from orcaops.testing.learners import CHECKS

LEARNERS = [baseline, *plugins.find("detector"), *plugins.find("predictor")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_learner(learner: Any, check: Callable[[Any], None]) -> None:
    check(learner)


def test_names_are_unique() -> None:
    names = [learner.name for learner in LEARNERS]
    assert len(set(names)) == len(names)
