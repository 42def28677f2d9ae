"""Cursors are opaque, and fit one list only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.recording.sql.cursors import cursor_of, digest_of, place_of


@given(st.integers(-(2**63), 2**63 - 1), st.text(), st.none() | st.integers(0, 10_000))
def test_a_place_is_found_again(number: int, text: str, total: int | None) -> None:
    digest = digest_of("list", text)
    assert place_of(cursor_of(digest, number, text, total), digest, int, str, int) == [number, text, total]


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(OrcaError) as caught:
        place_of(cursor, digest_of("list"), int)
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert caught.value.hint


def test_a_cursor_of_another_list_is_refused() -> None:
    digest = digest_of("list", "a")
    for cursor, kinds in (
        (cursor_of(digest_of("list", "b"), 1), (int,)),
        (cursor_of(digest, 1, 2), (int,)),
        (cursor_of(digest, "1"), (int,)),
        (cursor_of(digest, 2**63), (int,)),
    ):
        with pytest.raises(OrcaError):
            place_of(cursor, digest, *kinds)
