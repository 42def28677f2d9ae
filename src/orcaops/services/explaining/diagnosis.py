"""Diagnosis: why a run failed, from its record, its log, its history and what is known of failures.

What it imports takes a tenth of a second to be ready: only who explains a failure imports it.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, takewhile

from orcaops.learning.failures.causes import CauseLine, Causes, find_causes_of_failure, may_sound, severity
from orcaops.learning.failures.classification import classify
from orcaops.learning.failures.events import read_log
from orcaops.learning.failures.evidence import ended, kept_signature, known_origin, silent
from orcaops.learning.failures.fingerprint import Fingerprint, fingerprint
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.masking import plain, without_time
from orcaops.learning.failures.matcher import Match
from orcaops.learning.failures.precedence import causes_first
from orcaops.learning.failures.signature import Signature, signature
from orcaops.learning.failures.traces.trace import Event
from orcaops.model.debug import DebugAnalysis, PastFailure, Quote
from orcaops.model.diagnosis import Diagnosis as Opinion
from orcaops.model.diagnosis import Evidence
from orcaops.model.logline import LogLine
from orcaops.model.quantities import MIB
from orcaops.model.query import And, Compare, Comparison
from orcaops.model.run import Run, Status
from orcaops.model.solution import Effect, Solution
from orcaops.recording.logs.store import LogStore
from orcaops.recording.store import Store
from orcaops.services.explaining.debugging import explain, without_failure
from orcaops.services.explaining.differences import changes_between
from orcaops.services.explaining.findings import Findings
from orcaops.services.knowing.quoting import verbatim
from orcaops.services.knowledge import Knowledge

_FAILED = frozenset({Status.FAILED, Status.TIMED_OUT, Status.LOST})
_EARLIER = 200  # runs of the key that are looked back on
_PASSING = 2
_PASSING_BYTES = 16 * MIB  # of a passing log: half its head, half its tail
_PAST = 4
_CHOSEN = 4  # known failures whose solutions are looked up
_PAST_BYTES = MIB // 2
_WHOLE_HEAD, _WHOLE_TAIL = 4 * MIB, 8 * MIB
_HEAD_LINES, _TAIL_LINES = 50_000, 100_000  # less than that where lines are of a letter or two
_TOGETHER, _LONG = 200, 4000  # lines that are asked about together; letters of one that is asked alone
_RANKED, _QUOTED, _NEAR_BYTES = 10, 60, 16_000
_MOST_LINES_EXPLAINED = 300


class Diagnosis:
    """Explains failed runs. Reads only."""

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        base: KnowledgeBase,
        shipped: KnowledgeBase,
        knowledge: Knowledge,
    ) -> None:
        self._store = store
        self._logs = logs
        self._knowledge = base
        self._shipped = shipped
        self._learned = knowledge

    def of(self, workspace: str, job_id: str) -> DebugAnalysis:
        """Why a run failed, in one bounded answer. Raises ``not_found``.

        The log is read once, in bounded memory. It is compared with up to two passing runs of the same
        key. Past failures and what ended them come from the evidence kept of them; where there is none,
        past failures are recognised by the beginning and the end of their logs.
        """
        with self._store.read() as transaction:
            run = transaction.runs.get(workspace, job_id)
            anomalies = transaction.anomalies.of_run(workspace, job_id)
            if run.status not in _FAILED:
                return without_failure(run, anomalies)
            same_key = Compare("key", Comparison.EQUAL, run.key)
            before = Compare("submitted_at", Comparison.BELOW, run.submitted_at)
            earlier = transaction.runs.page(workspace, And((same_key, before)), limit=_EARLIER).items
            flaky = transaction.anomalies.page(
                workspace, filters={"key": run.key, "type": "flaky", "open": "true"}, limit=1
            ).items
            known = transaction.diagnoses.find(workspace, [job_id]).get(job_id)
            kept = transaction.evidence.find(workspace, [job_id]).get(job_id)
        passed = [one for one in earlier if one.status is Status.SUCCEEDED]
        compared = [one for one in passed if self._logs.exists(workspace, one.job_id)][:_PASSING]
        passing = [fingerprint(self._ends_of(one, _PASSING_BYTES)) for one in compared]
        causes, nothing_new = self._causes(run, passing)
        logless = not causes.line_count and kept is not None
        if logless and kept is not None:
            causes = _kept_causes(kept)
        matches = self._matches(causes)
        events = self._events(run, causes.ranked[:3])
        signed = self._signed(run, causes, events, kept)
        if known is None:
            known = _provisional(run, signed)
        solutions, retry, hits = self._known_to_help(known, run, matches)
        return explain(
            Findings(
                run=run,
                causes=causes,
                events=events,
                matches=matches,
                quotes=self._quotes(run, causes, matches),
                signature=signed,
                classification=classify(causes, matches, known=known_origin(run, matches)),
                compared=tuple(one.job_id for one in compared),
                nothing_new=nothing_new,
                last_success=passed[0] if passed else None,
                past=self._like(run, earlier, passing, signed, trusted=kept is not None or logless),
                learned=solutions,
                retry=retry,
                solutions=hits[0],
                passing_hits=hits[1],
                log_gone=logless,
                anomalies=anomalies,
                flaky=flaky,
            )
        )

    def _signed(self, run: Run, causes: Causes, events: Sequence[Event], kept: Evidence | None) -> Signature:
        """The signature as it was kept when the run ended; else by the shipped patterns, as it would be."""
        if kept is not None:
            return kept_signature(kept, run)
        if not causes.line_count:
            return silent(run)
        lines = [(line.offset, line.text) for line in causes.ranked[:_RANKED]]
        said = signature(
            causes, events, self._shipped.explain(lines), command=run.command, exit_code=run.exit_code
        )
        return ended(run, said)

    def _known_to_help(
        self, failure: Opinion, run: Run, matches: Sequence[Match]
    ) -> tuple[Sequence[Solution], Effect, tuple[Mapping[str, Sequence[Solution]], Mapping[str, int]]]:
        """What was learned, what a retry is worth; solutions by pattern, and what passing runs show too."""
        chosen = [match for match in matches if not match.catch_all][:_CHOSEN] or list(matches[:1])
        with self._store.read() as transaction:
            learned, retry = self._learned.remedies.of_failure(transaction, failure, run)
            by_pattern = {
                match.pattern.id: self._learned.remedies.of_pattern(
                    transaction, run.workspace, match.pattern, match.solutions
                )
                for match in chosen
            }
            among = KnowledgeBase(tuple(match.pattern for match in chosen))
            hits = self._learned.growth.passing_hits(transaction, run.workspace, among)
        return learned, retry, (by_pattern, hits)

    def _like(
        self,
        run: Run,
        earlier: Sequence[Run],
        passing: Sequence[Fingerprint],
        signed: Signature,
        *,
        trusted: bool,
    ) -> Sequence[PastFailure]:
        """Earlier failures like this one; before evidence was kept, by reading the logs of the same key."""
        found = self._learned.similar(run.workspace, run.job_id)
        if found or trusted or run.log is None or not run.log.lines:
            return found
        return self._past(earlier, passing, signed)

    def _causes(self, run: Run, passing: Sequence[Fingerprint]) -> tuple[Causes, bool]:
        """The telling lines; and whether passing runs printed all of them too, so that nothing is new."""
        causes, compared = find_causes_of_failure(
            lambda: self._lines(run), passing, known=self._knowledge.specific
        )
        return causes, bool(passing) and not compared

    def _lines(self, run: Run) -> Iterator[tuple[int, str]]:
        """The log's lines; of the middle of a large one only those that sound like a failure.

        Whoever looks for what is new has to mask every line, which costs several times as much as to hear
        whether it sounds like a failure: harmless lines far from both ends are passed over.
        """
        printed = run.log.stdout_bytes + run.log.stderr_bytes if run.log is not None else 0
        count = run.log.lines if run.log is not None else 0
        middle: list[LogLine] = []
        for number, line in enumerate(self._logs.lines(run.workspace, run.job_id)):
            if (
                _WHOLE_HEAD <= line.offset < printed - _WHOLE_TAIL
                or _HEAD_LINES <= number < count - _TAIL_LINES
            ):
                middle.append(line)
                if len(middle) >= _TOGETHER or len(line.text) >= _LONG:
                    yield from self._telling(middle)
                    middle.clear()
                continue
            yield from self._telling(middle)
            middle.clear()
            yield line.offset, self._knowledge.telling_part(line.text)
        yield from self._telling(middle)

    def _telling(self, lines: Sequence[LogLine]) -> Iterator[tuple[int, str]]:
        """Of some lines those that sound like a failure; whether any does is asked of all at once first."""
        text = "\n".join(line.text for line in lines)
        plainly = "\x1b" not in text and "\r" not in text
        if not lines or (plainly and not may_sound(text) and not self._known_in(text)):
            return
        for line in lines:
            part = self._knowledge.telling_part(line.text)
            body = without_time(plain(part))
            if severity(body) > 0 or self._knowledge.specific(body):
                yield line.offset, part

    def _known_in(self, text: str) -> bool:
        return bool(self._knowledge.matcher.scan([text.encode("utf-8", "replace")]))

    def _ends_of(self, run: Run, most_bytes: int) -> Iterator[str]:
        return iter(io.StringIO(self._logs.text(run.workspace, run.job_id, most_bytes=most_bytes)))

    def _matches(self, causes: Causes) -> list[Match]:
        ranked = [(line.offset, line.text) for line in causes.ranked[:_RANKED]]
        found = self._knowledge.explain(ranked)
        if any(not match.catch_all for match in found):
            return causes_first(found, causes)
        rest = [(line.offset, line.text) for line in causes.lines[:_MOST_LINES_EXPLAINED]]
        return causes_first(self._knowledge.explain([*ranked, *rest]), causes)

    def _events(self, run: Run, ranked: Sequence[CauseLine]) -> list[Event]:
        """The stack traces around the most telling lines, numbered as those are."""
        found: dict[int, Event] = {}
        for line in ranked:
            near = [
                (one.offset, one.text)
                for one in takewhile(
                    _until(line.offset + _NEAR_BYTES),
                    self._logs.lines(run.workspace, run.job_id, after=max(-1, line.offset - _NEAR_BYTES)),
                )
            ]
            place = next((n for n, (offset, _) in enumerate(near, start=1) if offset == line.offset), None)
            if place is None:
                continue
            for event in read_log(near).events:
                event.first_number += line.number - place
                event.last_number += line.number - place
                found.setdefault(event.offset, event)
        return list(found.values())

    def _quotes(self, run: Run, causes: Causes, matches: Sequence[Match]) -> dict[int, Quote]:
        """What is to be quoted, by offset, each read again from the stored log and left out if it differs.

        The most telling line of each kind comes first, then what stands around them.
        """
        matched: dict[int, str] = {}
        for match in matches:
            matched.setdefault(match.offset, match.matched)
        quotes: dict[int, Quote] = {}
        around = (line.offset for cluster in causes.clusters for line in cluster.lines)
        telling = dict.fromkeys([*(line.offset for line in causes.ranked[:_RANKED]), *matched, *around])
        for offset in islice(telling, _QUOTED):
            stored = next(self._logs.lines(run.workspace, run.job_id, after=offset - 1), None)
            if stored is None or stored.offset != offset or offset in quotes:
                continue
            text = verbatim(stored.text, matched.get(offset, ""))
            if text:
                quotes[offset] = Quote(offset=offset, stream=stored.stream, text=text)
        return quotes

    def _past(
        self, earlier: Sequence[Run], passing: Sequence[Fingerprint], signed: Signature
    ) -> list[PastFailure]:
        """Earlier failures that look alike, the same ones first, and the success that ended each."""
        found: list[PastFailure] = []
        failed = [place for place, one in enumerate(earlier) if one.status in _FAILED]
        for place in failed[:_PAST]:
            one = earlier[place]
            said = self._signature_of(one, passing)
            if signed.id != said.id and signed.family != said.family:
                continue
            success = next(
                (later for later in reversed(earlier[:place]) if later.status is Status.SUCCEEDED), None
            )
            found.append(
                PastFailure(
                    job_id=one.job_id,
                    submitted_at=one.submitted_at,
                    text=said.text,
                    same=signed.id == said.id,
                    ended_by=success.job_id if success else None,
                    changed=changes_between(one, success) if success else (),
                )
            )
        return sorted(found, key=lambda one: not one.same)

    def _signature_of(self, run: Run, passing: Sequence[Fingerprint]) -> Signature:
        lines = list(enumerate(self._ends_of(run, _PAST_BYTES)))
        causes, _ = find_causes_of_failure(lambda: lines, passing, known=self._knowledge.specific)
        return signature(
            causes,
            read_log(lines).events,
            self._matches(causes),
            command=run.command,
            exit_code=run.exit_code,
        )


def _kept_causes(kept: Evidence) -> Causes:
    """What was kept of a log that is gone, as if it had just been read; numbers of lines are not known."""
    lines = tuple(
        CauseLine(line.offset, place, line.text, round(1.0 - 0.01 * place, 2))
        for place, line in enumerate(kept.lines, start=1)
    )
    return Causes(
        lines=tuple(sorted(lines, key=lambda line: line.offset)), ranked=lines, line_count=kept.line_count
    )


def _provisional(run: Run, signed: Signature) -> Opinion:
    """What a run that has not been absorbed yet will be taken for."""
    return Opinion(
        job_id=run.job_id,
        workspace=run.workspace,
        key=run.key,
        number=0,
        at=run.finished_at or run.submitted_at,
        signature=signed.id,
        family=signed.family,
        kind=signed.kind,
        text=signed.text,
        tool=signed.tool,
        infrastructure_probability=0.5,
        circumstance=run.context.commit or run.job_id,
    )


def _until(offset: int) -> Callable[[LogLine], bool]:
    return lambda line: line.offset <= offset
