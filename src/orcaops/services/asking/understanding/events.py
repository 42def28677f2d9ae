"""Events: ``since the last deploy`` with the time at which that ran, where somebody can tell it."""

import re

from orcaops.services.asking.understanding.names import Known
from orcaops.services.asking.understanding.parsed import Parsed

_LAST_OF = re.compile(
    r"\b(since|after|before) (?:the |our |its )?(?:last|latest|most recent|previous)"
    r"( successful| passing| green| failed| failing| red)?(?: (⟨N\d+⟩))?"
    r"( success\w*| failure| job| run| build| deployment| deploy| release)?"
    r"(?: of (?:the )?(⟨N\d+⟩))?(?![\w⟨])"
)
_OUTCOMES = {"succ": "succeeded", "pass": "succeeded", "gree": "succeeded", "fail": "failed", "red": "failed"}


def with_moments_of_events(words: str, known: Known, parsed: Parsed) -> str:
    """``since the last deploy`` with the time at which that ran, where somebody can tell it."""

    def moment(found: re.Match[str]) -> str:
        name = found[3] or found[5]
        what = (found[4] or "").strip()
        guessed = known.guess(what) if name is None and what in ("deployment", "deploy", "release") else None
        told = (found[2] or found[4] or "").strip()
        outcome = next((status for how, status in _OUTCOMES.items() if told.startswith(how)), "")
        if known.last is None or not (name or guessed or outcome):
            return found[0]
        one = parsed.named[int(name[2:-1])] if name else guessed
        if one is not None and one.field not in ("name", "key", "command"):
            return found[0]
        said = (one.search if one else "", f"status:{outcome}" if outcome else "")
        search = " ".join(part for part in said if part)
        at = known.last(search)
        if at is None:
            return found[0]
        if name and words.count(name) == 1:
            parsed.anchors.append(parsed.named[int(name[2:-1])])
        parsed.notes.append(f"the last run where {search} was at {at:%Y-%m-%d %H:%M} UTC")
        return f"{found[1]} {at:%Y-%m-%dt%H:%M:%Sz}"

    return _LAST_OF.sub(moment, words)
