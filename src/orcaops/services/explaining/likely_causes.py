"""Likely causes: what may have made a run fail, in order.

Confidences are rules and no measured frequencies: what an engine reports is nearly certain, a known failure
on the most telling line is likely, and each line further down the list counts less.
"""

import signal
from collections.abc import Iterator

from orcaops.learning.failures.causes import CauseLine, severity
from orcaops.learning.failures.masking import plain, without_time
from orcaops.learning.failures.matcher import Match
from orcaops.learning.failures.traces.trace import Event
from orcaops.model.debug import LikelyCause, Quote
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Cause
from orcaops.services.explaining.findings import Findings
from orcaops.services.explaining.wording import said, short, work
from orcaops.services.summaries import outcome_of

_MOST_CAUSES = 4
_LONGEST_WORD = 600  # letters of what the engine says: at its end stands what to do
_SURE, _KNOWN_NEW, _KNOWN, _TRACE, _LINE, _CATCH_ALL = 0.95, 0.8, 0.65, 0.5, 0.35, 0.25
_EACH_FURTHER = 0.8
_BY_ENGINE = {
    Cause.OOM_KILLED: ("The job was killed at its memory limit", "oom"),
    Cause.TIMEOUT_TOTAL: ("The job ran into its timeout", "timeout"),
    Cause.TIMEOUT_IDLE: ("The job printed nothing for longer than its idle timeout", "timeout"),
    Cause.IMAGE_UNAVAILABLE: ("The image could not be had", "image"),
    Cause.ENGINE_LOST: ("The engine or the process that ran the job went away", "infrastructure"),
    Cause.INFRASTRUCTURE: ("OrcaOps or the engine failed, not the job", "infrastructure"),
    Cause.POLICY_DENIED: ("Policy does not allow this job", "policy"),
}
_CRASHED = "A program in the job crashed in native code; `faulthandler`, a core dump or gdb shows where."
_BY_EXIT_CODE = {
    126: (
        "The command could not be executed",
        "The file is there but may not be run, or is no program.",
        "permission",
    ),
    127: ("The command was not found", "No such program is in the PATH of the job.", "environment"),
    128 + signal.SIGILL: ("The program crashed: illegal instruction (SIGILL)", _CRASHED, "crash"),
    128 + signal.SIGABRT: ("The program aborted itself (SIGABRT)", _CRASHED, "crash"),
    128 + signal.SIGBUS: ("The program crashed: bus error (SIGBUS)", _CRASHED, "crash"),
    128 + signal.SIGFPE: ("The program crashed: arithmetic error (SIGFPE)", _CRASHED, "crash"),
    128 + signal.SIGSEGV: ("The program crashed: segmentation fault (SIGSEGV)", _CRASHED, "crash"),
    128 + signal.SIGKILL: (
        "The program was killed (SIGKILL)",
        "Nobody saw it reach a memory limit; the machine may have run out of memory, or someone killed it.",
        "oom",
    ),
    128 + signal.SIGTERM: (
        "The program was asked to end (SIGTERM)",
        "Something outside the job stopped it.",
        "ci",
    ),
}
"""What exit codes stand for, as shells and engines use them (POSIX shell, 2.8.2)."""


def likely_causes(found: Findings) -> Iterator[LikelyCause]:
    """What may have made it fail, likeliest first; there is always one."""
    given: list[LikelyCause] = [*_by_engine(found)]
    specific = [match for match in found.matches if not match.catch_all]
    # What the engine reports as the end needs no second cause that says the same.
    told = {cause.category for cause in given}
    first = found.causes.ranked[0].offset if found.causes.ranked else None
    confidence = _KNOWN_NEW if found.compared and not found.nothing_new else _KNOWN
    explained: set[int] = set()
    for match in specific:
        if match.offset in explained:
            continue  # the pattern that took most of the line has spoken for it
        explained.add(match.offset)
        if match.pattern.category in told:
            given[0] = given[0].model_copy(update={"quotes": given[0].quotes or _quoted(found, match.offset)})
            continue
        given.append(_known(found, match, confidence * _trust(found, match), first))
        confidence *= _EACH_FURTHER
    # The engine's own word stays first; a pattern that passing runs show too falls behind others.
    given.sort(key=lambda cause: -cause.confidence)
    if not specific:
        # A line that does not sound like a failure tells less than what the end itself stands for.
        telling = bool(found.causes.ranked) and _telling(found.causes.ranked[0])
        ended = None if given or telling else _by_exit_code(found)
        given += [ended] if ended is not None else []
        if found.causes.ranked and (telling or not given):
            given.append(_by_line(found))
        given += [_known(found, match, _CATCH_ALL, first) for match in found.matches if match.catch_all][:1]
    if not given:
        given.append(
            LikelyCause(
                title=f"{work(found.run)} {outcome_of(found.run)} and printed nothing that tells why",
                description=short(found.run.message or ""),
                confidence=_CATCH_ALL,
                why="its output has no line that sounds like a failure",
            )
        )
    yield from given[:_MOST_CAUSES]


