"""Which failures read alike."""

from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.similarity import ALIKE, similarities

OTHERS = (
    "Error: connection to database orders refused by host",
    "Error: connection to database invoices refused by host",
    "AssertionError: expected 3 but got 4",
)


def test_the_same_words_are_alike_and_others_are_not() -> None:
    same, near, far = similarities("Error: connection to database orders refused by host", OTHERS)
    assert same > 0.99
    assert near >= ALIKE
    assert far < ALIKE


def test_numbers_and_paths_make_no_difference() -> None:
    (score,) = similarities("lost lease 12 of /tmp/a/b.db", ["lost lease 99 of /var/c/b.db"])
    assert score > 0.99


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=5))
def test_a_similarity_is_a_share(text: str, others: list[str]) -> None:
    found = similarities(text, others)
    assert len(found) == len(others)
    assert all(0 <= one <= 1 for one in found)
