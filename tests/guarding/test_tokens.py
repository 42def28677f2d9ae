"""A token is kept as a digest and admits nothing but itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.guarding.tokens import Token, bearer_token
from orcaops.model.errors import ErrorCode, OrcaError


def test_a_token_admits_itself_only() -> None:
    token = Token.of("abc.DEF-123")
    assert token.admits("abc.DEF-123")
    assert not token.admits("abc.DEF-124")
    assert not token.admits("")
    assert not token.admits(None)


@given(st.text())
def test_whatever_is_shown_is_only_compared(shown: str) -> None:
    assert Token.of("the-token").admits(shown) == (shown == "the-token")


def test_a_token_is_not_readable_from_what_is_kept() -> None:
    assert "the-token" not in repr(Token.of("the-token"))
    assert Token.of("the-token") != Token.of("the-token")  # salted


@pytest.mark.parametrize("text", ["", " ", "a b", "a\n", "ключ", "a\x00", "=a"])
def test_what_no_client_can_send_is_refused(text: str) -> None:
    with pytest.raises(OrcaError) as refused:
        Token.of(text)
    assert refused.value.code is ErrorCode.INVALID
    assert text.strip() == "" or text not in str(refused.value)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Bearer a b", None),
        ("Basic abc", None),
        ("", None),
        (None, None),
    ],
)
def test_the_bearer_scheme(header: str | None, token: str | None) -> None:
    assert bearer_token(header) == token
