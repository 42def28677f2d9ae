"""Moments: one time that a text names, as a beginning and an end: ``last tuesday``, ``12 nov``, ``3 pm``.

Days, weeks and months are those of a time zone, weeks begin on Monday, and what is not said lies in the past.

>>> from datetime import UTC, datetime
>>> moments = Moments(datetime(2026, 11, 18, 15, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
>>> moments.at("since 12 nov", 6).start.isoformat()
'2026-11-12T00:00:00+01:00'
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from orcaops.services.asking.understanding.calendar import (
    DAYS,
    MONTHS,
    NUMBER,
    UNITS,
    add_units,
    begin_of,
    count_of,
    day_of,
    month_span,
    unit_of,
)

_MONTH = "|".join(MONTHS)
_DAY = "|".join(DAYS)
CLOCK = (
    r"(?:\d{1,2}(?::\d{2}|h\d{2})(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?"
    r"|noon|midday|midnight|lunch(?:time)?)"
)
"""A time of a clock, as an expression."""

_PARTS = {
    "morning": (6, 12),
    "afternoon": (12, 18),
    "evening": (18, 24),
    "night": (18, 30),
}
_NTH = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_ALSO_WORDS = frozenset({"may", "mar", "march", "sep", "jun", "dec"})
_BEFORE_MONTH = re.compile(
    r"(?:in|since|of|from|until|before|after|last|and|to|than|vs|versus|for|during) (?:the )?$"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that was named; ``end`` is None where it is open."""

    start: datetime
    end: datetime | None
    to: int  # where it ends in the text


