"""Clauses: a question of two parts in its parts.

>>> two_parts("How many jobs failed yesterday, and why?")
('How many jobs failed yesterday', 'why?')
"""

import re

_JOINT = re.compile(
    r"(?:[,;]? and (?:also |then )?|[?.!;] +(?:and |also |then )*)"
    r"(?=(?:when|why|what|how|which|where|who|is|are|did|does|do|was|were|has|have|show|list)\b)",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|they|them|that|this|those|these|its|their)\b", re.IGNORECASE)


def two_parts(question: str) -> tuple[str, str] | None:
    """The first part and the rest, where a question asks two things; None for one thing."""
    found = _JOINT.search(question)
    if found is None:
        return None
    first, second = question[: found.start()].strip(), question[found.end() :].strip()
    return (first, second) if len(first.split()) > 1 and second else None


def refers_back(clause: str) -> bool:
    """Whether a clause speaks of what was said before it."""
    return _IT.search(clause) is not None
