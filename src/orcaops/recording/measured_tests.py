"""Tests of a run → samples: each test is learned like a job of its own, under ``<key>|test:<id>``.

=============  ==============================================================================
metric         when
=============  ==============================================================================
test_failure   1 if it failed or erred, 0 if it passed; both, in this order, if it passed on a
               second attempt; ``detail`` is what it said
test_duration  it passed, and its time is known, in seconds
tests          once, behind those of all tests: how many failed
=============  ==============================================================================

Where more than half of the tests failed, and more than ten, something that they have in common failed: that
says nothing about each of them, so only ``tests`` counts it. Skipped tests say nothing. The scope ``job`` is
the key of the job that the tests belong to.
"""

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from orcaops.model.metric import MetricName
from orcaops.model.run import Run, Status
from orcaops.model.sample import Sample
from orcaops.model.test_case import CaseStatus, TestCase, key_of_case

_FEW = 10
_LONGEST_DETAIL = 160


def samples_of_tests(run: Run, number: int, at: datetime, cases: Sequence[TestCase]) -> list[Sample]:
    """The samples of the tests of a final run that ended ``at``; none if it had no tests. Pure."""
    if run.tests is None or not run.tests.total:
        return []
    scopes = MappingProxyType({"job": run.key, "all": run.workspace})
    together = run.tests.failed > _FEW and 2 * run.tests.failed > run.tests.total - run.tests.skipped
    context = run.context
    arm = run.trial.arm if run.trial is not None and run.trial.stage != "kept" else None
    samples: list[Sample] = []

    def add(key: str, metric: str, value: float, status: Status, detail: str | None = None) -> None:
        samples.append(
            Sample(
                workspace=run.workspace,
                job_id=run.job_id,
                key=key,
                metric=metric,
                value=value,
                at=at,
                number=number,
                status=status,
                cause=run.cause,
                detail=detail,
                scopes=scopes,
                image_digest=run.image_digest,
                command=run.command,
                commit=context.commit,
                branch=context.branch,
                host=context.host,
                arm=arm,
                submitted_at=run.submitted_at,
                started_at=run.started_at,
            )
        )

    for case in cases:
        status = case.status
        if status is CaseStatus.SKIPPED:
            continue
        key = key_of_case(run.key, case.id)
        said = case.message.partition("\n")[0][:_LONGEST_DETAIL] if case.message else None
        if status is CaseStatus.PASSED:
            if case.attempts > 1:
                add(key, MetricName.TEST_FAILURE, 1.0, Status.FAILED, said)
            add(key, MetricName.TEST_FAILURE, 0.0, Status.SUCCEEDED)
            if case.duration_s is not None:
                add(key, MetricName.TEST_DURATION, case.duration_s, Status.SUCCEEDED)
        elif not together:
            add(key, MetricName.TEST_FAILURE, 1.0, Status.FAILED, said)
    add(run.key, MetricName.TESTS, float(run.tests.failed), run.status)
    return samples
