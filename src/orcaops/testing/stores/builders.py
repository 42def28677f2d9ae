"""What the checks of stores are made of: records, filters, and how lists are read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.query import Compare, Comparison
from orcaops.model.run import Cause, Phase, PhaseName, Run, Status, Step, Usage

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""When the first run of :func:`make_run` was submitted."""

ODD = (
    "o'brien",
    'say "x"',
    "100%",
    "a_b",
    "a*b",
    "a?b",
    "[a]",
    "ünï-çødé 雪 🐳",
    "back\\slash",
    "; DROP TABLE runs;--",
)
"""Texts that a careless statement or pattern would take for something else."""


def make_run(number: int, **changes: Any) -> Run:
    """A finished run; ``number`` makes its id, and its submission that many minutes after START."""
    at = START + timedelta(minutes=number)
    fields: dict[str, Any] = {
        "job_id": f"job-{number:04}",
        "key": "image:python:3.11|command:pytest",
        "status": Status.SUCCEEDED,
        "cause": Cause.SUCCESS,
        "exit_code": 0,
        "submitted_at": at,
        "started_at": at + timedelta(seconds=2),
        "finished_at": at + timedelta(seconds=12),
        "duration_s": 10.0,
        "image": "python:3.11",
        "command": "pytest",
        "executor": "process",
        "requested": JobSpec(image="python:3.11", command=("pytest",), memory=512 * 1024**2),
        "usage": Usage(cpu_seconds=9.5, memory_peak_bytes=200_000_000, exact=True, basis="cgroup_v2"),
        "phases": {PhaseName.RUN: Phase(started_at=at, duration_s=10.0)},
        "steps": (Step(command=("pytest",), started_at=at, duration_s=10.0, exit_code=0),),
    }
    return Run.model_validate({**fields, **changes})


def make_anomaly(name: str, **changes: Any) -> Anomaly:
    """An open warning on the key of :func:`make_run`."""
    fields: dict[str, Any] = {
        "id": name,
        "job_id": "job-0001",
        "type": "duration",
        "severity": Severity.WARNING,
        "title": "twice as slow",
        "description": "…",
        "expected": 10.0,
        "actual": 20.0,
        "detected_at": START,
        "key": "image:python:3.11|command:pytest",
        "detector": "duration",
    }
    return Anomaly.model_validate({**fields, **changes})


def equal(field: str, value: Any, name: str | None = None) -> Compare:
    """``field:value``."""
    return Compare(field, Comparison.EQUAL, value, name)


def like(field: str, value: str, name: str | None = None) -> Compare:
    """``field:val*``."""
    return Compare(field, Comparison.LIKE, value, name)


def above(field: str, value: Any) -> Compare:
    """``field:>value``."""
    return Compare(field, Comparison.ABOVE, value)


def ids(runs: Any) -> list[str]:
    """The ids of runs, in their order."""
    return [run.job_id for run in runs]


def all_pages(page: Callable[[str | None], Any]) -> list[Any]:
    """Everything behind a paged list, page after page."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        one = page(cursor)
        items.extend(one.items)
        cursor = one.next_cursor
        if cursor is None:
            return items


def refused(code: ErrorCode) -> Any:
    """``with refused(ErrorCode.CONFLICT): …``"""
    return pytest.raises(OrcaError, check=lambda error: error.code is code)
