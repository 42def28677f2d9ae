"""Ids: what may be one, and how those are made that follow from content.

Ids become file names, container labels and path segments of URLs, so whatever could be read as
a path is refused at the door. Random ids are made at the rim (``app.py``), never here.
"""

import hashlib
import re
from typing import Annotated

from pydantic import StringConstraints

from orcaops.model.errors import invalid

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def is_id(text: str) -> bool:
    """Whether a text can be an id: 1–128 letters, digits, ``.``, ``_``, ``-``, and no ``..``."""
    return _ID.fullmatch(text) is not None and ".." not in text


def check_id(text: str, what: str = "id") -> str:
    """The text itself if it can be an id; else an ``invalid`` :class:`OrcaError`."""
    if not is_id(text):
        raise invalid(
            f"{text[:80]!r} cannot be a {what}",
            where=what,
            hint="An id has 1–128 letters, digits, '.', '_' or '-', starts with a letter or digit "
            "and has no '..'.",
        )
    return text


Id = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9](\.?[A-Za-z0-9_-])*\.?$")
]
"""A text that can safely be a file name, a label and a path segment."""


def ordered_id(milliseconds: int, entropy: bytes) -> str:
    """A 26-letter id that sorts by time: 48 bits of time, then 80 bits of ``entropy``."""
    number = (milliseconds << 80) | int.from_bytes(entropy[:10], "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def content_id(*parts: str) -> str:
    """A 20-letter id that depends on nothing but the parts, in their order."""
    digest = hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=13)
    number = int.from_bytes(digest.digest(), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(95, -1, -5))
