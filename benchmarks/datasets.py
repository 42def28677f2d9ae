"""Public data sets as histories: read from ``ORCAOPS_BENCH_DATA`` (default ``../shared/data``), never copied.

Each reader yields runs in order of their submission, as ``orcaops.learning.exam`` takes them.
"""

import csv
import gzip
import json
import math
import os
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from benchmarks.row import NotMeasured
from orcaops.learning.replay import PastRun
from orcaops.model.metric import MetricName
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
SWF = (
    "KTH-SP2-1996-2.1-cln",
    "LANL-CM5-1994-4.1-cln",
    "LPC-EGEE-2004-1.2-cln",
    "SDSC-BLUE-2000-4.2-cln",
    "SDSC-DS-2004-2.1-cln",
)


def folder() -> Path:
    """Where the data lie; raises ``NotMeasured`` where they don't."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = Path(os.environ.get("ORCAOPS_BENCH_DATA", default))
    if not path.is_dir():
        raise NotMeasured(f"no data in {path}; set ORCAOPS_BENCH_DATA to the folder that holds them")
    return path


def file(*parts: str) -> Path:
    """A file of the data; raises ``NotMeasured`` if it is absent."""
    path = folder().joinpath(*parts)
    if not path.exists():
        raise NotMeasured(f"{path} is absent")
    return path


def opened(path: Path) -> IO[str]:
    """A text file, unpacked if need be."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def run(
    number: int,
    key: str,
    submitted_s: float,
    finished_s: float,
    *,
    duration_s: float | None = None,
    memory_bytes: float | None = None,
    memory_limit_bytes: int | None = None,
    failed: bool = False,
    scopes: dict[str, str] | None = None,
    commit: str | None = None,
) -> PastRun:
    """A run of the past from plain numbers; times are seconds since any beginning."""
    at = _EPOCH + timedelta(seconds=finished_s)
    submitted_at = _EPOCH + timedelta(seconds=submitted_s)
    status = Status.FAILED if failed else Status.SUCCEEDED

    def sample(metric: str, value: float) -> Sample:
        return Sample(
            job_id=f"r{number}",
            key=key,
            metric=metric,
            value=value,
            at=at,
            number=number,
            status=status,
            cause=Cause.COMMAND_FAILED if failed else Cause.SUCCESS,
            scopes=scopes or {},
            submitted_at=submitted_at,
            memory_limit_bytes=memory_limit_bytes,
            commit=commit,
        )

    samples = [sample(MetricName.FAILURE, float(failed))]
    if duration_s is not None:
        samples.append(sample(MetricName.FAILED_DURATION if failed else MetricName.DURATION, duration_s))
    if memory_bytes is not None:
        samples.append(sample(MetricName.MEMORY, memory_bytes))
    return PastRun(submitted_at, at, samples)


def azure_series() -> list[tuple[str, list[float]]]:
    """Repeated benchmark runs on cloud machines: 361 series of 800 values, each scaled to begin at 60 s."""
    series = []
    with opened(file("azure_vm_noise", "series.csv.gz")) as lines:
        for line in csv.reader(lines):
            values = [float(text) for text in line[1:]]
            series.append((line[0], [60.0 * value / values[0] for value in values]))
    return series


def one_after_another(key: str, values: Sequence[float]) -> Iterator[PastRun]:
    """Runs of one key, each submitted when the one before had ended."""
    at = 0.0
    for number, value in enumerate(values):
        yield run(number, key, at, at + value, duration_s=value)
        at += value


