"""Times in a question: ``last night``, ``since monday``, ``between 3 and 5 pm yesterday``.

Days, weeks and months are those of a time zone, weeks begin on Monday, and what is not said lies in the
past. ``after`` and ``since`` begin where what they name begins, ``before`` ends there, ``until`` ends with
it. What has begun and not ended yet is open.

>>> from datetime import UTC, datetime
>>> from zoneinfo import ZoneInfo
>>> times = Times(datetime(2026, 11, 18, 15, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
>>> found = times.find("what failed between 3 and 5 pm yesterday")[0]
>>> found.start.isoformat(), found.end.isoformat()
('2026-11-17T15:00:00+01:00', '2026-11-17T17:00:00+01:00')
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
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
_CLOCK = (
    r"(?:\d{1,2}(?::\d{2}|h\d{2})(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|noon|midday|midnight)"
)
_PARTS = {
    "morning": (6, 12),
    "afternoon": (12, 18),
    "evening": (18, 24),
    "night": (18, 30),
}
_NTH = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_SINCE = r"(?:since|after|starting(?: from| on| with)?|beginning|as of|later than|newer than)"
_BEFORE = r"(?:before|prior to|earlier than|older than)"
_UNTIL = r"(?:until|till|up to|through|up until|no later than)"
_FILLER = (
    r"(?:(?:the |our |a |last |that )?[a-z][\w-]*(?: [a-z][\w-]*){0,2} (?:on|of|from|at) )?"
    r"(?:the )?(?:about )?"
)
_ALSO_WORDS = frozenset({"may", "mar", "march", "sep", "jun", "dec"})
_BEFORE_MONTH = re.compile(
    r"(?:in|since|of|from|until|before|after|last|and|to|than|vs|versus|for|during) (?:the )?$"
)
_ALONE = r"(?:(?:in|during|over|within|for|on|at|of|from|all|as of|throughout|around)\b ?)*(?:the )?"


@dataclass(frozen=True, slots=True)
class Span:
    """A time that was named, and where in the text; ``start`` or ``end`` is None where it is open."""

    start: datetime | None
    end: datetime | None
    at: tuple[int, int]
    ahead: bool = False  # whether it lies in the future

    @property
    def search(self) -> str:
        """The span in the search language."""
        parts = [f"after:{_written(self.start)}"] if self.start is not None else []
        if self.end is not None:
            parts.append(f"before:{_written(self.end)}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class _Atom:
    start: datetime
    end: datetime | None
    to: int  # where it ends in the text


class Times:
    """Finds times in texts of lower case, seen from one moment in one time zone."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self._now = now.astimezone(zone).replace(second=0, microsecond=0)
        self._zone = zone

    def find(self, text: str) -> list[Span]:
        """All times that are named, in their order."""
        found: list[Span] = []
        at = 0
        while at < len(text):
            if found and (earlier := self._one_before(text, at, found[-1])) is not None:
                found.append(earlier)
                at = earlier.at[1]
                continue
            span = self._span_at(text, at) if at == 0 or not text[at - 1].isalnum() else None
            if span is None:
                at += 1
                continue
            if found and (together := self._of_that_day(text, found[-1], span)) is not None:
                found[-1] = together
            else:
                found.append(span)
            at = max(span.at[1], at + 1)
        return found

    @staticmethod
    def _one_before(text: str, at: int, span: Span) -> Span | None:
        """``the week before``, behind another week."""
        said = re.compile(
            r"\b(?:the )?(day|week|month|quarter|year) (?:before|prior)(?: (?:that|it))?"
            r"(?=$| (?!last|yester))"
        )
        found = said.match(text, at)
        if found is None or span.start is None:
            return None
        return Span(add_units(span.start, found[1], -1), span.start, (at, found.end()))

    def _of_that_day(self, text: str, day: Span, clock: Span) -> Span | None:
        """The times of a clock on the day named before them: ``yesterday between 2 and 4 pm``."""
        if text[day.at[1] : clock.at[0]].strip(" ,") or day.start is None:
            return None
        if clock.start and clock.end and day.end and day.start <= clock.start < clock.end <= day.end:
            return Span(clock.start, clock.end, (day.at[0], clock.at[1]))  # last night between 0 and 4 am
        end = day.end or day.start + timedelta(days=1)
        if end - day.start != timedelta(days=1) or not re.search(_CLOCK, text[clock.at[0] : clock.at[1]]):
            return None
        if clock.start and clock.end and clock.end - clock.start >= timedelta(days=1):
            return None
        at = (day.at[0], clock.at[1])
        if clock.start is None:
            return None if clock.end is None else Span(day.start, _on(day.start, clock.end), at)
        start = _on(day.start, clock.start)
        return Span(start, start + (clock.end - clock.start) if clock.end else end, at)

    # Spans

    def _span_at(self, text: str, at: int) -> Span | None:
        for read in (self._between, self._since, self._before, self._alone):
            try:
                span = read(text, at)
            except (ValueError, OverflowError):
                span = None  # 31 February, or before the year 1
            if span is not None:
                return span
        return None

    def _between(self, text: str, at: int) -> Span | None:
        begun = re.compile(r"(?:between|from|starting) (?:the )?").match(text, at)
        first_at = begun.end() if begun else at
        joint = re.compile(r" ?(?:and|to|until|till|through|-|–|—) ?(?:the )?")
        loose = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?" + joint.pattern).match(text, first_at)
        first = self._atom(text, first_at)
        if first is not None and (middle := joint.match(text, first.to)):
            second = self._atom(text, middle.end())
            if second is not None and (begun or middle[0].strip() not in ("and",)):
                return self._ranged(text, at, first, second)
        if begun and loose:  # "between 1 and 10 november", "between 3 and 5 pm"
            second = self._atom(text, loose.end())
            if second is not None:
                number = int(loose[1])
                spoken = text[loose.end() : second.to]
                if re.search(r"[ap]\.?m|:\d\d", spoken):
                    shift = 12 if re.search(r"p\.?m", spoken) and number < 12 else 0
                    start = second.start.replace(hour=(number + shift) % 24, minute=0)
                else:
                    start = second.start.replace(day=number)
                return self._ranged(text, at, _Atom(start, None, loose.end()), second)
            hours = re.compile(r"(\d{1,2})(?: o'?clock)?\b").match(text, loose.end())
            if hours and int(hours[1]) <= 24 and (day := self._day_behind(text, hours.end())):
                base = day.start
                start, end = (base + timedelta(hours=int(n)) for n in (loose[1], hours[1]))
                return Span(start, end, (at, day.to))
        return None

    def _ranged(self, text: str, at: int, first: _Atom, second: _Atom) -> Span:
        spoken = text[first.to : second.to]
        start, end, to = first.start, second.end or second.start, second.to
        if second.end is not None and second.end - second.start <= timedelta(hours=1):  # clocks
            end = second.start
            if day := self._day_behind(text, to):
                start, end = (day.start.replace(hour=m.hour, minute=m.minute) for m in (start, end))
                to = day.to
            elif first.end is not None and start.date() != end.date():
                start = end.replace(hour=start.hour, minute=start.minute)
            if end < start:
                end += timedelta(days=1)
        elif end <= start and re.search(rf"\b(?:{_DAY})\b", spoken):  # Thursday has not come yet this week
            start -= timedelta(days=7)
        return Span(start, end, (at, to))

    def _day_behind(self, text: str, at: int) -> _Atom | None:
        joint = re.compile(r" (?:on )?").match(text, at)
        found = self._atom(text, joint.end()) if joint else None
        whole = found is not None and found.end == found.start + timedelta(days=1)
        return found if whole else None

    def _since(self, text: str, at: int) -> Span | None:
        atom = self._behind(_SINCE, text, at)
        return None if atom is None else Span(atom.start, None, (at, atom.to), atom.start > self._now)

    def _before(self, text: str, at: int) -> Span | None:
        if (atom := self._behind(_BEFORE, text, at)) is not None:
            return Span(None, atom.start, (at, atom.to))
        if (atom := self._behind(_UNTIL, text, at)) is not None:
            return Span(None, atom.end or atom.start, (at, atom.to))
        return None

    def _behind(self, preposition: str, text: str, at: int) -> _Atom | None:
        plain = re.compile(preposition + r"(?: about| around)?(?: the)? ").match(text, at)
        if plain is None:
            return None
        atom = self._atom(text, plain.end(), rolling=False)
        filled = re.compile(preposition + " " + _FILLER).match(text, at)
        if atom is None and filled is not None:
            atom = self._atom(text, filled.end(), rolling=False)
        return atom

    def _alone(self, text: str, at: int) -> Span | None:
        before = re.compile(_ALONE).match(text, at)
        if before is None:
            return None
        rolling = "the " in before[0] or "within" in before[0]
        ahead = self._ahead(text, before.end(), before[0])
        if ahead is not None:
            return Span(ahead.start, ahead.end, (at, ahead.to), ahead=True)
        atom = self._atom(text, before.end(), rolling=rolling)
        if atom is None and before[0]:
            atom = self._atom(text, at)
        if atom is None:
            return None
        open_ = atom.end is not None and atom.start <= self._now < atom.end
        return Span(atom.start, None if open_ else atom.end, (at, atom.to), atom.start > self._now)

    def _ahead(self, text: str, at: int, preposition: str) -> _Atom | None:
        now = self._now
        if found := re.compile(r"tomorrow\b").match(text, at):
            day = begin_of("day", now) + timedelta(days=1)
            return _Atom(day, day + timedelta(days=1), found.end())
        next_ = re.compile(rf"(?:next|coming|upcoming|following) ({NUMBER})? ?({UNITS}|weekend)\b").match(
            text, at
        )
        if next_ and next_[2] != "weekend":
            if next_[1]:
                return _Atom(now, add_units(now, next_[2], count_of(next_[1])), next_.end())
            start = add_units(begin_of(next_[2], now), next_[2], 1)
            return _Atom(start, add_units(start, next_[2], 1), next_.end())
        if found := re.compile(rf"next (?:{_DAY})\b").match(text, at):
            day = day_of(text[at:].split()[1], now) + timedelta(days=7)
            return _Atom(day, day + timedelta(days=1), found.end())
        if found := re.compile(r"(?:rest|remainder|end) of (?:the|this) (week|month|year|day)").match(
            text, at
        ):
            return _Atom(now, add_units(begin_of(found[1], now), found[1], 1), found.end())
        if preposition.startswith("in") and (
            found := re.compile(rf"({NUMBER}) ({UNITS})\b(?! ago)").match(text, at)
        ):
            return _Atom(now, add_units(now, found[2], count_of(found[1])), found.end())
        return None

    # Atoms: one time, as a beginning and an end

    def _atom(self, text: str, at: int, *, rolling: bool = False) -> _Atom | None:
        day: _Atom | None = None
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
        clock = re.compile(rf",? (?:at |@ ?)?({_CLOCK})").match(text, day.to)
        if clock and day.end is not None and day.end - day.start == timedelta(days=1):
            moment = datetime.combine(day.start.date(), _clock_of(clock[1]), self._zone)
            return _Atom(moment, moment + timedelta(hours=1), clock.end())
        if day.end is not None and day.end - day.start == timedelta(hours=1):
            behind = re.compile(r" (?:on )?(?:the )?").match(text, day.to)
            other = None
            if behind and re.fullmatch(_CLOCK, text[at : day.to]):
                other = self._named_day(text, behind.end(), False) or self._date(text, behind.end(), False)
            if other is not None and other.end == other.start + timedelta(days=1):
                moment = datetime.combine(
                    other.start.date(), day.start.timetz().replace(tzinfo=None), self._zone
                )
                return _Atom(moment, moment + timedelta(hours=1), other.to)
        part = re.compile(rf"(?: in the|'s)? ({'|'.join(_PARTS)})\b").match(text, day.to)
        if part and day.end is not None and day.end - day.start == timedelta(days=1):
            return self._part(day.start, part[1], part.end())
        return day

    def _iso(self, text: str, at: int, _rolling: bool) -> _Atom | None:
        pattern = (
            r"(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
        )
        found = re.compile(pattern).match(text, at)
        if found is None:
            if (found := re.compile(r"(\d{4})-(\d{2})(?![\w-])").match(text, at)) is None:
                return None
            return _Atom(*month_span(int(found[1]), int(found[2]), self._zone), found.end())
        if found[2] is None:
            start = datetime.fromisoformat(found[1]).replace(tzinfo=self._zone)
            return _Atom(start, start + timedelta(days=1), found.end())
        start = datetime.fromisoformat(f"{found[1]}T{found[2]}{(found[3] or '').upper()}")
        start = start if start.tzinfo else start.replace(tzinfo=self._zone)
        return _Atom(start, start + timedelta(minutes=1), found.end())

    def _relative(self, text: str, at: int, rolling: bool) -> _Atom | None:
        now = self._now
        pattern = (
            rf"(the )?(last|past|previous|prior|recent) ({NUMBER}|few|couple(?: of)?|several)? ?({UNITS})\b"
        )
        if found := re.compile(r"(?:the )?(week|month|quarter|year) before last\b").match(text, at):
            end = add_units(begin_of(found[1], now), found[1], -1)
            return _Atom(add_units(end, found[1], -1), end, found.end())
        if found := re.compile(pattern).match(text, at):
            unit = unit_of(found[4])
            calendar = not found[3] and unit in ("week", "month", "quarter", "year")
            sliding = (rolling or found[1] is not None) and found[2] in ("last", "recent")
            if calendar and not sliding and found[2] != "past":
                end = begin_of(unit, now)
                return _Atom(add_units(end, unit, -1), end, found.end())
            return _Atom(add_units(now, unit, -count_of(found[3] or "1")), None, found.end())
        if found := re.compile(
            rf"({NUMBER}|few|couple(?: of)?|a few|a couple(?: of)?) ({UNITS}) (?:ago|back|earlier)\b"
        ).match(text, at):
            unit = unit_of(found[2])
            moment = add_units(now, unit, -count_of(found[1]))
            if unit in ("second", "minute", "hour"):
                return _Atom(moment, None, found.end())
            start = begin_of("day", moment)
            return _Atom(start, start + timedelta(days=1), found.end())
        if found := re.compile(r"(?:this|current|the current) (hour|day|week|month|quarter|year)\b").match(
            text, at
        ):
            return _Atom(begin_of(found[1], now), None, found.end())
        if found := re.compile(r"(\d{1,3}) ?(h|d|w)\b(?! ago)").match(text, at):
            return _Atom(add_units(now, found[2], -int(found[1])), None, found.end())
        if found := re.compile(r"(\d{1,3}) ?(min|h|d|w)\b(?= ago)").match(text, at):
            return _Atom(add_units(now, found[2], -int(found[1])), None, found.end() + len(" ago"))
        return None

    def _part_of_month(self, text: str, at: int, _rolling: bool) -> _Atom | None:
        """``first week of november``, ``second half of october``: counted from the first of the month."""
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
            return _Atom(*((first, middle) if found[1] == "first" else (middle, end)), found.end())
        if found[1] == "last":
            return _Atom(end - 7 * one, end, found.end())
        start = first + 7 * (_NTH[found[1]] - 1) * one
        return _Atom(start, min(start + 7 * one, end), found.end())

    def _named_day(self, text: str, at: int, _rolling: bool) -> _Atom | None:
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
            return _Atom(saturday, saturday + 2 * one, found.end())
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

    def _with_part(self, text: str, day: datetime, to: int) -> _Atom:
        part = re.compile(rf" ({'|'.join(_PARTS)})\b").match(text, to)
        if part:
            return self._part(day, part[1], part.end())
        return _Atom(day, day + timedelta(days=1), to)

    def _part(self, day: datetime, part: str, to: int) -> _Atom:
        first, last = _PARTS[part]
        return _Atom(day + timedelta(hours=first), day + timedelta(hours=last), to)

    def _date(self, text: str, at: int, _rolling: bool) -> _Atom | None:
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
            return _Atom(*month_span(int(found[2] or past), month, self._zone), found.end())
        elif found := re.compile(r"(\d{1,2})(?:st|nd|rd|th)\b(?! (?:percentile|run|job|time|attempt))").match(
            text, at
        ):
            start = begin_of("month", self._now).replace(day=int(found[1]))
            if start > self._now:
                start = add_units(begin_of("month", self._now), "month", -1).replace(day=int(found[1]))
        elif found := re.compile(r"q([1-4])(?: ((?:19|20)\d{2}))?\b").match(text, at):
            start = datetime(int(found[2] or self._now.year), 3 * int(found[1]) - 2, 1, tzinfo=self._zone)
            return _Atom(start, add_units(start, "quarter", 1), found.end())
        elif (found := re.compile(r"((?:19|20)\d{2})\b(?![-:./])").match(text, at)) and re.search(
            r"(?:in|since|of|before|after|during|year) $", text[:at]
        ):
            start = datetime(int(found[1]), 1, 1, tzinfo=self._zone)
            return _Atom(start, add_units(start, "year", 1), found.end())
        else:
            return None
        return _Atom(start, start + one, found.end())

    def _dated(self, day: int, month: int, year: str | None) -> datetime:
        start = datetime(int(year) if year else self._now.year, month, day, tzinfo=self._zone)
        if year is None and start > self._now:
            start = start.replace(year=start.year - 1)
        return start

    def _clock(self, text: str, at: int, _rolling: bool) -> _Atom | None:
        found = re.compile(rf"(?:{_CLOCK})(?!\w)").match(text, at)
        if found is None:
            return None
        moment = datetime.combine(self._now.date(), _clock_of(found[0]), self._zone)
        if moment > self._now and not self._day_behind(text, found.end()):
            moment -= timedelta(days=1)
        return _Atom(moment, moment + timedelta(hours=1), found.end())


def _on(day: datetime, moment: datetime) -> datetime:
    return day.replace(hour=moment.hour, minute=moment.minute)


def _clock_of(text: str) -> time:
    named = {"noon": time(12), "midday": time(12), "midnight": time(0)}
    if text in named:
        return named[text]
    found = re.match(r"(\d{1,2})(?:[:h](\d{2}))?(?::(\d{2}))? ?([ap])?", text)
    if found is None:
        raise ValueError(text)
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4] == "p" else 0)
    return time(hour, int(found[2] or 0), int(found[3] or 0))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
