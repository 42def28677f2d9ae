"""Answers by what failed: failures counted by their diagnosis, or by the tests that failed in them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

from orcaops.model.inquiry import FAILURE, Finding, Inquiry
from orcaops.model.query import Compare, Comparison, Or
from orcaops.model.run import Status
from orcaops.recording.figures import Figure
from orcaops.recording.store import Transaction
from orcaops.services.asking.answering.sources import (
    FEW_JOBS,
    MOST_FIGURES,
    Answered,
    Sources,
    both,
    counted,
    sampled,
    shown_rows,
    unfilled,
)

MOST_WITH_TESTS = 500
"""How many failures are read for their tests; beyond, the latest of them stand for all."""

_AT_ONCE = 500
_LONGEST = 100
_BAD = Or(
    tuple(
        Compare("status", Comparison.EQUAL, each.value)
        for each in (Status.FAILED, Status.TIMED_OUT, Status.LOST)
    )
)
_Names = Callable[[Transaction, list[Figure], Sources], Mapping[str, list[str]]]


def counted_by_what_failed(inquiry: Inquiry, sources: Sources) -> Answered:
    """Failures by ``failure`` (what they are taken to have failed of) or ``test`` (a run may count often)."""
    by_diagnosis = inquiry.by == FAILURE
    most, names = (MOST_FIGURES, _diagnoses) if by_diagnosis else (MOST_WITH_TESTS, _tests)
    with sources.store.read() as transaction:
        query = both(sources.query(inquiry.where), _BAD)
        runs = transaction.runs.figures(sources.workspace, query, None, most=most)
        told = names(transaction, runs, sources)
    if not runs:
        return Answered("No run that failed matches.")
    jobs: dict[str, list[str]] = defaultdict(list)
    for run in runs:
        for name in told.get(run.job_id, ()):
            jobs[name].append(run.job_id)
    times = Counter({name: len(some) for name, some in jobs.items()})
    ordered = sorted(times, key=lambda name: (times[name] * (1 if inquiry.least else -1), name))
    rows = [
        Finding(
            what=name,
            value=times[name],
            unit="failures",
            n=times[name],
            text=f"{counted(times[name], 'failure')}, {times[name] / len(runs):.0%}",
            job_ids=tuple(jobs[name][:FEW_JOBS]),
        )
        for name in ordered[: shown_rows(inquiry, sources)]
    ]
    silent = len(runs) - len({job for some in jobs.values() for job in some})
    notes = sampled(len(runs), most)
    if silent:
        notes.append(
            f"{counted(silent, 'failure')} {'is not diagnosed' if by_diagnosis else 'named no test'}"
        )
    if not rows:
        return Answered(f"{counted(len(runs), 'failure')}; of none is it known what failed.", [], notes)
    head = (
        f"{counted(len(runs), 'failure')} of {counted(len(times), 'kind')}"
        if by_diagnosis
        else (f"{counted(len(times), 'test')} failed in {counted(len(runs) - silent, 'run')}")
    )
    top = max(times, key=lambda name: (times[name], name))
    return Answered(f"{head}; most often: {top}, {times[top]} ({times[top] / len(runs):.0%}).", rows, notes)


def _diagnoses(transaction: Transaction, runs: list[Figure], sources: Sources) -> dict[str, list[str]]:
    titles = sources.meaning.titles(sources.workspace)
    found: dict[str, list[str]] = {}
    for place in range(0, len(runs), _AT_ONCE):
        some = runs[place : place + _AT_ONCE]
        diagnoses = transaction.diagnoses.find(sources.workspace, [run.job_id for run in some])
        for job_id, one in diagnoses.items():
            title = next((unfilled(titles[each]) for each in one.patterns if each in titles), None)
            said = title or (one.by_engine or "").replace("_", " ") or one.text
            found[job_id] = [said[:_LONGEST] or "it said nothing"]
    return found


def _tests(transaction: Transaction, runs: list[Figure], sources: Sources) -> dict[str, list[str]]:
    return {run.job_id: list(_failing(transaction, run.job_id, sources)) for run in runs}


def _failing(transaction: Transaction, job_id: str, sources: Sources) -> Iterator[str]:
    seen = set()
    for case in transaction.test_cases.of_run(sources.workspace, job_id):
        if case.status.bad and case.id not in seen:
            seen.add(case.id)
            yield case.id[:_LONGEST]
