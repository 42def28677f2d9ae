"""Clauses: a question of two parts in its parts, and what a question asks for that is no answer.

>>> two_parts("How many jobs failed yesterday, and why?")
('How many jobs failed yesterday', 'why?')
>>> asks_to_act("please restart nightly-etl")
'restart'
"""

import re

_JOINT = re.compile(
    r"(?:[,;]? and (?:also |then )?|[?.!;] +(?:and |also |then )*)"
    r"(?=(?:when|why|what|how|which|where|who|is|are|did|does|do|was|were|has|have|show|list)\b)",
    re.IGNORECASE,
)
_ACTS = re.compile(
    r"(?:(?:please|can you|could you|would you|you must|now|just) +)*"
    r"(delete|remove|erase|restart|re-?run|retry|cancel|stop|kill|terminate|start|launch|trigger|purge|disable"
    r"|enable|reset|approve|reboot)\b(?! (?:rate|count|time))",
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


def asks_to_act(question: str) -> str | None:
    """The verb, where something shall be done instead of told; None for a question."""
    found = _ACTS.match(question.strip())
    return found[1].lower() if found else None
