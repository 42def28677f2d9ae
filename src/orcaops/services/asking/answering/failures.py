"""Answers about failures: why, what changed, what ended them before, which are flaky, what was unusual."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice

from orcaops.model.anomaly import Anomaly
from orcaops.model.debug import Change
from orcaops.model.inquiry import TEST, Finding, Inquiry, Kind, Measure
from orcaops.model.quantities import show_time
from orcaops.model.query import EVERYTHING, And, Compare, Comparison, Or, Query, Words
from orcaops.model.run import Run, Status
from orcaops.recording.figures import Figure
from orcaops.services.asking.answering.runs import words_of
from orcaops.services.asking.answering.sources import (
    FEW_JOBS,
    Answered,
    Sources,
    beside_failed,
    both,
    counted,
    shown_rows,
    split_times,
    unfilled,
)
from orcaops.services.asking.answering.what_failed import counted_by_what_failed

_EXPLAINED = 3  # failures that are explained one by one; reading logs takes time
_LOOKED_BACK = 40  # failures whose end is looked for
_LOOKED_THROUGH = 1000  # failures among which those of a kind are looked for
_ANOMALIES = 1000
_SUCCESSES = 5000  # of one job, in which the end of a failure is looked for
_RETRY = "nothing known: it was tried again"
_SUCCEEDED = Compare("status", Comparison.EQUAL, Status.SUCCEEDED.value)
_BAD = Or(
    tuple(
        Compare("status", Comparison.EQUAL, status.value)
        for status in (Status.FAILED, Status.TIMED_OUT, Status.LOST)
    )
)
_TYPES = {
    Measure.DURATION: ("duration", "regression", "improvement", "stalled"),
    Measure.MEMORY: ("memory",),
    Measure.WAIT: ("queue_wait",),
    Measure.FAILURES: ("error", "flaky", "degradation", "repeat_failure", "incident", "retry_storm"),
}


def explained(inquiry: Inquiry, sources: Sources) -> Answered:
    """Why the latest matching failures happened, one for each job."""
    with sources.store.read() as transaction:
        query = sources.query(inquiry.where)
        page = transaction.runs.page(sources.workspace, query, limit=100)
        if not page.items and (unlike := beside_failed(query)) is not None:
            page = transaction.runs.page(sources.workspace, unlike, limit=100)  # they did not pass either
    if not page.items:
        return Answered("No run matches, so there is nothing to explain.")
    latest: dict[str, Run] = {}
    for run in page.items:
        latest.setdefault(run.key, run)
    alike = Counter(run.key for run in page.items)
    rows = []
    for run in islice(latest.values(), _EXPLAINED):
        analysis = sources.failures.debug(sources.workspace, run.job_id)
        quotes = [quote.text for cause in analysis.likely_causes[:1] for quote in cause.quotes[:1]]
        quotes = quotes or [quote.text for quote in analysis.evidence[:1]]
        fixes = [fix.action for fix in analysis.suggested_fixes[:1]]
        text = (
            analysis.summary
            + (f" It printed “{quotes[0].strip()}”." if quotes else "")
            + (f" Try: {fixes[0].rstrip('.')}." if fixes else "")
        )
        others = [one.job_id for one in page.items if one.key == run.key][:FEW_JOBS]
        rows.append(
            Finding(
                what=run.key,
                text=text,
                n=alike[run.key],
                value=alike[run.key],
                unit="runs",
                job_ids=tuple(others),
            )
        )
    first = next(iter(latest.values()))
    total = "more than 10 000" if page.total is None else str(page.total)
    matched = "1 run matches" if page.total == 1 else f"{total} runs match"
    notes = [f"`orcaops debug {first.job_id}` tells all of it"]
    if len(latest) > _EXPLAINED:
        notes.append(f"{counted(len(latest) - _EXPLAINED, 'more job')} failed; ask about each by its name")
    head = f"{matched}; " if page.total != 1 else ""
    return Answered(f"{head}{first.job_id}: {rows[0].text}", rows, notes)


def changed(inquiry: Inquiry, sources: Sources) -> Answered:
    """What is different between the latest failure and the last success before it."""
    from orcaops.services.explaining.differences import changes_between

    query = sources.query(inquiry.where)
    with sources.store.read() as transaction:
        bad = transaction.runs.page(sources.workspace, both(query, _BAD), limit=1).items
        if not bad:
            return Answered("No matching run has failed.")
        run = bad[0]
        before = _of_key(run, Comparison.BELOW)
        good = transaction.runs.page(sources.workspace, both(before, _SUCCEEDED), limit=1).items
    if not good:
        return Answered(f"{run.job_id} failed, and {run.key} has no success before it to compare with.")
    changes = changes_between(good[0], run)
    rows = [
        Finding(
            what=one.what,
            text=f"{one.before or 'none'} → {one.after or 'none'}",
            job_ids=(good[0].job_id, run.job_id),
        )
        for one in changes
    ]
    between = (
        f"Between the last success {good[0].job_id} ({show_time(good[0].submitted_at)}) and {run.job_id}"
    )
    if not rows:
        pair = Finding(what=run.key, text="no known difference", job_ids=(good[0].job_id, run.job_id))
        return Answered(
            f"{between} nothing that is recorded changed: it may be flaky, or the world outside.", [pair]
        )
    return Answered(f"{between} changed: {', '.join(row.what for row in rows)}.", rows)


def fixed(inquiry: Inquiry, sources: Sources) -> Answered:
    """What was different in the runs that ended matching failures, by how often."""
    from orcaops.services.explaining.differences import changes_between

    cases: list[tuple[Run, Run, tuple[Change, ...]]] = []
    still: list[Run] = []
    looked: set[tuple[str, str]] = set()
    later: dict[str, list[Figure]] = {}
    with sources.store.read() as transaction:
        query = both(sources.query(inquiry.where), _BAD)
        page = transaction.runs.page(sources.workspace, query, limit=_LOOKED_BACK)
    bad, meant = (page.items, "") if page.items else _alike(inquiry, sources)
    with sources.store.read() as transaction:
        for run in bad:
            if run.key not in later:  # the successes since the earliest of these failures, latest first
                since = min(one.submitted_at for one in bad if one.key == run.key)
                of_key = _of_key(run.changed(submitted_at=since), Comparison.ABOVE)
                found = transaction.runs.figures(
                    sources.workspace, both(of_key, _SUCCEEDED), None, most=_SUCCESSES
                )
                later[run.key] = found
            behind = [one for one in later[run.key] if one.at > run.submitted_at]
            if not behind:
                still.append(run)
            elif (run.key, behind[-1].job_id) not in looked:  # of failures in a row the last one was ended
                looked.add((run.key, behind[-1].job_id))
                good = transaction.runs.get(sources.workspace, behind[-1].job_id)
                cases.append((run, good, changes_between(run, good)))
    proven = _proven(bad[0], sources) if bad else []
    advice = proven or _known(inquiry, sources)
    if not bad:
        if advice:
            return Answered("It has not happened here; what is known of such failures:", advice)
        return Answered("No failure matches, so nothing has ended one.")
    notes = [f"no output has these words; what is meant: {meant}"] if meant else []
    notes += [f"{counted(len(still), 'failure')} had no success after"] if still else []
    if page.next_cursor:
        notes.append(f"the latest {_LOOKED_BACK} failures were looked at")
    if not cases:
        return Answered(f"Nothing yet: no success has followed {still[0].job_id}.", advice, notes)
    with_change: dict[str, list[tuple[Run, Run, tuple[Change, ...]]]] = defaultdict(list)
    for case in cases:
        for what in [one.what for one in case[2]] or [_RETRY]:
            with_change[what].append(case)
    rows = [
        Finding(
            what=what,
            value=len(some),
            unit="failures ended",
            n=len(cases),
            text=f"{len(some)} of {len(cases)}; {_example(some[0], what)}",
            job_ids=tuple(
                dict.fromkeys(job for bad, good, _ in some[:2] for job in (good.job_id, bad.job_id))
            ),
        )
        for what, some in sorted(with_change.items(), key=lambda one: (-len(one[1]), one[0]))
    ][: shown_rows(inquiry, sources)]
    said = ", ".join(f"{row.what} in {row.value:.0f}" for row in rows[:3])
    one = "1 failure was" if len(cases) == 1 else f"{len(cases)} failures were"
    best = f" {proven[0].text}" if proven else ""
    return Answered(f"{one} followed by a success; changed had: {said}.{best}", [*rows, *advice], notes)


def _proven(run: Run, sources: Sources) -> list[Finding]:
    """What was learned to end failures like this one, best first, with how sure that is."""
    if sources.remedies is None:
        return []
    with sources.store.read() as transaction:
        failure = transaction.diagnoses.find(sources.workspace, [run.job_id]).get(run.job_id)
        if failure is None:
            return []
        solutions, _ = sources.remedies().of_failure(transaction, failure, run)
    return [
        Finding(
            what=one.text,
            value=one.effect.helped,
            unit="failures ended",
            n=one.effect.n,
            text=one.sentence
            + (
                f" It helps in {one.effect.low:.0%} or more, by the lower end of an 80% interval."
                if one.effect.low
                else ""
            ),
        )
        for one in solutions
        if one.effect.n and one.sentence
    ]


def _alike(inquiry: Inquiry, sources: Sources) -> tuple[tuple[Run, ...], str]:
    """The latest failures of a known kind that such words describe, and what that kind is called."""
    words = words_of(inquiry.where)
    if not words:
        return (), ""
    query = both(_without_words(sources.query(inquiry.where)), _BAD)
    with sources.store.read() as transaction:
        failed = transaction.runs.page(sources.workspace, query, limit=_LOOKED_THROUGH).items
        taken_for = transaction.diagnoses.find(sources.workspace, [run.job_id for run in failed])
    for kind in sources.meaning.search(sources.workspace, words).found:
        if kind.pattern_id is None:
            continue
        of_kind = tuple(
            run
            for run in failed
            if run.job_id in taken_for and kind.pattern_id in taken_for[run.job_id].patterns
        )
        if of_kind:
            return of_kind[:_LOOKED_BACK], unfilled(kind.title)
    return (), ""


def _without_words(query: Query) -> Query:
    """A search without the words that it looks for in outputs."""
    if isinstance(query, And):
        return And(tuple(part for part in query.parts if not isinstance(part, Words)))
    return EVERYTHING if isinstance(query, Words) else query


def _known(inquiry: Inquiry, sources: Sources) -> list[Finding]:
    """What is known to help against failures of such words."""
    words = words_of(inquiry.where)
    found = sources.meaning.search(sources.workspace, words, limit=3).found if words else ()
    return [
        Finding(
            what=unfilled(one.title), text=unfilled(one.text), value=round(one.likeness, 2), unit="likeness"
        )
        for one in found
        if one.pattern_id
    ]


def flaky(inquiry: Inquiry, sources: Sources) -> Answered:
    """Which jobs, or which tests in them, were found flaky and are still."""
    found = [one for one in _anomalies(inquiry, sources, ("flaky",)) if one.open]
    found.sort(key=lambda one: -one.actual if isinstance(one.actual, int | float) else 0.0)
    if inquiry.by == TEST:
        return _flaky_tests(inquiry, found, sources)
    if not found:
        return Answered("No job is known to be flaky.")
    rows = [_row(one) for one in found[: shown_rows(inquiry, sources)]]
    names = ", ".join(row.what for row in rows[:3])
    return Answered(
        f"{counted(len(found), 'job')} {'is' if len(found) == 1 else 'are'} flaky: {names}.", rows
    )


def _flaky_tests(inquiry: Inquiry, found: Sequence[Anomaly], sources: Sources) -> Answered:
    with_tests = [one for one in found if one.evidence.get("tests")]
    rows = []
    for one in with_tests[: shown_rows(inquiry, sources)]:
        row, names = _row(one), _tests_of(one)
        rows.append(row.model_copy(update={"text": f"{', '.join(names)}: {row.text}"}) if names else row)
    if rows:
        others = f", and in {counted(len(with_tests) - 1, 'other job')}" if len(with_tests) > 1 else ""
        return Answered(f"In {with_tests[0].key}{others}: {rows[0].text}.", rows)
    failing = counted_by_what_failed(inquiry.model_copy(update={"kind": Kind.COUNT}), sources)
    jobs = f" Jobs that are: {', '.join(one.key for one in found[:3])}." if found else ""
    most = f" Tests by how often they failed: {failing.rows[0].what} first." if failing.rows else ""
    return Answered(f"No single test is known to be flaky.{jobs}{most}", failing.rows, failing.notes)


def _tests_of(one: Anomaly) -> list[str]:
    """The names of the tests that failed when a job was found flaky, a few at most."""
    tests = one.evidence.get("tests")
    if not isinstance(tests, dict):
        return []
    named = [*(tests.get("newly_failing") or ()), *(tests.get("already_failing") or ())]
    return [str(each) for each in named][:FEW_JOBS]


def anomalies(inquiry: Inquiry, sources: Sources) -> Answered:
    """What was unusual, the most severe first."""
    types = _TYPES.get(inquiry.measure) if inquiry.measure is not None else None
    found = _anomalies(inquiry, sources, types)
    if inquiry.severity is not None:
        milder = len(found)
        found = [one for one in found if one.severity is inquiry.severity]
        if not found and milder:
            others = f"{milder} of another severity {'was' if milder == 1 else 'were'}"
            return Answered(f"Nothing {inquiry.severity.value} was found; {others}.")
    if not found:
        return Answered("Nothing unusual was found.")
    found.sort(key=lambda one: (-one.severity.rank, -one.detected_at.timestamp(), one.id))
    rows = [_row(one) for one in found[: shown_rows(inquiry, sources)]]
    worst = Counter(one.severity.value for one in found)
    spread = ", ".join(f"{worst[name]} {name}" for name in ("critical", "warning", "info") if worst[name])
    notes = [f"the latest {_ANOMALIES} were looked at"] if len(found) >= _ANOMALIES else []
    unusual = "1 thing was" if len(found) == 1 else f"{len(found)} things were"
    still = sum(one.open for one in found)
    goes_on = f"; {still} {'goes' if still == 1 else 'go'} on" if still else "; none goes on"
    return Answered(f"{unusual} unusual ({spread}{goes_on}): {found[0].title}.", rows, notes)


def _anomalies(inquiry: Inquiry, sources: Sources, types: Sequence[str] | None) -> list[Anomaly]:
    """Those detected in the time of the search, on runs that match the rest of it."""
    base, start, end = split_times(sources.query(inquiry.where))
    found: list[Anomaly] = []
    with sources.store.read() as transaction:
        for kind in types or (None,):
            filters = {"type": kind} if kind else {}
            cursor: str | None = None
            while len(found) < _ANOMALIES:
                page = transaction.anomalies.page(
                    sources.workspace, filters=filters, limit=200, cursor=cursor
                )
                found += [
                    one
                    for one in page.items
                    if (start is None or (one.last_seen_at or one.detected_at) >= start)
                    and (end is None or one.detected_at < end)
                ]
                cursor = page.next_cursor
                if cursor is None or (start is not None and page.items[-1].detected_at < start):
                    break
        if base == EVERYTHING or not found:
            return found
        fits: set[str] = set()
        jobs = sorted({job for one in found for job in (one.job_id, *one.job_ids)})
        for place in range(0, len(jobs), 200):
            these = Or(tuple(Compare("job_id", Comparison.EQUAL, job) for job in jobs[place : place + 200]))
            rows = transaction.runs.figures(sources.workspace, both(base, these), None, most=200)
            fits |= {row.job_id for row in rows}
    return [one for one in found if fits & {one.job_id, *one.job_ids}]


def _row(one: Anomaly) -> Finding:
    return Finding(
        what=one.key,
        value=one.run_count,
        unit="runs",
        n=one.run_count,
        text=f"{one.severity.value}: {one.title} ({one.type}, {show_time(one.detected_at)})",
        job_ids=(one.job_id, *(job for job in one.job_ids[-(FEW_JOBS - 1) :] if job != one.job_id)),
    )


def _of_key(run: Run, comparison: Comparison) -> Query:
    return And(
        (Compare("key", Comparison.EQUAL, run.key), Compare("submitted_at", comparison, run.submitted_at))
    )


def _example(case: tuple[Run, Run, tuple[Change, ...]], what: str) -> str:
    run, good, changes = case
    told = next(
        (f": {one.before or 'none'} → {one.after or 'none'}" for one in changes if one.what == what), ""
    )
    return f"{run.job_id} failed, {good.job_id} passed{told}"


KINDS = {
    Kind.EXPLAIN: explained,
    Kind.CHANGES: changed,
    Kind.FIXES: fixed,
    Kind.FLAKY: flaky,
    Kind.ANOMALIES: anomalies,
}
