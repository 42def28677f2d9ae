"""Debugging: what was found about a failed run, put into one bounded answer.

Pure: everything that had to be read is in :class:`~orcaops.services.explaining.findings.Findings`.
"""

from collections.abc import Iterable, Iterator, Sequence

from orcaops.model.anomaly import Anomaly
from orcaops.model.debug import Change, DebugAnalysis, LikelyCause, Origin
from orcaops.model.quantities import show_duration
from orcaops.model.run import Run, Status
from orcaops.services.explaining.differences import changes_between
from orcaops.services.explaining.findings import Findings
from orcaops.services.explaining.likely_causes import likely_causes
from orcaops.services.explaining.suggested_fixes import may_retry, suggested_fixes
from orcaops.services.explaining.wording import short, there, work
from orcaops.services.summaries import outcome_of

MOST_BYTES = 14_000
"""The longest answer, as JSON: below 4 000 tokens of ordinary text."""

_FIXES, _STEPS = 8, 8
_NEAR_BYTES = 2000  # how far before the decisive line a look into the log begins


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
        summary=f"{work(run)} {outcome_of(run)}: there is no failure to explain.",
        next_steps=tuple(there(run, step) for step in steps),
        unusual=tuple(short(anomaly.title) for anomaly in anomalies[:5]),
    )


def explain(found: Findings) -> DebugAnalysis:
    """The answer: causes, fixes, history and next steps, at most :data:`MOST_BYTES` as JSON."""
    run = found.run
    causes = list(likely_causes(found))
    changes = changes_between(found.last_success, run) if found.last_success is not None else ()
    flaky = _flaky(found, changes)
    incident = next((short(one.title) for one in found.anomalies if one.type == "incident"), None)
    unusual = [title for one in found.anomalies if (title := short(one.title)) not in (flaky, incident)]
    answer = DebugAnalysis(
        job_id=run.job_id,
        status=run.status,
        summary=_summary(found, causes, changes),
        likely_causes=tuple(causes),
        suggested_fixes=tuple(suggested_fixes(found))[:_FIXES],
        similar_past_failures=tuple(found.past),
        next_steps=tuple(there(run, step) for step in _steps(found, causes))[:_STEPS],
        evidence=tuple(found.quotes.values()),
        origin=Origin(
            infrastructure=found.classification.infrastructure,
            infrastructure_probability=found.classification.infrastructure_probability,
            reasons=tuple(short(reason, 120) for reason in found.classification.reasons[:4]),
        ),
        last_success=found.last_success.job_id if found.last_success else None,
        changed_since_success=changes,
        flaky=flaky,
        incident=incident,
        unusual=tuple(unusual[:5]),
        signature=found.signature.id,
        log_lines=found.causes.line_count,
        compared_with=found.compared,
    )
    return _bounded(answer)


def _flaky(found: Findings, changes: Sequence[Change]) -> str | None:
    if found.flaky:
        return short(found.flaky[0].title)
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
    words = [f"{work(run)} {outcome_of(run)}"]
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
        from_where = quote.offset - _NEAR_BYTES
        yield f"orcaops jobs logs {run.job_id}" + (f" --after {from_where}" if from_where >= 0 else "")
    else:
        yield f"orcaops jobs show {run.job_id}"
    for cause in causes[:1]:
        if cause.pattern_id is not None:
            yield f"orcaops kb show {cause.pattern_id}"
    if may_retry(found) and run.requested is not None and not run.masked:
        yield f"orcaops jobs rerun {run.job_id}"
    if found.last_success is not None:
        yield f"orcaops jobs show {found.last_success.job_id}"
    for past in found.past[:1]:
        yield f"orcaops debug {past.job_id}"
    for anomaly in found.anomalies[:2]:
        yield f"orcaops anomalies show {anomaly.id}"


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