class Moments:
    """Reads times in texts of lower case, seen from one moment in one time zone."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self._now = now.astimezone(zone).replace(second=0, microsecond=0)
        self._zone = zone

    def at(self, text: str, at: int, *, rolling: bool = False) -> Moment | None:
        """The time that a text names at a place; ``rolling`` takes the last week for seven days."""
        day: Moment | None = None
        for read in (
            self._iso,
            self._part_of_month,
            self._relative,
            self._named_day,
            self._date,
            self._clock,
        ):
            day = read(text, at, rolling)
            if day is not None:
                break
        if day is None:
            return None
        one_day = day.end is not None and day.end - day.start in (timedelta(days=1), timedelta(hours=1))
        if not one_day:
            return day
        clock = re.compile(rf",? (?:at |@ ?)?({CLOCK})").match(text, day.to)
        if clock and day.end is not None and day.end - day.start == timedelta(days=1):
            moment = datetime.combine(day.start.date(), _clock_of(clock[1]), self._zone)
            return Moment(moment, moment + timedelta(hours=1), clock.end())
        if day.end is not None and day.end - day.start == timedelta(hours=1):
            behind = re.compile(r" (?:on )?(?:the )?").match(text, day.to)
            other = None
            if behind and re.fullmatch(CLOCK, text[at : day.to]):
                other = self._named_day(text, behind.end(), False) or self._date(text, behind.end(), False)
            if other is not None and other.end == other.start + timedelta(days=1):
                moment = datetime.combine(
                    other.start.date(), day.start.timetz().replace(tzinfo=None), self._zone
                )
                return Moment(moment, moment + timedelta(hours=1), other.to)
        part = re.compile(rf"(?: in the|'s)? ({'|'.join(_PARTS)})\b").match(text, day.to)
        if part and day.end is not None and day.end - day.start == timedelta(days=1):
            return self._part(day.start, part[1], part.end())
        return day

    def day_behind(self, text: str, at: int) -> Moment | None:
        """The whole day that a text names at a place, behind a space."""
        joint = re.compile(r" (?:on )?").match(text, at)
        found = self.at(text, joint.end()) if joint else None
        whole = found is not None and found.end == found.start + timedelta(days=1)
        return found if whole else None

    def _iso(self, text: str, at: int, _rolling: bool) -> Moment | None:
        pattern = (
            r"(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
        )
        found = re.compile(pattern).match(text, at)
        if found is None:
            if (found := re.compile(r"(\d{4})-(\d{2})(?![\w-])").match(text, at)) is None:
                return None
            return Moment(*month_span(int(found[1]), int(found[2]), self._zone), found.end())
        if found[2] is None:
            start = datetime.fromisoformat(found[1]).replace(tzinfo=self._zone)
            return Moment(start, start + timedelta(days=1), found.end())
        start = datetime.fromisoformat(f"{found[1]}T{found[2]}{(found[3] or '').upper()}")
        start = start if start.tzinfo else start.replace(tzinfo=self._zone)
        return Moment(start, start + timedelta(minutes=1), found.end())

    def _relative(self, text: str, at: int, rolling: bool) -> Moment | None:
        now = self._now
        pattern = (
            rf"(the )?(last|past|previous|prior|recent) ({NUMBER}|few|couple(?: of)?|several)? ?({UNITS})\b"
        )
        if found := re.compile(r"(?:the )?(week|month|quarter|year) before last\b").match(text, at):
            end = add_units(begin_of(found[1], now), found[1], -1)
            return Moment(add_units(end, found[1], -1), end, found.end())
        if found := re.compile(pattern).match(text, at):
            unit = unit_of(found[4])
            calendar = not found[3] and unit in ("week", "month", "quarter", "year")
            sliding = (rolling or found[1] is not None) and found[2] in ("last", "recent")
            if calendar and not sliding and found[2] != "past":
                end = begin_of(unit, now)
                return Moment(add_units(end, unit, -1), end, found.end())
            return Moment(add_units(now, unit, -count_of(found[3] or "1")), None, found.end())
        if found := re.compile(
            rf"({NUMBER}|few|couple(?: of)?|a few|a couple(?: of)?) ({UNITS}) (?:ago|back|earlier)\b"
        ).match(text, at):
            unit = unit_of(found[2])
            moment = add_units(now, unit, -count_of(found[1]))
            if unit in ("second", "minute", "hour"):
                return Moment(moment, None, found.end())
            start = begin_of("day", moment)
            return Moment(start, start + timedelta(days=1), found.end())
        if found := re.compile(r"(?:this|current|the current) (hour|day|week|month|quarter|year)\b").match(
            text, at
        ):
            return Moment(begin_of(found[1], now), None, found.end())
        if found := re.compile(r"(\d{1,3}) ?(h|d|w)\b(?! ago)").match(text, at):
            return Moment(add_units(now, found[2], -int(found[1])), None, found.end())
        if found := re.compile(r"(\d{1,3}) ?(min|h|d|w)\b(?= ago)").match(text, at):
            return Moment(add_units(now, found[2], -int(found[1])), None, found.end() + len(" ago"))
        return None

    def _part_of_month(self, text: str, at: int, _rolling: bool) -> Moment | None:
        """``start of the month``, ``first week of november``, ``second half of october``."""
        if begun := re.compile(r"(?:start|beginning) of (?:the|this) (day|week|month|quarter|year)\b").match(
            text, at
        ):
            return Moment(begin_of(begun[1], self._now), None, begun.end())
        found = re.compile(
            rf"({'|'.join(_NTH)}|last) (week|half) (?:of|in) (?:(this|last) month|({_MONTH}))\b"
        ).match(text, at)
        if found is None:
            return None
        if found[3]:
            first = begin_of("month", self._now)
            first = add_units(first, "month", -1) if found[3] == "last" else first
        else:
            month = MONTHS[found[4]]
            first = datetime(self._now.year - (month > self._now.month), month, 1, tzinfo=self._zone)
        end, one = add_units(first, "month", 1), timedelta(days=1)
        if found[2] == "half":
            middle = first + 15 * one
            return Moment(*((first, middle) if found[1] == "first" else (middle, end)), found.end())
        if found[1] == "last":
            return Moment(end - 7 * one, end, found.end())
        start = first + 7 * (_NTH[found[1]] - 1) * one
        return Moment(start, min(start + 7 * one, end), found.end())

    def _named_day(self, text: str, at: int, _rolling: bool) -> Moment | None:
        now, one = self._now, timedelta(days=1)
        today = begin_of("day", now)
        for words, day in (
            (r"(?:today|this day)\b", today),
            (r"(?:the )?day before yesterday\b", today - 2 * one),
            (r"yesterday\b", today - one),
        ):
            if found := re.compile(words).match(text, at):
                return self._with_part(text, day, found.end())
        if found := re.compile(r"(?:last night|overnight|tonight|this (morning|afternoon|evening))\b").match(
            text, at
        ):
            night = today if found[0] == "tonight" else today - one
            return self._part(today if found[1] else night, found[1] or "night", found.end())
        if found := re.compile(r"(?:(?:last|past|this|previous) )?weekend\b").match(text, at):
            saturday = today - ((today.weekday() - 5) % 7) * one
            if found[0].startswith("last") and saturday + 2 * one > today:
                saturday -= 7 * one
            return Moment(saturday, saturday + 2 * one, found.end())
        if found := re.compile(
            rf"(?:(last|past|this|previous) )?({_DAY})\b(?: (?:of )?(last|this) week)?"
        ).match(text, at):
            day = day_of(found[2], now)
            if day == today and found[1] != "this":
                day -= 7 * one  # who means today says so
            if found[3] == "last":
                day = begin_of("week", now) - 7 * one + DAYS[found[2]] * one
            return self._with_part(text, day, found.end())
        return None

    def _with_part(self, text: str, day: datetime, to: int) -> Moment:
        part = re.compile(rf" ({'|'.join(_PARTS)})\b").match(text, to)
        if part:
            return self._part(day, part[1], part.end())
        return Moment(day, day + timedelta(days=1), to)

    def _part(self, day: datetime, part: str, to: int) -> Moment:
        first, last = _PARTS[part]
        return Moment(day + timedelta(hours=first), day + timedelta(hours=last), to)

    def _date(self, text: str, at: int, _rolling: bool) -> Moment | None:
        year = r"(?:,? (?:of )?((?:19|20)\d{2})\b)?"
        nth = r"(\d{1,2})(?:st|nd|rd|th|\.)?"
        one = timedelta(days=1)
        if found := re.compile(rf"{nth} (?:of )?({_MONTH})\b\.?{year}").match(text, at):
            start = self._dated(int(found[1]), MONTHS[found[2]], found[3])
        elif found := re.compile(rf"({_MONTH})\.? {nth}(?!\d|:| ?[ap]m){year}").match(text, at):
            start = self._dated(int(found[2]), MONTHS[found[1]], found[3])
        elif found := re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?(?!\w)").match(text, at):
            start = self._dated(int(found[1]), int(found[2]), found[3])
        elif found := re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?![\w/])").match(text, at):
            first, second = int(found[1]), int(found[2])
            day, month = (first, second) if first > 12 else (second, first)  # 11/12 as in the United States
            written = found[3] and (found[3] if len(found[3]) == 4 else f"20{found[3]}")
            start = self._dated(day, month, written)
        elif found := re.compile(rf"({_MONTH})\b\.?{year}").match(text, at):
            if found[1] in _ALSO_WORDS and not found[2] and not _BEFORE_MONTH.search(text[:at]):
                return None
            month = MONTHS[found[1]]
            past = self._now.year - (month > self._now.month)
            return Moment(*month_span(int(found[2] or past), month, self._zone), found.end())
        elif found := re.compile(r"(\d{1,2})(?:st|nd|rd|th)\b(?! (?:percentile|run|job|time|attempt))").match(
            text, at
        ):
            start = begin_of("month", self._now).replace(day=int(found[1]))
            if start > self._now:
                start = add_units(begin_of("month", self._now), "month", -1).replace(day=int(found[1]))
        elif found := re.compile(r"q([1-4])(?: ((?:19|20)\d{2}))?\b").match(text, at):
            start = datetime(int(found[2] or self._now.year), 3 * int(found[1]) - 2, 1, tzinfo=self._zone)
            return Moment(start, add_units(start, "quarter", 1), found.end())
        elif (found := re.compile(r"((?:19|20)\d{2})\b(?![-:./])").match(text, at)) and re.search(
            r"(?:in|since|of|before|after|during|year) $", text[:at]
        ):
            start = datetime(int(found[1]), 1, 1, tzinfo=self._zone)
            return Moment(start, add_units(start, "year", 1), found.end())
        else:
            return None
        return Moment(start, start + one, found.end())

    def _dated(self, day: int, month: int, year: str | None) -> datetime:
        start = datetime(int(year) if year else self._now.year, month, day, tzinfo=self._zone)
        if year is None and start > self._now:
            start = start.replace(year=start.year - 1)
        return start

    def _clock(self, text: str, at: int, _rolling: bool) -> Moment | None:
        found = re.compile(rf"(?:{CLOCK})(?!\w)").match(text, at)
        if found is None:
            return None
        moment = datetime.combine(self._now.date(), _clock_of(found[0]), self._zone)
        if moment > self._now and not self.day_behind(text, found.end()):
            moment -= timedelta(days=1)
        return Moment(moment, moment + timedelta(hours=1), found.end())


def _clock_of(text: str) -> time:
    named = {
        "noon": time(12),
        "midday": time(12),
        "lunch": time(12),
        "lunchtime": time(12),
        "midnight": time(0),
    }
    if text in named:
        return named[text]
    found = re.match(r"(\d{1,2})(?:[:h](\d{2}))?(?::(\d{2}))? ?([ap])?", text)
    if found is None:
        raise ValueError(text)
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4] == "p" else 0)
    return time(hour, int(found[2] or 0), int(found[3] or 0))
