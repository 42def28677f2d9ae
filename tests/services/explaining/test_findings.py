"""Findings say by themselves what is not known."""

from dataclasses import FrozenInstanceError

import pytest

from orcaops.model.solution import Effect

from .conftest import findings, run_of


def test_what_nobody_looked_for_is_empty_and_a_retry_worth_nothing_known() -> None:
    found = findings(run_of())
    assert (found.past, found.learned, found.anomalies, found.flaky, found.compared) == ((), (), (), (), ())
    assert (found.solutions, found.passing_hits) == ({}, {})
    assert found.retry == Effect()
    assert (found.nothing_new, found.log_gone, found.last_success) == (False, False, None)


def test_they_are_not_changed_and_not_shared() -> None:
    one, other = findings(run_of()), findings(run_of())
    assert one.solutions is not other.solutions
    with pytest.raises(FrozenInstanceError):
        one.nothing_new = True  # type: ignore[misc]
