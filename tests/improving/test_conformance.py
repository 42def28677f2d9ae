"""Every shipped advisor passes the checks of all advisors."""

from typing import Any

import pytest

from orcaops import plugins
from orcaops.testing.advisors import CHECKS

ADVISORS = plugins.find("advisor")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("advisor", ADVISORS, ids=lambda advisor: advisor.name)
def test_an_advisor_is_what_it_should_be(advisor: Any, check: Any) -> None:
    check(advisor)


def test_they_are_named_after_their_files() -> None:
    assert [type(each).__module__.rpartition(".")[2] for each in ADVISORS] == [each.name for each in ADVISORS]
