"""Abstention: the legal answer of anyone who knows too little."""

from pydantic import NonNegativeInt

from orcaops.model.word import Word


class Abstention(Word):
    """No opinion, and why: ``have`` observations where ``need`` would do."""

    reason: str
    have: NonNegativeInt = 0
    need: NonNegativeInt = 0
