"""Tokens: the shared secret that whoever asks a server must show.

>>> token = Token.of("s3cret-and-long")
>>> token.admits("s3cret-and-long"), token.admits("guess"), token.admits(None)
(True, False, False)
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from orcaops.model.errors import invalid

_SENDABLE = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)  # what RFC 6750 lets a bearer token be
_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as a server keeps it: its digest under a salt of this process, never the token itself."""

    _salt: bytes = field(repr=False)
    _digest: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Self:
        """Keep a token. Raises ``invalid`` for what no client could send."""
        if not _SENDABLE.fullmatch(text):
            raise invalid(
                "this cannot be a token",
                where="token",
                hint="A token has letters, digits and - . _ ~ + / only, and may end with =. "
                "`openssl rand -hex 32` makes a good one.",
            )
        salt = secrets.token_bytes(16)
        return cls(salt, _digest_of(salt, text))

    def admits(self, shown: str | None) -> bool:
        """Whether the token shown is this one, in a time that does not depend on where they differ."""
        return hmac.compare_digest(self._digest, _digest_of(self._salt, shown or "")) and shown is not None


def bearer_token(authorization: str | None) -> str | None:
    """The token in an ``Authorization: Bearer …`` header; None if there is none.

    >>> bearer_token("Bearer abc"), bearer_token("Basic abc"), bearer_token(None)
    ('abc', None, None)
    """
    match = _BEARER.fullmatch(authorization or "")
    return match[1] if match else None


def _digest_of(salt: bytes, text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=salt).digest()
