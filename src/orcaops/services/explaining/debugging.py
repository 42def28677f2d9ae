"""Debugging: what was found about a failed run, put into one bounded answer.

Pure: everything that had to be read is in :class:`Findings`. Confidences are rules and no measured
frequencies: what an engine reports is nearly certain, a known failure on the most telling line is
likely, and each line further down the list counts less.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by

from orcaops.learning.failures.causes import Causes
from orcaops.learning.failures.classification import Classification
from orcaops.learning.failures.masking import plain, without_time
from orcaops.learning.failures.matcher import Match
from orcaops.learning.failures.signature import Signature
from orcaops.learning.failures.traces.trace import Event
from orcaops.model.anomaly import Anomaly
from orcaops.model.debug import (
    Change,
    DebugAnalysis,
    LikelyCause,
    Origin,
    PastFailure,
    Quote,
    SuggestedFix,
)
from orcaops.model.job import DEFAULT_WORKSPACE
from orcaops.model.quantities import MIB, show_duration, show_size
from orcaops.model.remedy import Action
from orcaops.model.run import Cause, Run, Status
from orcaops.model.solution import Effect, Solution
from orcaops.services.knowing.remedies import action_of, solution_id
from orcaops.services.summaries import outcome_of

MOST_BYTES = 14_000
"""The longest answer, as JSON: below 4 000 tokens of ordinary text."""

_CAUSES, _FIXES, _STEPS = 4, 8, 8
_LONGEST_COMMAND = 200
# A job that was asked for with more than this is changed by whoever asked for it.
_RETYPED = {"image", "command", "name", "memory", "executor", "intent", "commit", "branch", "parent_job_id"}
_NEAR_BYTES = 2000  # how far before the decisive line a look into the log begins
_SURE, _KNOWN_NEW, _KNOWN, _TRACE, _LINE, _CATCH_ALL = 0.95, 0.8, 0.65, 0.5, 0.35, 0.25
_EACH_FURTHER = 0.8
_PROVEN = frozenset({"offered", "suggested", "validated"})
_BY_ENGINE = {
    Cause.OOM_KILLED: ("The job was killed at its memory limit", "oom"),
    Cause.TIMEOUT_TOTAL: ("The job ran into its timeout", "timeout"),
    Cause.TIMEOUT_IDLE: ("The job printed nothing for longer than its idle timeout", "timeout"),
    Cause.IMAGE_UNAVAILABLE: ("The image could not be had", "image"),
    Cause.ENGINE_LOST: ("The engine or the process that ran the job went away", "infrastructure"),
    Cause.INFRASTRUCTURE: ("OrcaOps or the engine failed, not the job", "infrastructure"),
    Cause.POLICY_DENIED: ("Policy does not allow this job", "policy"),
}
FROM_INFRASTRUCTURE = frozenset({Cause.ENGINE_LOST, Cause.INFRASTRUCTURE, Cause.IMAGE_UNAVAILABLE})
"""Ends that the engine itself puts down to infrastructure."""
FROM_THE_JOB = frozenset({Cause.OOM_KILLED, Cause.POLICY_DENIED})
"""Ends that the engine itself puts down to the job: trying again changes nothing."""


_NOTHING_KNOWN = Effect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found out about one failed run.

    ``quotes`` are verified, by offset, most telling first. ``compared`` names the passing runs whose output
    the log was compared with; ``nothing_new`` says that they had printed all of it too. ``learned`` are
    solutions from what ended such failures, best first, ``retry`` what trying again is worth, ``solutions``
    those of the known failures by pattern, and ``passing_hits`` how many passing runs show a pattern too.
    """

    run: Run
    causes: Causes
    events: Sequence[Event] = ()
    matches: Sequence[Match] = ()
    quotes: Mapping[int, Quote]
    signature: Signature
    classification: Classification
    compared: tuple[str, ...] = ()
    nothing_new: bool = False
    last_success: Run | None = None
    past: Sequence[PastFailure] = ()
    anomalies: Sequence[Anomaly] = ()
    flaky: Sequence[Anomaly] = ()
    learned: Sequence[Solution] = ()
    retry: Effect = _NOTHING_KNOWN
    solutions: Mapping[str, Sequence[Solution]] = made_by(default_factory=dict)
    passing_hits: Mapping[str, int] = made_by(default_factory=dict)
    log_gone: bool = False


