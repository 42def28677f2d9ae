"""Cursors: where a list goes on, as an opaque text that fits one list only."""

import base64
import hashlib
from typing import Any

import orjson

from orcaops.model.query import no_such_page


def digest_of(*parts: object) -> str:
    """A short text that stands for the list: its kind, its workspace and its filters."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()


def cursor_of(digest: str, *place: Any) -> str:
    """The cursor that goes on behind ``place`` (numbers and texts)."""
    return base64.urlsafe_b64encode(orjson.dumps([digest, *place])).rstrip(b"=").decode()


def place_of(cursor: str, digest: str, *types: type) -> list[Any]:
    """What :func:`cursor_of` was given; raises ``not_found`` for a cursor of any other list."""
    try:
        raw = cursor.encode("ascii")
        found = orjson.loads(base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4)))
        its_digest, *place = found
    except (ValueError, TypeError):
        raise no_such_page() from None
    fits = len(place) == len(types) and all(
        value is None or (isinstance(value, kind) and not _too_large(value))
        for value, kind in zip(place, types, strict=True)
    )
    if its_digest != digest or not fits:
        raise no_such_page()
    return list(place)


def _too_large(value: Any) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**63
