"""Check: one thing that ``doctor`` looked at."""

from typing import Literal

from orcaops.model.word import Word


class Check(Word):
    """One thing that ``doctor`` looked at, and what to do about it."""

    name: str
    state: Literal["ok", "warning", "failed"]
    sentence: str
    hint: str = ""
