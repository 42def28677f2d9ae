"""Messages: what a log said, where it stands in a question without quotes.

>>> with_quotes("what fixed this before: connection reset by peer")
'what fixed this before "connection reset by peer" '
"""

import re

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


def with_quotes(question: str) -> str:
    """The question with quotes around what is a message of a log and not a part of the question."""
    if re.search(r"[\"“`«]|(?<!\w)'", question):
        return question
    for expression in _UNQUOTED:
        found = expression.match(question.strip())
        if found and not re.fullmatch(r"(?:it|this|that|these|such|them)\b.*", found[2].strip(), re.I):
            rest = found[3] if found.re.groups > 2 else ""
            return f'{found[1].rstrip(": ")} "{found[2].strip(" ?.")}" {rest}'
    return question
