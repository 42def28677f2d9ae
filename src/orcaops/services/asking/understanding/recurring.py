"""Recurring times: ``at night``, ``on weekends``, ``on mondays``, ``during working hours``.

A search knows no hours that come again, so what is asked about them is told by hour of day or by weekday.

>>> recurring("how often does etl fail at night")
(Recurring(by='hour-of-day', said='at night'), 'how often does etl fail ⟨r⟩')
>>> recurring("what failed on monday")
(None, 'what failed on monday')
"""

import re
from dataclasses import dataclass

from orcaops.services.asking.understanding.calendar import DAYS


@dataclass(frozen=True, slots=True)
class Recurring:
    """A time that comes again: the span it is told by, and how it was said."""

    by: str
    said: str


_DAYS = "|".join(day for day in DAYS if day.endswith("days"))
_ONE_DAY = "|".join(day for day in DAYS if day.endswith("day"))
_EVERY = r"(?:every|each|any|all)(?: of the)?"
_HOURS = (
    r"(?:at night(?:s|time)?|by night|(?:during|in) (?:the )?(?:night-?time|day-?time|nights)"
    r"|during (?:the )?(?:night|day)(?! of)"
    r"|(?:during |in |outside |outside of |within |after |before )?(?:the |our |normal |regular )?"
    r"(?:working|work|business|office|peak|core|off-peak|busy) (?:hours|times)"
    rf"|(?:in |during )?(?:the )?(?:mornings|afternoons|evenings)|{_EVERY} (?:morning|afternoon|evening"
    r"|night)|after hours|off-?hours)"
)
_WEEKDAYS = (
    r"(?:(?:(?:on|at|over|during|outside) )?(?:the )?weekends"
    r"|(?:on|during|at) (?:the )?(?:weekdays|work ?days|working days)"
    rf"|(?:(?:on|at) )?(?:{_EVERY} )?(?:{_DAYS})|{_EVERY} (?:{_ONE_DAY}|weekend))"
)
_RECURRING = tuple(
    (by, re.compile(rf"\b(?:{said})(?![\w⟨/-])"))
    for by, said in (("hour-of-day", _HOURS), ("weekday", _WEEKDAYS))
)
_OF_ONE_DAY = re.compile(rf"(?:yesterday|today|tomorrow|{_ONE_DAY})(?: late)? $")


def recurring(text: str) -> tuple[Recurring | None, str]:
    """The time that comes again and the text with ``⟨r⟩`` in its place; None where there is none."""
    for by, expression in _RECURRING:
        found = expression.search(text)
        if found is None or _OF_ONE_DAY.search(text[: found.start()]):
            continue
        rest = f"{text[: found.start()]} ⟨r⟩ {text[found.end() :]}"
        return Recurring(by, found[0]), " ".join(rest.split())
    return None, text
