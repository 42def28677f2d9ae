"""Events: ``since the last deploy`` with the time at which that ran, where somebody can tell it."""

import re
from datetime import datetime

from orcaops.services.asking.understanding.names import Known, Named
from orcaops.services.asking.understanding.parsed import Parsed

_LAST_OF = re.compile(
    r"\b(since|after|before) (?:the |our |my |its )?(?:last|latest|most recent|previous)"
    r"( successful| passing| green| failed| failing| red)?(?: (⟨N\d+⟩))?"
    r"( success\w*| failure| job| run| build| deployment| deploy| release)?"
    r"(?: of (?:the )?(⟨N\d+⟩))?(?![\w⟨])"
)
_THE_ONE = re.compile(
    r"\b(since|after|before) (?:the |our |my |its )()(?:(⟨N\d+⟩)|(deployment|deploy|release))()"
    r"(?: job| run| build)?(?=$| and\b| (?:on|of|in|for) (?:the )?⟨N)"
)
_OUTCOMES = {"succ": "succeeded", "pass": "succeeded", "gree": "succeeded", "fail": "failed", "red": "failed"}


def with_moments_of_events(words: str, known: Known, parsed: Parsed) -> str:
    """The words with times for events; an event of which nobody can tell the time is noted and left out."""

    def moment(found: re.Match[str]) -> str:
        name = found[3] or found[5]
        what = (found[4] or "").strip()
        guessed = known.guess(what) if name is None and what in ("deployment", "deploy", "release") else None
        told = (found[2] or found[4] or "").strip()
        outcome = next((status for how, status in _OUTCOMES.items() if told.startswith(how)), "")
        if not (name or guessed or outcome):
            return found[0]
        one = parsed.named[int(name[2:-1])] if name else guessed
        if one is not None and one.field not in ("name", "key", "command"):
            return found[0]
        if name and words.count(name) == 1:
            parsed.anchors.append(parsed.named[int(name[2:-1])])
        search, at = _last_run(one, outcome, known)
        if at is None:
            parsed.notes.append(f"no run where {search} is known: the time is not regarded")
            parsed.doubt *= _UNTIMED
            return ""
        parsed.notes.append(f"the last run where {search} was at {at:%Y-%m-%d %H:%M} UTC")
        return f"{found[1]} {at:%Y-%m-%dt%H:%M:%Sz}"

    for expression in (_LAST_OF, _THE_ONE):
        words = expression.sub(moment, words)
    return " ".join(words.split())


_UNTIMED = 0.7  # of the confidence, where the time that is asked about is not known


def _last_run(one: Named | None, outcome: str, known: Known) -> tuple[str, datetime | None]:
    """The search for the run that is meant, and when that was."""
    said = (one.search if one else "", f"status:{outcome}" if outcome else "")
    search = " ".join(part for part in said if part)
    return search, known.last(search) if known.last is not None else None
