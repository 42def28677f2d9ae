"""The store as it grows: first pages and searches over a large history beside a small one."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.row import Row
from orcaops.model.run import Cause, Context, Run, Status, Usage
from orcaops.recording.query import parse_query
from orcaops.recording.sql import open_store
from orcaops.recording.store import Store

START = datetime(2025, 1, 1, tzinfo=UTC)
SPAN_S = 365 * 86400.0
AT_ONCE = 2000
WORDS = [f"word{number}" for number in range(5000)]

QUERIES = {
    "first page of jobs": "",
    "search: frequent value": "status:failed",
    "search: beginning of a value": "image:x*",
    "search: label": "label:team=a",
    "search: number": "duration:>60",
    "search: frequent together": "status:failed duration:>20",
    "search: three together": "status:failed image:python* duration:>20",
    "search: by time": "status:failed before:2025-06-01",
    "text: frequent word": "traceback",
    "text: one run in two hundred": "word77",
    "text and value": "passed label:team=a",
}


def history(size: int, dice: random.Random) -> Iterator[tuple[Run, str]]:
    """That many runs of one year, in order, each with the text of its log."""
    for number in range(size):
        job = int(dice.paretovariate(0.9)) % 2000
        image = f"{'python' if job % 3 else f'x{job}'}:{job % 7}"
        command = f"pytest tests/mod{job} -q"
        failed = dice.random() < 0.05
        duration_s = dice.lognormvariate(3, 1.2)
        at = START + timedelta(seconds=SPAN_S * number / size)
        run = Run(
            job_id=f"job{number:07}",
            key=f"image:{image}|command:{command}",
            status=Status.FAILED if failed else Status.SUCCEEDED,
            cause=Cause.COMMAND_FAILED if failed else Cause.SUCCESS,
            exit_code=int(failed),
            submitted_at=at,
            started_at=at + timedelta(seconds=1),
            finished_at=at + timedelta(seconds=1 + duration_s),
            duration_s=duration_s,
            image=image,
            command=command,
            usage=Usage(cpu_seconds=duration_s * 0.8, memory_peak_bytes=int(dice.lognormvariate(18, 1))),
            labels={"team": "abcdefghij"[job % 10]},
            context=Context(commit=f"{dice.getrandbits(64):016x}", branch="main", host=f"h{job % 20}"),
            source="jsonl",
        )
        yield run, " ".join(dice.choices(WORDS, k=25)) + (" Traceback" if failed else " passed")


def filled(path: Path, size: int) -> tuple[Store, float, float]:
    """A store with that many runs, and how many a second it took in its first and its last tenth."""
    store = open_store(f"sqlite:///{path}")
    rates: list[float] = []
    batch: list[tuple[Run, str]] = []
    for each in history(size, random.Random(1)):
        batch.append(each)
        if len(batch) == AT_ONCE:
            began = time.perf_counter()
            with store.write() as transaction:
                transaction.runs.add_new([run for run, _ in batch], {run.job_id: text for run, text in batch})
            rates.append(AT_ONCE / (time.perf_counter() - began))
            batch = []
    tenth = max(1, len(rates) // 10)
    return store, statistics.median(rates[:tenth]), statistics.median(rates[-tenth:])


def page_ms(store: Store, text: str, times: int) -> float:
    """The median time of a first page, in milliseconds."""
    query = parse_query(text, START)
    taken = []
    for _ in range(times):
        with store.read() as transaction:
            began = time.perf_counter()
            transaction.runs.page("default", query)
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def rows(quick: bool) -> Iterator[Row]:
    """A hundredfold history beside the small one, page by page, and inserting at its end."""
    small_size, large_size = (10_000, 100_000) if quick else (10_000, 1_000_000)
    with tempfile.TemporaryDirectory(prefix="orcaops-bench-") as folder:
        small, _, _ = filled(Path(folder) / "small.db", small_size)
        large, first, last = filled(Path(folder) / "large.db", large_size)
        of = f"made up, {large_size} and {small_size} runs"
        for name, text in QUERIES.items():
            yield Row(
                row=name,
                figure="ms",
                value=page_ms(large, text, 15),
                rival=f"with {small_size} runs",
                rival_value=page_ms(small, text, 15),
                n=15,
                set=of,
                bar="≤ 2",
            )
        yield Row(
            row="inserting, logs indexed",
            figure="runs/s, last tenth",
            value=last,
            rival="first tenth",
            rival_value=first,
            n=large_size,
            set=of,
        )
        small.close()
        large.close()
