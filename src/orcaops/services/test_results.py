"""TestResults: the tests inside jobs, and what is normal for them."""

from typing import Literal

import orjson

from orcaops.learning.case_baselines import describe_test
from orcaops.learning.case_history import LEARNER, VERSION
from orcaops.model.baseline import Baseline
from orcaops.model.debug import DebugAnalysis
from orcaops.model.errors import not_found
from orcaops.model.query import DEFAULT_LIMIT, Page, no_such_page, page_of
from orcaops.model.test_case import BEHIND, CaseStatus, TestCase
from orcaops.recording.store import MemoryKey, Store, Transaction

Wanted = Literal["failed", "passed", "skipped"]
"""Which tests: ``failed`` are those that erred, too."""

_NAMED = 3
_LONGEST_NAME = 80  # an explanation is short whatever tests are called
_ORDER = {CaseStatus.FAILED: 0, CaseStatus.ERROR: 0, CaseStatus.PASSED: 1, CaseStatus.SKIPPED: 2}
_WANTED = {"failed": 0, "passed": 1, "skipped": 2}


class TestResults:
    """What became of the tests of a run."""

    __test__ = False

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self,
        workspace: str,
        job_id: str,
        *,
        status: Wanted | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[TestCase]:
        """The tests of a run: what failed first, then what passed, each in the order of the report.

        ``text`` is a part of the id or the message. Raises ``not_found`` for a job or a page that is not
        there.
        """
        with self._store.read() as transaction:
            run = transaction.runs.get(workspace, job_id)
            found = transaction.test_cases.of_run(workspace, job_id) if run.tests is not None else []
        if status is not None:
            found = [case for case in found if _ORDER[case.status] == _WANTED[status]]
        found.sort(key=lambda case: _ORDER[case.status])
        return page_of(
            found, limit=limit, cursor=cursor, text=text, told=lambda case: [case.id, case.message]
        )


def with_failing_tests(analysis: DebugAnalysis, store: Store, workspace: str) -> DebugAnalysis:
    """The explanation of a failed run with its tests that failed, named in the summary."""
    with store.read() as transaction:
        run = transaction.runs.get(workspace, analysis.job_id)
        if run.tests is None or not run.tests.failed:
            return analysis
        failing = failing_tests(transaction, workspace, run.job_id, most=_NAMED)
    names = ", ".join(case.id[:_LONGEST_NAME] for case in failing)
    more = run.tests.failed - len(failing)
    named = f": {names}" + (f" and {more} more" if more > 0 else "") if names else ""
    step = (f"orcaops jobs tests --failed {run.job_id}",) if names else ()
    return analysis.model_copy(
        update={
            "summary": f"{analysis.summary} {run.tests.sentence()}{named}.",
            "next_steps": (*step, *analysis.next_steps),
        }
    )


def failing_tests(transaction: Transaction, workspace: str, job_id: str, most: int) -> list[TestCase]:
    """The first of the tests of a run that failed."""
    found = transaction.test_cases.of_run(workspace, job_id)
    return [case for case in found if case.status.bad][:most]


def baseline_of_test(transaction: Transaction, workspace: str, key: str) -> Baseline:
    """What is normal for one test, by its key. Raises ``not_found``."""
    address = MemoryKey(workspace, LEARNER, VERSION, "", "key", key)
    record = transaction.memories.get_many([address]).get(address)
    memory = orjson.loads(record) if record is not None else {}
    if not memory:
        raise not_found(
            f"nothing is known of {key!r}",
            where="key",
            hint=f"`orcaops baselines list --tests-of {key.partition(BEHIND)[0]!r}` shows the job's tests.",
        )
    return describe_test(memory, workspace=workspace, key=key)


def baselines_of_tests(
    transaction: Transaction, workspace: str, key: str, *, text: str, limit: int, cursor: str | None
) -> Page[Baseline]:
    """What is normal for the tests of a job, by their ids; ``text`` is a part of the id."""
    prefix = key + BEHIND
    if cursor is not None and not cursor.startswith(prefix):
        raise no_such_page()
    after, found = cursor or "", list[Baseline]()
    while True:
        rows = transaction.memories.below(workspace, LEARNER, VERSION, prefix, after=after, limit=limit + 1)
        for address, record in rows:
            if text in address.scope[len(prefix) :] and (memory := orjson.loads(record)):
                found.append(describe_test(memory, workspace=workspace, key=address.scope))
                if len(found) > limit:
                    return Page[Baseline](items=tuple(found[:limit]), next_cursor=found[limit - 1].key)
        if len(rows) <= limit:
            return Page[Baseline](items=tuple(found))
        after = rows[-1][0].scope
