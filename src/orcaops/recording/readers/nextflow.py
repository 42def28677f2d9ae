"""nextflow: the trace of a pipeline, one task per row, as ``-with-trace`` writes it (tabs or commas)."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from orcaops.model.errors import invalid
from orcaops.model.quantities import parse_duration, parse_size
from orcaops.model.run import Run
from orcaops.recording.foreign_runs import run_of
from orcaops.recording.reader import BadLine, Reader, ReadOptions, text_of

_NOT_RUN = ("CACHED", "SUBMITTED", "RUNNING", "NEW", "-", "")
_CONTEXT = (
    "tag",
    "native_id",
    "hash",
    "rchar",
    "wchar",
    "read_bytes",
    "write_bytes",
    "cpus",
    "module",
    "queue",
)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Nextflow:
    """Raw traces (milliseconds and bytes) and readable ones ("2m 3s", "1.2 GB").

    The same work is the same process: its name is the task's ``process``, or its ``name`` without the tag in
    parentheses. ``realtime`` is the duration, ``peak_rss`` the memory. Cached tasks, which did not run, are
    passed over. Readable times carry no zone and are taken as UTC.
    """

    name: str = "nextflow"

    def sniff(self, beginning: bytes) -> bool:
        """A header with a task's id and real time."""
        header = beginning.split(b"\n", 1)[0]
        return b"task_id" in header and (b"realtime" in header or b"native_id" in header)

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per task that ran. Raises ``invalid`` without a trace's header."""
        with text_of(file) as text:
            header = text.readline()
            if not header.strip():
                return
            separator = "\t" if "\t" in header else ","
            columns = [column.strip() for column in next(csv.reader([header], delimiter=separator))]
            if not {"name", "process"} & set(columns) or not {"start", "submit"} & set(columns):
                raise invalid(
                    "the first line is not the header of a trace",
                    where="line 1",
                    hint="A trace needs 'name' or 'process', 'submit' or 'start', 'realtime', 'status'.",
                )
            rows = csv.reader((line.replace("\x00", "") for line in text), delimiter=separator)
            while True:
                number = rows.line_num + 2
                try:
                    row = next(rows, None)
                    if row is None:
                        break
                    task = {
                        k: v.strip() for k, v in zip(columns, row, strict=False) if v.strip() not in ("", "-")
                    }
                    if task and task.get("status", "COMPLETED") not in _NOT_RUN:
                        yield run_of(_fields(task), self.name, options)
                except (ValueError, csv.Error) as error:
                    yield BadLine(number, str(error))


def _fields(task: dict[str, str]) -> dict[str, Any]:
    started, finished = _time(task, "start"), _time(task, "complete")
    realtime, cpu = _seconds(task, "realtime"), task.get("%cpu", "").rstrip("%")
    if realtime is None:
        realtime = _seconds(task, "duration")
    native = task.get("native_id") or task.get("hash")
    attributes = {name: task[name] for name in _CONTEXT if name in task}
    return {
        "name": task.get("process") or task.get("name", "").split(" (")[0],
        "image": task.get("container"),
        "job_id": f"nextflow-{re.sub('[^A-Za-z0-9_-]', '-', native)}-{task.get('attempt', '1')}"
        if native and finished
        else None,
        "submitted_at": _time(task, "submit"),
        "started_at": started,
        "finished_at": finished,
        "duration_s": realtime,
        "status": {"COMPLETED": "succeeded", "ABORTED": "cancelled"}.get(
            task.get("status", ""), task.get("status")
        ),
        "exit_code": task.get("exit"),
        "memory_resident_bytes": _bytes(task, "peak_rss") or _bytes(task, "rss"),
        "memory_limit_bytes": _bytes(task, "memory"),
        "timeout_s": _seconds(task, "time"),
        "cpu_seconds": float(cpu) / 100 * realtime if cpu and realtime else None,
        "host": task.get("hostname"),
        "attempt": int(task["attempt"]) if task.get("attempt", "").isdigit() else None,
        "attributes": attributes,
    }


def _time(task: dict[str, str], name: str) -> datetime | float | None:
    value = task.get(name)
    if value is None:
        return None
    if _NUMBER.fullmatch(value):
        return float(value) / 1000
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"'{name}' is not a time: {value[:60]!r}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _seconds(task: dict[str, str], name: str) -> float | None:
    value = task.get(name)
    if value is None:
        return None
    return float(value) / 1000 if _NUMBER.fullmatch(value) else parse_duration(value)


def _bytes(task: dict[str, str], name: str) -> int | None:
    value = task.get(name)
    if value is None:
        return None
    if _NUMBER.fullmatch(value):
        if float(value) < 0:
            raise ValueError(f"'{name}' is negative: {value}")
        return int(float(value))
    return parse_size(value) if not value.startswith("0 ") else 0


reader: Reader = Nextflow()
