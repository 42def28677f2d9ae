"""swf: batch logs in the standard workload format of the Parallel Workloads Archive."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from orcaops.model.run import Run
from orcaops.recording.foreign_runs import run_of
from orcaops.recording.reader import BadLine, Reader, ReadOptions, lines_of

_START = re.compile(rb";\s*UnixStartTime:\s*(\d+)")
_FIELDS = 18
_PARTS = (2, 3, 4)  # pieces of a job that was checkpointed; its whole has a line of its own
_CANCELLED = 5


@dataclass(frozen=True, slots=True)
class Swf:
    """One job per line, 18 numbers, -1 for unknown.

    The same work is the same user running the same executable on as many processors: its name is
    ``user U exe E procs P``. Used memory is per processor and is multiplied; so are the request and the CPU
    time. Lines for pieces of a checkpointed job (status 2 to 4) are passed over.
    """

    name: str = "swf"

    def sniff(self, beginning: bytes) -> bool:
        """Comments with semicolons, or lines of 18 numbers."""
        if _START.search(beginning):
            return True
        lines = [
            line.split() for line in beginning.split(b"\n") if line.strip() and not line.startswith(b";")
        ]
        return bool(lines) and len(lines[0]) == _FIELDS and all(_is_number(word) for word in lines[0])

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """Times count from the header's ``UnixStartTime``, or from 1970 where there is none."""
        start = 0
        for number, line in lines_of(file):
            if line is None:
                yield BadLine(number, "the line is longer than 16 MiB")
                continue
            if line.lstrip().startswith(b";") or not line.strip():
                if match := _START.match(line):
                    start = int(match[1])
                continue
            try:
                values = [float(word) for word in line.split()]
                if len(values) != _FIELDS:
                    raise ValueError(f"{len(values)} fields instead of {_FIELDS}")
                if values[10] not in _PARTS:
                    yield run_of(_fields(values, start), self.name, options)
            except (ValueError, OverflowError) as error:
                yield BadLine(number, str(error))


def _fields(values: list[float], start: int) -> dict[str, object]:
    (
        job,
        submit,
        wait,
        run,
        procs,
        cpu,
        memory_kb,
        asked_procs,
        asked_s,
        asked_kb,
        status,
        user,
        group,
        exe,
        queue,
    ) = (None if value == -1 else value for value in values[:15])
    if submit is None:
        raise ValueError("the time of submission is unknown")
    count = procs or asked_procs or 1
    submitted = start + submit
    cancelled = status == _CANCELLED
    if run is None and not cancelled:
        raise ValueError("the run time is unknown")
    ran = run is not None and not (cancelled and run == 0)
    attributes = {"user": user, "group": group, "executable": exe, "queue": queue, "processors": count}
    return {
        "job_id": f"swf-{start}-{_show(job)}-{submit:.0f}" if job is not None else None,
        "name": f"user {_show(user)} exe {_show(exe)} procs {_show(count)}",
        "submitted_at": submitted,
        "started_at": submitted + (wait or 0) if ran else None,
        "duration_s": run if ran else None,
        "status": "cancelled" if cancelled else "failed" if status == 0 else "succeeded",
        "memory_resident_bytes": memory_kb * 1024 * count if memory_kb else None,
        "memory_limit_bytes": asked_kb * 1024 * count if asked_kb else None,
        "cpu_seconds": cpu * count if cpu else None,
        "timeout_s": asked_s or None,
        "attributes": {name: _show(value) for name, value in attributes.items() if value is not None},
    }


def _show(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}"


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


reader: Reader = Swf()
