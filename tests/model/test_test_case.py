"""Ids of tests: alike in every run, bounded, on one line."""

from hypothesis import example, given
from hypothesis import strategies as st

from orcaops.model.test_case import LONGEST_ID, TestTotals, case_id, key_of_case, tidy_message


@example(suite=None, name="a\x85b")
@given(suite=st.none() | st.text(max_size=300), name=st.text(max_size=300))
def test_an_id_is_bounded_on_one_line_and_the_same_each_time(suite: str | None, name: str) -> None:
    found = case_id(suite, name)
    assert found == case_id(suite, name)
    assert 0 < len(found) <= LONGEST_ID + 17
    assert len(found.splitlines()) == 1
    found.encode()


def test_what_differs_from_run_to_run_is_masked_and_parameters_are_kept() -> None:
    one = case_id("m.T", "test_x[3-<Thing object at 0x7f3a10c0>-/tmp/a81/x]")
    other = case_id("m.T", "test_x[3-<Thing object at 0x55d1ffee>-/tmp/b99/y]")
    assert one == other == "m.T::test_x[3-<Thing object at <hex>>-<tmp>"
    assert case_id("m", "test_x[3]") != case_id("m", "test_x[4]")


def test_long_ids_that_differ_at_their_end_stay_different() -> None:
    assert case_id("m", "x" * 500 + "a") != case_id("m", "x" * 500 + "b")


def test_the_key_of_a_test_names_its_job() -> None:
    assert key_of_case("name:nightly", "m::test_x") == "name:nightly|test:m::test_x"


def test_messages_are_bounded() -> None:
    assert tidy_message(" \n ") is None
    assert tidy_message("a\x00b\n\n  c  ") == "a b\n  c"
    assert len(tidy_message("x" * 10_000) or "") == 500


def test_totals_in_words() -> None:
    assert TestTotals(total=3, passed=3).sentence() == "3 tests passed"
    assert TestTotals(total=3, passed=1, failed=2).sentence() == "2 of 3 tests failed"