def without_failure(run: Run, anomalies: Sequence[Anomaly]) -> DebugAnalysis:
    """What there is to say of a run that did not fail, or not yet."""
    if not run.status.final:
        steps = [f"orcaops jobs logs -f {run.job_id}"]
    elif run.status is Status.CANCELLED:
        steps = [f"orcaops jobs show {run.job_id}"]
    else:
        steps = [f"orcaops jobs summary {run.job_id}"]
    steps += [f"orcaops anomalies show {anomaly.id}" for anomaly in anomalies[:3]]
    return DebugAnalysis(
        job_id=run.job_id,
        status=run.status,
        summary=f"{_work(run)} {outcome_of(run)}: there is no failure to explain.",
        next_steps=tuple(_there(run, step) for step in steps),
        unusual=tuple(_short(anomaly.title) for anomaly in anomalies[:5]),
    )


def explain(found: Findings) -> DebugAnalysis:
    """The answer: causes, fixes, history and next steps, at most :data:`MOST_BYTES` as JSON."""
    run = found.run
    causes = list(_causes(found))
    changes = changes_between(found.last_success, run) if found.last_success is not None else ()
    answer = DebugAnalysis(
        job_id=run.job_id,
        status=run.status,
        summary=_summary(found, causes, changes),
        likely_causes=tuple(causes),
        suggested_fixes=tuple(_fixes(found))[:_FIXES],
        similar_past_failures=tuple(found.past),
        next_steps=tuple(_there(run, step) for step in _steps(found, causes))[:_STEPS],
        evidence=tuple(found.quotes.values()),
        origin=Origin(
            infrastructure=found.classification.infrastructure,
            infrastructure_probability=found.classification.infrastructure_probability,
            reasons=tuple(_short(reason, 120) for reason in found.classification.reasons[:4]),
        ),
        last_success=found.last_success.job_id if found.last_success else None,
        changed_since_success=changes,
        flaky=_flaky(found, changes),
        incident=next((_short(one.title) for one in found.anomalies if one.type == "incident"), None),
        unusual=tuple(_short(anomaly.title) for anomaly in found.anomalies[:5]),
        signature=found.signature.id,
        log_lines=found.causes.line_count,
        compared_with=found.compared,
    )
    return _bounded(answer)


def changes_between(before: Run, after: Run) -> tuple[Change, ...]:
    """What is known to differ between two runs; of the environment only names are known and told."""
    return tuple(
        Change(what=name, before=one and _short(one, 120), after=other and _short(other, 120))
        for (name, one), (_, other) in zip(_circumstances(before), _circumstances(after), strict=True)
        if one != other
    )


def _circumstances(run: Run) -> list[tuple[str, str | None]]:
    limits = run.effective
    return [
        ("commit", run.context.commit),
        ("branch", run.context.branch),
        ("image", run.image),
        ("image digest", run.image_digest),
        ("command", run.command or None),
        ("environment names", ", ".join(run.context.env_names) or None),
        ("memory limit", show_size(limits.memory) if limits and limits.memory else None),
        ("CPUs", f"{limits.cpus:g}" if limits and limits.cpus else None),
        ("timeout", show_duration(limits.timeout) if limits and limits.timeout else None),
        ("network", str(limits.network) if limits and limits.network else None),
        ("executor", run.executor),
        ("host", run.context.host),
        ("kind of host", run.context.host_class),
    ]