def _by_engine(found: Findings) -> Iterator[LikelyCause]:
    run = found.run
    if run.cause not in _BY_ENGINE:
        return
    title, category = _BY_ENGINE[run.cause]
    held = run.usage.memory_resident_bytes or run.usage.memory_peak_bytes
    limits = run.effective
    if run.cause is Cause.OOM_KILLED and limits and limits.memory:
        title += f" of {show_size(limits.memory)}" + (f" (peak {show_size(held)})" if held else "")
    elif run.cause is Cause.TIMEOUT_TOTAL and limits and limits.timeout:
        title += f" of {show_duration(limits.timeout)}"
    elif run.cause is Cause.TIMEOUT_IDLE and limits and limits.idle_timeout:
        title += f" of {show_duration(limits.idle_timeout)}"
    first = found.causes.ranked[0].offset if found.causes.ranked else None
    yield LikelyCause(
        title=title,
        description=short(run.message or "", _LONGEST_WORD),
        confidence=_SURE,
        why="the engine reported it",
        category=category,
        quotes=_quoted(found, first) if first is not None and run.cause is not Cause.OOM_KILLED else (),
    )


def _telling(line: CauseLine) -> bool:
    """Whether a line sounds like a failure, and is not shown for want of a better one."""
    return severity(without_time(plain(line.text))) > 0


def _by_exit_code(found: Findings) -> LikelyCause | None:
    """What the exit code, or the signal that ended it, tells where the output tells nothing."""
    run = found.run
    code = run.exit_code if run.signal is None else 128 + run.signal
    if code not in _BY_EXIT_CODE:
        return None
    title, description, category = _BY_EXIT_CODE[code]
    end = f"exit code {code} stands for it" if run.signal is None else f"signal {run.signal} ended it"
    return LikelyCause(
        title=title,
        description=description,
        confidence=_KNOWN,
        why=f"{end}; the output has no line that sounds like a failure",
        category=category,
        quotes=_quoted(found, found.causes.ranked[0].offset) if found.causes.ranked else (),
    )


def _known(found: Findings, match: Match, confidence: float, first: int | None) -> LikelyCause:
    place = "on the most telling line" if match.offset == first else "on one of the telling lines"
    return LikelyCause(
        title=short(match.title),
        description=f"{short(match.description, 300)}{_raised(found, match)}",
        confidence=round(confidence, 2),
        why=f"the known failure {match.pattern.id} stands {place}{_compared(found)}"
        f"{_also_passing(found, match)}",
        category=match.pattern.category,
        pattern_id=match.pattern.id,
        quotes=_quoted(found, match.offset),
    )


def _raised(found: Findings, match: Match) -> str:
    """Where it was raised, if a stack trace around it says so."""
    event = next((one for one in found.events if one.frame and _within(found, match.offset, one)), None)
    return f" Raised in {short(event.frame, 120)}." if event is not None and event.frame else ""


def _within(found: Findings, offset: int, event: Event) -> bool:
    number = next((line.number for line in found.causes.lines if line.offset == offset), None)
    return number is not None and event.first_number <= number <= event.last_number


def _trust(found: Findings, match: Match) -> float:
    """What a known failure loses for standing in passing runs too: half of its weight for two of them."""
    return 2 / (2 + found.passing_hits.get(match.pattern.id, 0))


def _also_passing(found: Findings, match: Match) -> str:
    hits = found.passing_hits.get(match.pattern.id, 0)
    runs = "one passing run shows" if hits == 1 else f"{hits} passing runs show"
    return f"; but {runs} it too" if hits else ""


def _by_line(found: Findings) -> LikelyCause:
    line = found.causes.ranked[0]
    event = next(
        (one for one in found.events if one.first_number <= line.number <= one.last_number and one.exception),
        None,
    )
    return LikelyCause(
        title=said(event.summary if event else without_time(plain(line.text))),
        description=f"raised in {short(event.frame, 120)}" if event and event.frame else "",
        confidence=_TRACE if event else _LINE,
        why=("it ends a stack trace" if event else "it is the most telling line")
        + _compared(found)
        + "; no known failure fits",
        quotes=_quoted(found, line.offset),
    )


def _compared(found: Findings) -> str:
    if not found.compared:
        return "; there is no passing output to compare with"
    runs = "passing run" if len(found.compared) == 1 else f"{len(found.compared)} passing runs"
    return (
        f"; nothing here is new against the last {runs}"
        if found.nothing_new
        else f", new against the last {runs}"
    )


def _quoted(found: Findings, offset: int) -> tuple[Quote, ...]:
    quote = found.quotes.get(offset)
    return (quote,) if quote is not None else ()
