"""Questions: plain English, or the line of an inquiry, answered from what is recorded and learned."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from orcaops.model.errors import ErrorCode, OrcaError, invalid
from orcaops.model.inquiry import Inquiry, Kind, Question, Reply, Understood
from orcaops.model.prices import Prices
from orcaops.recording.store import Store
from orcaops.services.failures import Failures
from orcaops.services.forecasts import Forecasts
from orcaops.services.knowing.meaning import Meaning
from orcaops.services.predictions import Predictions

if TYPE_CHECKING:
    from orcaops.services.asking.answering.sources import Answered
    from orcaops.services.asking.understanding.names import Known
    from orcaops.services.asking.understanding.reading import Reader, Reading
    from orcaops.services.knowing.remedies import Remedies

_MOST_VALUES = 1000  # of a field: so many names are known when a question is read
_MOST_LABELS = 20
_FIELDS = ("name", "image", "branch", "host", "command", "executor", "source")


class Questions:
    """Reads questions and answers them. Reads only; what it imports is imported with the first question."""

    def __init__(
        self,
        store: Store,
        failures: Failures,
        predictions: Predictions,
        forecasts: Forecasts,
        meaning: Meaning,
        *,
        prices: Callable[[], Prices | None],
        time_zone: str,
        clock: Callable[[], datetime],
        reader: "Reader | None" = None,
        remedies: "Callable[[], Remedies] | None" = None,
    ) -> None:
        self._store = store
        self._failures = failures
        self._predictions = predictions
        self._forecasts = forecasts
        self._meaning = meaning
        self._prices = prices
        self._zone = ZoneInfo(time_zone)
        self._clock = clock
        self._reader = reader
        self._remedies = remedies

    def ask(self, question: Question) -> Reply:
        """The answer, with the query that was understood; offers where it was not understood.

        Exactly one of ``question`` and ``query`` is given and not empty; else, and for a query that is none,
        raises ``invalid`` or ``not_found``.
        """
        from orcaops.services.asking.query_line import parse_line

        asked, written = question.question, question.query
        if (asked is None) == (written is None):
            raise invalid(
                "give either a question or a query",
                where="question",
                hint='Ask e.g. "which jobs failed yesterday?", or send a query that an answer showed.',
            )
        now = self._clock()
        if written is not None:
            return self._answered(question, parse_line(written, now), now)
        return self._understood(question, (asked or "").strip(), now)

    def _understood(self, question: Question, asked: str, now: datetime) -> Reply:
        from orcaops.services.asking.acts import asked_act
        from orcaops.services.asking.clauses import two_parts
        from orcaops.services.asking.offers import offers
        from orcaops.services.asking.understanding.reading import RuleReader
        from orcaops.services.asking.wording import in_words

        known = self._known(question.workspace)
        act = asked_act(asked)
        if act is not None:
            does = f"`{act.command}` does that" if act.command else "`orcaops --help` lists what does"
            does = does if act.how else f"Questions change nothing, so I do not {act.verb}: {does}"
            return Reply(
                question=asked,
                answer=f"{does}. These I could answer:",
                offers=offers(known),
            )
        parts = two_parts(asked)
        both = self._in_parts(parts, known, now) if parts is not None else None
        readings = both[0] if both is not None else RuleReader().read(asked, known, now, self._zone)
        if self._reader is not None and both is None and (not readings or readings[0].confidence < 1):
            proposed = self._reader.read(asked, known, now, self._zone)
            readings = sorted([*readings, *proposed], key=lambda one: -one.confidence)
        if not readings:
            return Reply(
                question=asked, answer=_not_understood(asked, known, now, self._zone), offers=offers(known)
            )
        told = [
            Understood(query=one.inquiry.line, in_words=in_words(one.inquiry), confidence=one.confidence)
            for one in readings
        ]
        notes = readings[0].notes
        if parts is not None and both is not None:
            told = [told[0], *both[1]]
            then = "by the other query" if both[1] else "again, with the name of the job"
            notes = (*notes, f"this answers “{parts[0]}”; ask “{parts[1]}” {then}")
        reply = self._answered(question, readings[0].inquiry, now, notes)
        update = {"question": asked, "understood": told[0], "also": tuple(told[1:])}
        if not reply.rows:
            update["offers"] = offers(known, besides=asked)[:3]
        return reply.model_copy(update=update)

    def _in_parts(
        self, parts: tuple[str, str], known: "Known", now: datetime
    ) -> "tuple[list[Reading], list[Understood]] | None":
        """The first of two parts, and the second as a query; what the first was about goes on there.

        No query where it speaks of what the first finds. None where one of the parts is none.
        """
        from orcaops.services.asking.clauses import refers_back
        from orcaops.services.asking.query_line import continued
        from orcaops.services.asking.understanding.reading import RuleReader
        from orcaops.services.asking.wording import in_words

        first, second = (RuleReader().read(part, known, now, self._zone) for part in parts)
        if not first or not second:
            return None
        inquiry = continued(second[0].inquiry, first[0].inquiry, now)
        if refers_back(parts[1]) and "name:" not in inquiry.where and "key:" not in inquiry.where:
            return first, []
        line = Understood(query=inquiry.line, in_words=in_words(inquiry), confidence=second[0].confidence)
        return first, [line]

    def _answered(
        self, question: Question, inquiry: Inquiry, now: datetime, notes: tuple[str, ...] = ()
    ) -> Reply:
        from orcaops.services.asking.wording import in_words

        found = self._answer(question, inquiry, now)
        return Reply(
            understood=Understood(query=inquiry.line, in_words=in_words(inquiry)),
            answer=found.answer,
            rows=tuple(found.rows[: question.limit if inquiry.by is None else None]),
            job_ids=found.jobs(),
            notes=(
                *notes,
                *self._doubts(inquiry, now),
                *found.notes,
                *self._left_out(question.workspace, inquiry, now),
            ),
        )

    def _answer(self, question: Question, inquiry: Inquiry, now: datetime) -> "Answered":
        from orcaops.services.asking.answering import (
            ahead,
            contrasts,
            failures,
            missing,
            movements,
            numbers,
            runs,
        )
        from orcaops.services.asking.answering.sources import Sources

        sources = Sources(
            store=self._store,
            failures=self._failures,
            predictions=self._predictions,
            forecasts=self._forecasts,
            meaning=self._meaning,
            prices=self._prices,
            workspace=question.workspace,
            now=now,
            zone=self._zone,
            limit=question.limit,
            remedies=self._remedies,
        )
        kinds = {
            **runs.KINDS,
            **missing.KINDS,
            **numbers.KINDS,
            **contrasts.KINDS,
            **movements.KINDS,
            **failures.KINDS,
            **ahead.KINDS,
        }
        try:
            return kinds[inquiry.kind](inquiry, sources)
        except OrcaError as error:
            if error.code is not ErrorCode.INVALID:
                raise
            return runs.refusal(error)  # such as a price file that is wrong: the question was right

    def _doubts(self, inquiry: Inquiry, now: datetime) -> list[str]:
        """What is odd about the times of an inquiry."""
        from orcaops.recording.query import parse_query
        from orcaops.services.asking.answering.sources import split_times

        found = []
        for text in (inquiry.where, inquiry.against):
            _, start, end = split_times(parse_query(text, now)) if text else (None, None, None)
            if start is not None and end is not None and start >= end:
                found.append("the time that is asked about ends before it begins")
            elif start is not None and start > now and inquiry.kind is not Kind.FORECAST:
                found.append("the time that is asked about lies in the future")
        return found

    def _left_out(self, workspace: str, inquiry: Inquiry, now: datetime) -> list[str]:
        """Says it where "failed" leaves out runs that ended badly in another way."""
        from orcaops.recording.query import parse_query
        from orcaops.services.asking.answering.sources import beside_failed, counted

        if inquiry.kind not in (Kind.LIST, Kind.COUNT) or "status:failed" not in inquiry.where:
            return []
        others = beside_failed(parse_query(inquiry.where, now))
        if others is None:
            return []
        with self._store.read() as transaction:
            total = transaction.runs.page(workspace, others, limit=1).total
        if not total:
            return []
        more = counted(total, "more run")
        return [f"{more} timed out or got lost: -status:succeeded finds all that did not pass"]

    def _known(self, workspace: str) -> "Known":
        from orcaops.services.asking.understanding.names import Known

        with self._store.read() as transaction:
            values = {
                field: tuple(transaction.runs.values(workspace, field, _MOST_VALUES)) for field in _FIELDS
            }
            for name in transaction.runs.values(workspace, "label", _MOST_LABELS):
                field = f"label:{name}"
                values[field] = tuple(transaction.runs.values(workspace, field, _MOST_VALUES))
        return Known(
            {field: found for field, found in values.items() if found},
            last=lambda search: self._last_run(workspace, search),
        )

    def _last_run(self, workspace: str, search: str) -> datetime | None:
        from orcaops.recording.query import parse_query

        with self._store.read() as transaction:
            found = transaction.runs.page(workspace, parse_query(search, self._clock()), limit=1).items
        return found[0].submitted_at if found else None


def _not_understood(asked: str, known: "Known", now: datetime, zone: ZoneInfo) -> str:
    """That a question is not understood, and what in it has no meaning here."""
    from orcaops.services.asking.understanding.reading import nameless

    words = nameless(asked, known, now, zone)
    why = f" Nothing here is meant by: {', '.join(words)}." if words else ""
    return f"I do not understand this question.{why} These I could answer:"