def _causes(found: Findings) -> Iterator[LikelyCause]:
    given: list[LikelyCause] = [*_by_engine(found)]
    specific = [match for match in found.matches if not match.catch_all]
    # What the engine reports as the end needs no second cause that says the same.
    told = {cause.category for cause in given}
    first = found.causes.ranked[0].offset if found.causes.ranked else None
    confidence = _KNOWN_NEW if found.compared and not found.nothing_new else _KNOWN
    for match in specific:
        if match.pattern.category in told:
            given[0] = given[0].model_copy(update={"quotes": given[0].quotes or _quoted(found, match.offset)})
            continue
        given.append(_known(found, match, confidence * _trust(found, match), first))
        confidence *= _EACH_FURTHER
    # The engine's own word stays first; a pattern that passing runs show too falls behind others.
    given.sort(key=lambda cause: -cause.confidence)
    if not specific and found.causes.ranked:
        given.append(_by_line(found))
        given += [_known(found, match, _CATCH_ALL, first) for match in found.matches if match.catch_all][:1]
    if not given:
        given.append(
            LikelyCause(
                title=f"{_work(found.run)} {outcome_of(found.run)} and printed nothing that tells why",
                description=_short(found.run.message or ""),
                confidence=_CATCH_ALL,
                why="its output has no line that sounds like a failure",
            )
        )
    yield from given[:_CAUSES]


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
        description=_short(run.message or ""),
        confidence=_SURE,
        why="the engine reported it",
        category=category,
        quotes=_quoted(found, first) if first is not None and run.cause is not Cause.OOM_KILLED else (),
    )


def _known(found: Findings, match: Match, confidence: float, first: int | None) -> LikelyCause:
    place = "on the most telling line" if match.offset == first else "on one of the telling lines"
    return LikelyCause(
        title=_short(match.title),
        description=_short(match.description, 300),
        confidence=round(confidence, 2),
        why=f"the known failure {match.pattern.id} stands {place}{_compared(found)}"
        f"{_also_passing(found, match)}",
        category=match.pattern.category,
        pattern_id=match.pattern.id,
        quotes=_quoted(found, match.offset),
    )


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
        title=_said(event.summary if event else without_time(plain(line.text))),
        description=f"raised in {_short(event.frame, 120)}" if event and event.frame else "",
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


def _fixes(found: Findings) -> Iterator[SuggestedFix]:
    seen: set[str] = set()
    proven = [one for one in found.learned if one.standing in _PROVEN and not one.explored]
    raised = {one.action for one in proven}
    limits = [fix for fix in _limits(found.run, found.last_success) if fix[0] not in raised]
    for fix in [
        *(_learned(found, one) for one in proven),
        *(fix for _, fix in limits),
        *_solutions(found),
        *_retry(found),
        *(_learned(found, one) for one in found.learned if one not in proven),
    ]:
        if fix.action.casefold() not in seen:
            seen.add(fix.action.casefold())
            yield fix


def _learned(found: Findings, one: Solution) -> SuggestedFix:
    """What ended such failures before, with how often, and how that compares with trying again."""
    if one.source == "taught":
        why = f"taught for this failure; {_counted(one.effect)}"
    else:
        words = [one.sentence.rstrip(".")]
        if one.effect.low is not None and one.effect.high is not None:
            words.append(f"80% interval of its rate {one.effect.low:.0%} to {one.effect.high:.0%}")
        retried = found.retry
        words.append(
            f"trying again alone ended it in {retried.helped} of {retried.n}"
            if retried.n
            else "nobody just tried again"
        )
        if one.explored and one.standing not in _PROVEN:
            words.append("shown to find out: little is known of it")
        why = "; ".join(words)
    return SuggestedFix(
        action=_short(one.text, 300),
        why=why,
        command=_command_of(found.run, one),
        solution_id=one.id,
        standing=one.standing,
        effect=one.effect,
        remedy=_remedy(one),
        change=one.change,
    )


def _remedy(one: Solution) -> Action | None:
    return Action(one.action) if one.action is not None else None


def _command_of(run: Run, one: Solution) -> str | None:
    change = one.change
    if change is None or change.after is None:
        return None
    if change.kind == "memory":
        return _again(run, f"--memory {-(-int(float(change.after)) // MIB)}m")
    return _again(run, "", image=change.after) if change.kind == "image" else None


