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
from datetime import UTC, datetime, timedelta
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
)
from orcaops.services.asking.understanding.moments import CLOCK, Moment, Moments

_DAY = "|".join(DAYS)
_SINCE = r"(?:since|after|starting(?: from| on| with)?|beginning|as of|later than|newer than)"
_BEFORE = r"(?:before|prior to|earlier than|older than)"
_UNTIL = r"(?:until|till|up to|through|up until|no later than)"
_FILLER = (
    r"(?:(?:the |our |a |last |that )?[a-z][\w-]*(?: [a-z][\w-]*){0,2} (?:on|of|from|at) )?"
    r"(?:the )?(?:about )?"
)
_COMING = re.compile(r"\b(?:forecast\w*|predict\w*|expect\w*|will|projected|projection)\b")
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


class Times:
    """Finds times in texts of lower case, seen from one moment in one time zone."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self._now = now.astimezone(zone).replace(second=0, microsecond=0)
        self._zone = zone
        self._moments = Moments(now, zone)

    def find(self, text: str) -> list[Span]:
        """All times that are named, in their order."""
        found: list[Span] = []
        at = 0
        while at < len(text):
            if found and (earlier := self._one_before(text, at, found[-1])) is not None:
                found.append(earlier)
                at = earlier.at[1]
                continue
            if found and (hours := self._hours_of(text, at, found[-1])) is not None:
                found[-1] = hours
                at = hours.at[1]
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

    @staticmethod
    def _hours_of(text: str, at: int, day: Span) -> Span | None:
        """``between 8 and 10`` behind a day."""
        said = re.compile(
            r",? ?(?:between|from) (\d{1,2}) (?:and|to|until|till) (\d{1,2})(?: o'?clock)?(?![\w:.%])"
        )
        found = said.match(text, at)
        if found is None or day.start is None or at != day.at[1]:
            return None
        if day.end not in (None, day.start + timedelta(days=1)) or not int(found[1]) < int(found[2]) <= 24:
            return None
        start, end = (day.start + timedelta(hours=int(hour)) for hour in found.groups())
        return Span(start, end, (day.at[0], found.end()))

    def _of_that_day(self, text: str, day: Span, clock: Span) -> Span | None:
        """The times of a clock on the day named before them: ``yesterday between 2 and 4 pm``."""
        if text[day.at[1] : clock.at[0]].strip(" ,") or day.start is None:
            return None
        if clock.start and clock.end and day.end and day.start <= clock.start < clock.end <= day.end:
            return Span(clock.start, clock.end, (day.at[0], clock.at[1]))  # last night between 0 and 4 am
        end = day.end or day.start + timedelta(days=1)
        if end - day.start != timedelta(days=1) or not re.search(CLOCK, text[clock.at[0] : clock.at[1]]):
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
        first = self._moments.at(text, first_at)
        if first is not None and (middle := joint.match(text, first.to)):
            second = self._moments.at(text, middle.end())
            if second is not None and (begun or middle[0].strip() not in ("and",)):
                of_its_day = re.fullmatch(rf"{CLOCK} \S.*", text[first_at : first.to]) is not None
                return self._ranged(text, at, first, second, of_its_day=of_its_day)
        if begun and loose:  # "between 1 and 10 november", "between 3 and 5 pm"
            second = self._moments.at(text, loose.end())
            if second is not None:
                number = int(loose[1])
                spoken = text[loose.end() : second.to]
                if re.search(r"[ap]\.?m|:\d\d", spoken):
                    shift = 12 if re.search(r"p\.?m", spoken) and number < 12 else 0
                    start = second.start.replace(hour=(number + shift) % 24, minute=0)
                else:
                    start = second.start.replace(day=number)
                return self._ranged(text, at, Moment(start, None, loose.end()), second)
            hours = re.compile(r"(\d{1,2})(?: o'?clock)?\b").match(text, loose.end())
            if hours and int(hours[1]) <= 24 and (day := self._moments.day_behind(text, hours.end())):
                base = day.start
                start, end = (base + timedelta(hours=int(n)) for n in (loose[1], hours[1]))
                return Span(start, end, (at, day.to))
        return None

    def _ranged(self, text: str, at: int, first: Moment, second: Moment, *, of_its_day: bool = False) -> Span:
        """``of_its_day`` says that the first clock stands beside a day: ``10 pm yesterday``."""
        spoken = text[first.to : second.to]
        start, end, to = first.start, second.end or second.start, second.to
        if second.end is not None and second.end - second.start <= timedelta(hours=1):  # clocks
            end = second.start
            if of_its_day:
                if part := re.compile(r" this (?:morning|afternoon|evening)\b").match(text, to):
                    to = part.end()
            elif day := self._moments.day_behind(text, to):
                start, end = (day.start.replace(hour=m.hour, minute=m.minute) for m in (start, end))
                to = day.to
            elif first.end is not None and start.date() != end.date():
                start = end.replace(hour=start.hour, minute=start.minute)
            if end < start:
                end += timedelta(days=1)
        elif end <= start and re.search(rf"\b(?:{_DAY})\b", spoken):  # Thursday has not come yet this week
            start -= timedelta(days=7)
        return Span(start, end, (at, to))

    def _since(self, text: str, at: int) -> Span | None:
        atom = self._behind(_SINCE, text, at)
        return None if atom is None else Span(atom.start, None, (at, atom.to), atom.start > self._now)

    def _before(self, text: str, at: int) -> Span | None:
        if (atom := self._behind(_BEFORE, text, at)) is not None:
            of_day = re.match(rf"{_BEFORE} {CLOCK} \S", text[at : atom.to])  # before 9 am today
            return Span(begin_of("day", atom.start) if of_day else None, atom.start, (at, atom.to))
        if (atom := self._behind(_UNTIL, text, at)) is not None:
            return Span(None, atom.end or atom.start, (at, atom.to))
        return None

    def _behind(self, preposition: str, text: str, at: int) -> Moment | None:
        plain = re.compile(preposition + r"(?: about| around)?(?: the)? ").match(text, at)
        if plain is None:
            return None
        atom = self._moments.at(text, plain.end(), rolling=False)
        filled = re.compile(preposition + " " + _FILLER).match(text, at)
        if atom is None and filled is not None:
            atom = self._moments.at(text, filled.end(), rolling=False)
        return atom

    def _alone(self, text: str, at: int) -> Span | None:
        before = re.compile(_ALONE).match(text, at)
        if before is None:
            return None
        rolling = "the " in before[0] or "within" in before[0]
        ahead = self._ahead(text, before.end(), before[0])
        if ahead is not None:
            return Span(ahead.start, ahead.end, (at, ahead.to), ahead=True)
        atom = self._moments.at(text, before.end(), rolling=rolling)
        if atom is None and before[0]:
            atom = self._moments.at(text, at)
        if atom is None:
            return None
        open_ = atom.end is not None and atom.start <= self._now < atom.end
        return Span(atom.start, None if open_ else atom.end, (at, atom.to), atom.start > self._now)

    def _ahead(self, text: str, at: int, preposition: str) -> Moment | None:
        now = self._now
        if found := re.compile(r"tomorrow\b").match(text, at):
            day = begin_of("day", now) + timedelta(days=1)
            return Moment(day, day + timedelta(days=1), found.end())
        next_ = re.compile(rf"(?:next|coming|upcoming|following) ({NUMBER})? ?({UNITS}|weekend)\b").match(
            text, at
        )
        if next_ and next_[2] != "weekend":
            if next_[1]:
                return Moment(now, add_units(now, next_[2], count_of(next_[1])), next_.end())
            start = add_units(begin_of(next_[2], now), next_[2], 1)
            return Moment(start, add_units(start, next_[2], 1), next_.end())
        if found := re.compile(rf"next (?:{_DAY})\b").match(text, at):
            day = day_of(text[at:].split()[1], now) + timedelta(days=7)
            return Moment(day, day + timedelta(days=1), found.end())
        if (found := re.compile(rf"({'|'.join(MONTHS)})\b(?! \d)").match(text, at)) and _COMING.search(text):
            year = now.year + (MONTHS[found[1]] < now.month)
            if MONTHS[found[1]] != now.month:
                return Moment(*month_span(year, MONTHS[found[1]], self._zone), found.end())
        if found := re.compile(r"(?:rest|remainder|end) of (?:the|this) (week|month|year|day)").match(
            text, at
        ):
            return Moment(now, add_units(begin_of(found[1], now), found[1], 1), found.end())
        if preposition.startswith("in") and (
            found := re.compile(rf"({NUMBER}) ({UNITS})\b(?! ago)").match(text, at)
        ):
            return Moment(now, add_units(now, found[2], count_of(found[1])), found.end())
        return None


def _on(day: datetime, moment: datetime) -> datetime:
    return day.replace(hour=moment.hour, minute=moment.minute)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
