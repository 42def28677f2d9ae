import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.model.errors import OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Context, LogSummary, Run, Status, Step, Usage
from orcaops.recording.exporter import FORMATS, export
from orcaops.recording.reader import BadLine, ReadOptions, readers

WORD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
MAYBE = st.none() | WORD.filter(bool)
TIME = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
SECONDS = st.none() | st.floats(0, 1e6)


@st.composite
def runs(draw) -> Run:
    at = draw(TIME)
    seconds = draw(st.floats(0, 1e6))
    return Run(
        job_id=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True)),
        key="name:" + draw(WORD),
        status=draw(st.sampled_from([s for s in Status if s.final])),
        cause=draw(st.none() | st.sampled_from(Cause)),
        message=draw(MAYBE),
        exit_code=draw(st.none() | st.integers(0, 255)),
        submitted_at=at,
        started_at=draw(st.none() | st.just(at)),
        finished_at=at + timedelta(seconds=seconds),
        duration_s=seconds,
        steps=tuple(
            Step(command=(word,), started_at=at, duration_s=1.0) for word in draw(st.lists(WORD, max_size=2))
        ),
        name=draw(MAYBE),
        command=draw(WORD),
        effective=draw(st.none() | st.just(JobSpec(command=("a", "b c"), memory=5, env={"A": "b"}))),
        usage=Usage(cpu_seconds=draw(SECONDS), memory_peak_bytes=draw(st.none() | st.integers(0, 2**50))),
        labels=draw(st.dictionaries(WORD, WORD, max_size=2)),
        context=Context(commit=draw(MAYBE), attributes=draw(st.dictionaries(WORD, WORD, max_size=2))),
        intent=draw(MAYBE),
        log=draw(st.none() | st.builds(LogSummary, first_error=MAYBE)),
        source=draw(st.sampled_from(["local", "csv"])),
        teaches=draw(st.booleans()),
        attempt=draw(st.integers(1, 3)),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(runs(), max_size=4), st.sampled_from(FORMATS))
def test_what_is_exported_comes_back_equal(some_runs: list[Run], format_name: str) -> None:
    text = b"".join(export(some_runs, format_name))
    back = list(readers()["orcaops"].read(io.BytesIO(text), ReadOptions()))
    assert back == some_runs


def test_json_is_json() -> None:
    assert json.loads(b"".join(export([], "json"))) == []
    assert b"".join(export([], "jsonl")) == b""
    with pytest.raises(OrcaError):
        export([], "xml")


def test_bad_records_are_reported() -> None:
    text = b'{"job_id": "a"}\nnonsense\n[]\n'
    found = list(readers()["orcaops"].read(io.BytesIO(text), ReadOptions()))
    assert [item.number for item in found if isinstance(item, BadLine)] == [1, 2, 3]