def travis(shortest_s: float = 1.0) -> Iterator[PastRun]:
    """Commands of real CI builds that took at least ``shortest_s``."""
    with opened(file("travis_commands", "commands.csv.gz")) as lines:
        rows = [row for row in csv.DictReader(lines) if float(row["duration_s"]) >= shortest_s]
    rows.sort(key=lambda row: float(row["start_epoch_s"]))
    for number, row in enumerate(rows):
        start, duration = float(row["start_epoch_s"]), float(row["duration_s"])
        command = row["command"]
        scopes = {
            "command": command,
            "tool": f"{row['repo']} {' '.join(command.split()[:2])}",
            "image": row["repo"],
        }
        failed = row["exit_code"] not in ("", "0")
        yield run(
            number,
            f"{row['repo']}|{command}",
            start,
            start + duration,
            duration_s=duration,
            failed=failed,
            scopes=scopes,
        )


def nextflow() -> Iterator[PastRun]:
    """Tasks of scientific workflows in containers, with their peaks of memory."""
    rows = []
    for path in sorted(folder().glob("sizey_traces/*.csv")):
        with opened(path) as lines:
            rows += [(path.stem, row) for row in csv.DictReader(lines)]
    if not rows:
        raise NotMeasured(f"{folder()}/sizey_traces is absent")
    rows.sort(key=lambda entry: float(entry[1]["submit"]))
    number = 0
    for workflow, row in rows:
        try:
            submit, complete = float(row["submit"]) / 1000, float(row["complete"]) / 1000
            realtime, peak = float(row["realtime"]) / 1000, float(row["peak_rss"])
        except ValueError:
            continue
        if realtime <= 0 or complete < submit:
            continue
        number += 1
        yield run(
            number,
            f"{workflow}|{row['process']}",
            submit,
            complete,
            duration_s=realtime,
            memory_bytes=peak if peak > 0 else None,
            memory_limit_bytes=int(row["memory"]) if row["memory"].isdigit() else None,
            failed=row["exit"] != "0",
            scopes={"command": row["process"], "tool": row["container"], "image": workflow},
        )


def swf(name: str, limit: int = 40_000) -> Iterator[PastRun]:
    """The first jobs of a batch log; the same work is the same user, program, processors and request."""
    count = 0
    with opened(file("pwa_swf", f"{name}.swf.gz")) as lines:
        for line in lines:
            if line.startswith(";") or not line.strip():
                continue
            values = line.split()
            submit, wait, duration = float(values[1]), float(values[2]), float(values[3])
            status, user, program = int(values[10]), values[11], values[13]
            if duration <= 0 or status not in (0, 1):
                continue
            count += 1
            if count > limit:
                return
            yield run(
                count,
                f"{user}|{program}|{values[7]}|{values[8]}",
                submit,
                submit + max(wait, 0) + duration,
                duration_s=duration,
                failed=status != 1,
                scopes={"command": f"{user}|{program}", "tool": user, "image": program},
            )


PROJECTS = ("cloudify", "jruby", "openproject", "rails", "sonarqube")


def builds(project: str, late: int = 0) -> Iterator[PastRun]:
    """Builds of one project in order, with outcomes that become known ``late`` builds later."""
    with opened(file("dl_cibuild", f"{project}.csv.gz")) as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            at = float(number * 3600)
            yield run(
                number,
                project,
                at,
                at + 3600 * late + 1,
                failed=row["build_Failed"] == "1",
                commit=str(number),
            )


def annotated_changes() -> Iterator[tuple[str, list[float], list[list[int]]]]:
    """Series of one dimension with the places where each annotator saw a change.

    Values are logarithms where all are above zero, else in standard deviations.
    """
    annotations = json.loads(file("tcpd", "annotations.json").read_text())
    for name, by_person in sorted(annotations.items()):
        path = folder() / "tcpd" / f"{name}.json"
        if not path.is_file():
            continue
        document = json.loads(path.read_text())
        raw = document["series"][0]["raw"]
        if document["n_dim"] != 1 or any(value is None for value in raw):
            continue
        if min(raw) > 0:
            values = [math.log(value) for value in raw]
        else:
            spread = statistics.pstdev(raw) or 1.0
            values = [value / spread for value in raw]
        yield name, values, list(by_person.values())
