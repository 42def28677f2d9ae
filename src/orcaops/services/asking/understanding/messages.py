"""Messages: what a log said, where it stands in a question without quotes.

>>> with_quotes("what fixed this before: connection reset by peer")
'what fixed this before "connection reset by peer" '
>>> with_quotes("jobs with ModuleNotFoundError")
'jobs with "ModuleNotFoundError"'
>>> told_with("which jobs failed with permission denied ⟨t⟩")
'permission denied'
"""

import re

from orcaops.services.asking.understanding.lexicon import meanings

_UNQUOTED = (
    re.compile(
        r"^(.*\b(?:fix|solv|seen|before|error|help|similar|mention|contain)\w*\b[^:]*): (.{4,})$", re.I | re.S
    ),
    re.compile(r"^(.*\bseen (?:the |an? )?(?:error |message )?)(.{4,}?)( before\W*)$", re.I | re.S),
    re.compile(
        r"^((?!.*\b(?:can|could|would|will|please) (?:you )?say)"
        r".*\b(?:mention|contain|say)(?:s|ing|ed)? )(?!in\b|went\b|about\b)([^⟨]{3,60})$",
        re.I | re.S,
    ),
    re.compile(
        r"^(.*\b(?:grep|search|look)(?:ed|ing)?\b.*\b(?:logs?|outputs?) for )([^⟨]{3,60})$", re.I | re.S
    ),
    re.compile(
        r"^(\W*(?:find|search|look|grep|show)(?: me)?(?: for)? )([^⟨]{3,60}?)"
        r"( in (?:the |all |our |any )?(?:logs?|outputs?)\b.*)$",
        re.I | re.S,
    ),
    re.compile(r"^(\W*grep(?: for)? )(?!.*\blogs?\b)([^⟨]{3,60})$", re.I | re.S),
)
"""Where a message of a log stands without quotes."""


_ERROR = (
    r"(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Fault|Warning|Interrupt)|\w*[A-Za-z]{2}(?i:error|exception)"
    r"|(?:[A-Z][a-z]+)+(?:BackOff|NotFound|Refused|Denied|Unavailable|Timeout|Unauthorized|Mismatch)"
    r"|E[A-Z]{4,}\d*|(?i:econn\w+|etimedout|enoent|eacces|eaddrinuse)|ERR_[A-Z_]+)"
)
"""The name of an error, as programs write it: ``KeyError``, ``java.io.IOException``, ``ECONNRESET``."""

_NAMED_ERROR = re.compile(rf"(?<![\w./-]){_ERROR}(?![\w/-]|\.\w)")
_ERROR_AND_TEXT = re.compile(rf"(?<![\w./-])({_ERROR}: .{{3,}}?)(?: before)?\W*$", re.S)
_ENDS = r"(?= ?⟨|$| (?:in|on|for|since|of|during|at|over|within) ⟨| (?:and|but|or) ⟨)"
_WITH = r"(?: out)? with(?: an?| the| some| this)?(?: errors?| messages?| exceptions?)?(?: like| saying| of)?"
_FAILED_WITH = re.compile(
    r"\b(?:fail\w*|crash\w*|die[sd]?|dying|brok?e?\w*|break\w*|errors?|errored|exited|failures?|exceptions?)"
    rf"{_WITH} ([^⟨]+?){_ENDS}"
)
_RAN_WITH = re.compile(
    r"\b(?:jobs?|runs?|builds?|logs?|anything|something|everything)"
    rf"(?:{_WITH}| that (?:had|have|hit|got|hits)(?: an?| the)?| (?:hit|hitting|having)(?: an?| the)?) "
    rf"([^⟨]+?){_ENDS}"
)
_LIKE_AN_ERROR = re.compile(
    r"\b(?:errors?|exceptions?|refused|reset|denied|missing|not found|cannot|could not|unable|fault|invalid"
    r"|undefined|unexpected|no such|failed to|timed out|unreachable|forbidden|unauthorized|corrupt\w*|leaks?"
    r"|conflicts?|deadlocks?|panic|overflow|expired|mismatch\w*|warnings?|stack ?trace|traceback)\b"
)


def told_with(words: str) -> str | None:
    """The message that runs failed with, where names and times are marks already; None for another with.

    At least one of its words means nothing to the rules, or it would be a part of the question.
    """
    for expression in (_FAILED_WITH, _RAN_WITH):
        found = expression.search(words)
        if found is None:
            continue
        said = re.sub(r" (?:errors?|exceptions?|messages?)$", "", found[1].strip(" ,.'"))
        nameless = [word for word in said.split() if word not in meanings() and not word.isdigit()]
        alike = expression is _FAILED_WITH or _LIKE_AN_ERROR.search(found[1])
        if nameless and alike and len(said.split()) <= _MOST_WORDS:
            return said
    return None


_MOST_WORDS = 10


_QUOTE = r"[\"“`«]|(?<!\w)'"


def with_quotes(question: str) -> str:
    """The question with quotes around what is a message of a log and not a part of the question."""
    said = _ERROR_AND_TEXT.search(question)
    if said and not re.search(_QUOTE, question[: said.start(1)]) and "”" not in said[1]:
        return f"{question[: said.start(1)]}“{said[1]}”{question[said.end(1) :]}"
    if re.search(_QUOTE, question):
        return question
    for expression in _UNQUOTED:
        found = expression.match(question.strip())
        if found and not re.fullmatch(r"(?:it|this|that|these|such|them)\b.*", found[2].strip(), re.I):
            rest = found[3] if found.re.groups > 2 else ""
            return f'{found[1].rstrip(": ")} "{found[2].strip(" ?.")}" {rest}'
    return _NAMED_ERROR.sub(r'"\g<0>"', question)