def _counted(effect: Effect) -> str:
    if not effect.n:
        return "how often it helped here is not known yet"
    cases = "case" if effect.n == 1 else "cases"
    interval = (
        f" (80% interval {effect.low:.0%} to {effect.high:.0%})"
        if effect.low is not None and effect.high is not None
        else ""
    )
    return f"it was followed by success in {effect.helped} of {effect.n} {cases}{interval}"


def _limits(run: Run, last_success: Run | None) -> Iterator[tuple[str, SuggestedFix]]:
    """Each with the action that it stands for."""
    limits = run.effective
    if run.cause is Cause.OOM_KILLED and limits and limits.memory:
        held = last_success.usage.memory_peak_bytes if last_success else None
        wanted = doubled(limits.memory) // MIB
        fix = SuggestedFix(
            action=f"Raise the memory limit from {show_size(limits.memory)} to {show_size(wanted * MIB)}, "
            "or let it hold less",
            why="it was killed at its limit"
            + (
                f"; the last success peaked at {show_size(held)}"
                if held
                else "; how much it needs is not known"
            ),
            command=_again(run, f"--memory {wanted}m"),
            remedy=Action.RAISE_MEMORY,
        )
        yield "raise_memory", fix
    elif run.cause is Cause.TIMEOUT_TOTAL and limits and limits.timeout:
        usual = last_success.duration_s if last_success else None
        fix = SuggestedFix(
            action=f"Find what it waits for, or raise the timeout from {show_duration(limits.timeout)}",
            why="it was stopped at its timeout"
            + (f"; the last success took {show_duration(usual)}" if usual else ""),
            remedy=Action.RAISE_TIMEOUT,
        )
        yield "raise_timeout", fix


