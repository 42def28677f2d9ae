import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.fingerprint import MOST_LINES, Fingerprint, fingerprint
from orcaops.learning.failures.masking import line_hash, mask


@given(st.lists(st.text(max_size=40), max_size=30))
def test_storing_loses_nothing(lines: list[str]) -> None:
    made = fingerprint(lines)
    assert Fingerprint.from_bytes(made.to_bytes()) == made


def test_what_was_printed_is_not_new_and_unknown_words_are_newer_than_known_ones() -> None:
    made = fingerprint(["compiling 12 files", "all tests passed in 3 s"])

    def novelty(line: str) -> float:
        return made.novelty(mask(line), line_hash(mask(line)))

    assert novelty("compiling 77 files") == 0
    assert novelty("compiling tests files") < 0.9
    assert novelty("segmentation fault somewhere") == pytest.approx(1)


def test_it_is_bounded() -> None:
    made = fingerprint(f"{'abcdefghij'[number % 10]} " + "x" * (number // 10) for number in range(3000))
    assert len(made.lines) <= MOST_LINES
    assert fingerprint([]) == Fingerprint()
