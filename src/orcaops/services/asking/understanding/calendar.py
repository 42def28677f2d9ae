"""Calendar: units, days and months in words, and arithmetic with them in a time zone."""

import calendar
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = {
    name: number
    for number, names in enumerate(
        (
            ("mondays", "monday", "mon"),
            ("tuesdays", "tuesday", "tues", "tue"),
            ("wednesdays", "wednesday", "wed"),
            ("thursdays", "thursday", "thurs", "thur", "thu"),
            ("fridays", "friday", "fri"),
            ("saturdays", "saturday", "sat"),
            ("sundays", "sunday", "sun"),
        )
    )
    for name in names
}
"""Days of the week with their number, Monday being 0."""

MONTHS = {
    name.lower(): number
    for number in range(1, 13)
    for name in (calendar.month_name[number], calendar.month_abbr[number])
} | {"sept": 9}
"""Months with their number."""

UNITS = (
    r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|wks?|w|fortnights?|months?|quarters?"
    r"|years?|yrs?)"
)
"""A unit of time, as an expression."""

_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_COUNTS = {word: number for number, word in enumerate(_WORDS)}
_COUNTS |= {"a": 1, "an": 1, "couple": 2, "few": 3, "several": 5, "thirty": 30, "half": 1, "dozen": 12}
NUMBER = rf"(?:\d{{1,4}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"
"""A whole number in digits or words, as an expression."""

_UNITS = {
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "f": "fortnight",
    "q": "quarter",
    "y": "year",
}
_FIXED = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "fortnight": timedelta(days=14),
}
_MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}


def count_of(text: str) -> int:
    """A number in digits or words.

    >>> count_of("a couple of"), count_of("30"), count_of("three")
    (2, 30, 3)
    """
    words = text.split()
    if text.isdigit():
        return int(text)
    return next((_COUNTS[word] for word in reversed(words) if word in _COUNTS and len(word) > 2), 1)


def unit_of(text: str) -> str:
    """The unit that a word names: ``hrs`` is ``hour``."""
    return "month" if text.startswith("mo") else _UNITS[text[0]]


def add_units(moment: datetime, unit: str, count: int) -> datetime:
    """The moment so many units later; a month later is the same day, or the month's last.

    Raises ``ValueError`` or ``OverflowError`` where no calendar reaches.
    """
    unit = unit_of(unit)
    if unit in _FIXED:
        return moment + count * _FIXED[unit]
    months = moment.year * 12 + moment.month - 1 + count * _MONTHS_OF[unit]
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def begin_of(unit: str, moment: datetime) -> datetime:
    """The beginning of the hour, day, week (Monday), month, quarter or year of a moment."""
    unit = unit_of(unit)
    if unit in ("second", "minute"):
        return moment.replace(second=0, microsecond=0)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    if unit == "hour":
        return hour
    day = hour.replace(hour=0)
    if unit in ("week", "fortnight"):
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
    return day.replace(day=1, month=1) if unit == "year" else day


def day_of(name: str, now: datetime) -> datetime:
    """The latest day of that name, today at the latest."""
    today = begin_of("day", now)
    return today - timedelta(days=(today.weekday() - DAYS[name]) % 7)


def month_span(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The beginning and the end of a month. Raises ``ValueError`` for a month 13."""
    start = datetime(year, month, 1, tzinfo=zone)
    return start, add_units(start, "month", 1)