def doubled(memory: int) -> int:
    """Twice a limit, in whole 64 MiB: what a killed run would have taken is not known."""
    return -(-2 * memory // (64 * MIB)) * 64 * MIB


def _again(run: Run, options: str, image: str | None = None) -> str | None:
    """A command that runs it with another limit or image, where it is simple enough to be retyped."""
    spec = run.requested
    if spec is None or run.masked or not spec.command:
        return None
    if not spec.model_dump(exclude_defaults=True).keys() <= _RETYPED:
        return None
    chosen = image or spec.image
    words = ["orcaops run"]
    if chosen:
        words.append(f"--image {shlex.quote(chosen)}")
    if spec.name:
        words.append(f"--name {shlex.quote(spec.name)}")
    if spec.memory and "--memory" not in options:
        words.append(f"--memory {spec.memory}")
    if options:
        words.append(options)
    command = shlex.join(spec.command)
    return f"{' '.join(words)} -- {command}" if len(command) <= _LONGEST_COMMAND else None


def _solutions(found: Findings) -> Iterator[SuggestedFix]:
    specific = [match for match in found.matches if not match.catch_all] or list(found.matches)
    for match in specific[:_CAUSES]:
        known = found.solutions.get(match.pattern.id)
        if known is None:  # nobody has looked how often they helped
            known = [
                Solution(
                    id=solution_id(match.pattern.id, text),
                    text=text,
                    source="shipped",
                    action=action_of(text),
                )
                for text in match.solutions
            ]
        for one in known:
            if one.action == "retry" and not _may_retry(found):
                continue
            source = "shipped" if one.source == "shipped" else "taught"
            yield SuggestedFix(
                action=_short(one.text, 300),
                why=f"{source} advice for {match.pattern.id}; {_counted(one.effect)}",
                pattern_id=match.pattern.id,
                solution_id=one.id,
                standing=one.standing,
                effect=one.effect if one.effect.n else None,
                remedy=_remedy(one),
            )


def _may_retry(found: Findings) -> bool:
    return found.classification.infrastructure and found.run.cause not in FROM_THE_JOB


def _retry(found: Findings) -> Iterator[SuggestedFix]:
    if not _may_retry(found):
        return
    again = found.run.requested is not None and not found.run.masked
    yield SuggestedFix(
        action="Try it again",
        why=f"it looks like infrastructure ({found.classification.infrastructure_probability:.0%}), "
        "not like the job itself",
        command=_there(found.run, f"orcaops jobs rerun {found.run.job_id}") if again else None,
        remedy=Action.RETRY,
    )


def _flaky(found: Findings, changes: Sequence[Change]) -> str | None:
    if found.flaky:
        return _short(found.flaky[0].title)
    gone = [one for one in found.past if one.same and one.ended_by is not None and not one.changed]
    if gone:
        times = "once" if len(gone) == 1 else f"{len(gone)} times"
        return f"the same failure has gone away {times} with no known change ({gone[0].job_id})"
    last = found.last_success
    if last is not None and not changes and last.context.commit is not None:
        return f"the same commit passed in {last.job_id}, and no known circumstance has changed"
    return None


def _summary(found: Findings, causes: Sequence[LikelyCause], changes: Sequence[Change]) -> str:
    run = found.run
    words = [f"{_work(run)} {outcome_of(run)}"]
    if run.duration_s is not None:
        words[0] += f" after {show_duration(run.duration_s)}"
    words.append(f"Most likely: {causes[0].title} (confidence {causes[0].confidence:.0%})")
    share = found.classification.infrastructure_probability
    if found.classification.infrastructure:
        words.append(f"It looks like infrastructure ({share:.0%})")
    else:
        words.append(f"It looks like the job itself ({1 - share:.0%}), so trying again is not advised")
    if found.last_success is not None:
        what = ", ".join(change.what for change in changes)
        words.append(
            f"Since the last success {found.last_success.job_id} changed: {what}"
            if what
            else f"Nothing that is recorded has changed since the last success {found.last_success.job_id}"
        )
    return ". ".join(words) + "."


def _steps(found: Findings, causes: Sequence[LikelyCause]) -> Iterator[str]:
    run = found.run
    quote = next((quote for cause in causes for quote in cause.quotes), None)
    if quote is not None:
        yield f"orcaops jobs logs {run.job_id} --after {max(-1, quote.offset - _NEAR_BYTES)}"
    else:
        yield f"orcaops jobs show {run.job_id}"
    for cause in causes[:1]:
        if cause.pattern_id is not None:
            yield f"orcaops kb show {cause.pattern_id}"
    if _may_retry(found) and run.requested is not None and not run.masked:
        yield f"orcaops jobs rerun {run.job_id}"
    if found.last_success is not None:
        yield f"orcaops jobs show {found.last_success.job_id}"
    for past in found.past[:1]:
        yield f"orcaops debug {past.job_id}"
    for anomaly in found.anomalies[:2]:
        yield f"orcaops anomalies show {anomaly.id}"


def _there(run: Run, command: str) -> str:
    """A command that works in the run's workspace; what is known of failures is the same in all."""
    if run.workspace == DEFAULT_WORKSPACE or command.startswith("orcaops kb "):
        return command
    return f"{command} --workspace {run.workspace}"


def _work(run: Run) -> str:
    return _short(run.name or run.command or run.key, 100)


def _said(text: str) -> str:
    """What a job printed as a title: between quotation marks that nothing in it can close."""
    return json.dumps(_short(text), ensure_ascii=False)


def _short(text: str, most: int = 200) -> str:
    """A text from elsewhere as part of a sentence of ours: one line, bounded, without control letters."""
    line = " ".join(plain(text.replace("\r", " ").replace("\n", " ")).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _bounded(answer: DebugAnalysis) -> DebugAnalysis:
    """Let go of what matters least until the answer is short enough; the first cause always stays."""
    shedding: Iterable[tuple[str, int]] = (
        ("evidence", 4),
        ("similar_past_failures", 2),
        ("suggested_fixes", 4),
        ("likely_causes", 2),
        ("evidence", 0),
        ("changed_since_success", 4),
        ("similar_past_failures", 0),
        ("suggested_fixes", 1),
        ("likely_causes", 1),
    )
    for field, least in shedding:
        while len(getattr(answer, field)) > least and len(answer.model_dump_json().encode()) > MOST_BYTES:
            answer = answer.model_copy(update={field: getattr(answer, field)[:-1]})
    return answer
