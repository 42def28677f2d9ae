"""Learning and looking up as a home grows: absorbing, importing, and pages over REST, large beside small.

A large history is laid down as facts that already have their place in the learning order, with
baselines and anomalies in proportion; only what is measured goes through learning. Baselines for
*absorbing* are real: they come of importing, and beyond ten thousand the memories of imported jobs
are copied under other names.
"""

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from benchmarks import datasets
from benchmarks.in_turn import medians
from benchmarks.row import NotMeasured, Row
from benchmarks.server import Server, serving
from benchmarks.store import AT_ONCE, QUERIES, SPAN_S, START, WORDS, history
from orcaops import config
from orcaops.app import App, build
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.baseline import Baseline
from orcaops.model.run import Cause, Run, Status, Usage
from orcaops.recording.store import MemoryKey
from orcaops.services.absorbing import advising

SMALL = 10_000
END = START + timedelta(seconds=SPAN_S)
RUNS_PER_BASELINE = 50
RUNS_PER_ANOMALY = 50
PORTION = 1000  # runs that are imported at a time, in turn here and there
RUNS_OF_A_JOB = 3  # before a run of it is absorbed
MOST_IMPORTED_JOBS = 10_000


def rows(quick: bool) -> Iterator[Row]:
    """``quick`` grows to a tenth of the size."""
    with tempfile.TemporaryDirectory(prefix="orcaops-bench-") as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        large_size = 100_000 if quick else 1_000_000
        fill(small, SMALL)
        fill(large, large_size)
        yield from pages(small, large, large_size, times=20 if quick else 30)
        yield from importing(small, large, large_size, portions=4 if quick else 8)
    yield from absorbing((100, 10_000) if quick else (100, 10_000, 100_000), times=30 if quick else 60)
    yield from public_sets(quick)


def house(home: Path) -> App:
    """OrcaOps over a home, with nothing configured."""
    return build(config.load({"home": home}, environment={}, folder=home.parent, user_file=home / "none"))


# A home that has been in use


def fill(home: Path, size: int) -> None:
    """Lay down that many runs with the texts of their logs, learned from as far as the store can tell."""
    app = house(home)
    batch: list[tuple[Run, str]] = []
    keys: dict[str, Run] = {}
    for number, (run, text) in enumerate(history(size, random.Random(1)), start=1):
        batch.append((run.changed(number=number), text))
        if number % RUNS_PER_BASELINE == 0:
            keys[f"{run.key} {number}"] = run
        if len(batch) == AT_ONCE or number == size:
            with app.store.write() as transaction:
                transaction.runs.add_new([each for each, _ in batch], {each.job_id: t for each, t in batch})
                transaction.set_watermark(number)
                transaction.set_mark(advising.MARK, number)  # advice has followed
            batch = []
    with app.store.write() as transaction:
        transaction.baselines.put_many([_baseline(key, run) for key, run in keys.items()])
        transaction.anomalies.put_many([_anomaly(key, run) for key, run in keys.items()])
    app.close()


def _baseline(key: str, run: Run) -> Baseline:
    seconds = run.duration_s or 1.0
    return Baseline(
        key=key,
        sample_count=60,
        run_count=60,
        duration_mean=seconds,
        duration_stddev=seconds / 5,
        duration_p50=seconds,
        duration_p95=seconds * 1.4,
        duration_p99=seconds * 1.6,
        success_rate=0.95,
        established=True,
        first_seen=run.submitted_at,
        last_updated=run.submitted_at,
        recent_durations=(seconds,) * 60,
    )


def _anomaly(key: str, run: Run) -> Anomaly:
    return Anomaly(
        id=f"made-up-{run.job_id}",
        job_id=run.job_id,
        type="duration" if len(key) % 3 else "error",
        severity=Severity.CRITICAL if len(key) % 10 == 0 else Severity.WARNING,
        title="Took 5 min, usually 1 min",
        description="5 min, while the last 60 runs of the same job had a median of 1 min.",
        expected=60.0,
        actual=300.0,
        unit="s",
        detected_at=run.submitted_at + (datetime.now(UTC) - END),  # what is open is recent
        key=key,
        detector="anomaly_duration",
        job_ids=(run.job_id,),
        open=len(key) % 2 == 0,
    )


# Pages over REST


def pages(small: Path, large: Path, large_size: int, *, times: int) -> Iterator[Row]:
    """First pages and searches, asked of two servers in turn."""
    paths = {
        "first page of anomalies": "/orcaops/anomalies",
        "anomalies: of one type": "/orcaops/anomalies?type=error",
        "anomalies: open": "/orcaops/anomalies?open=true",
        "first page of baselines": "/orcaops/baselines",
        **{name: f"/orcaops/jobs?q={quote(text)}" for name, text in QUERIES.items()},
    }
    with serving(ORCAOPS_HOME=str(small)) as few, serving(ORCAOPS_HOME=str(large)) as many:
        for name, path in paths.items():
            value, rival_value = medians(_asked(many, path), _asked(few, path), times)
            yield Row(
                row=f"REST: {name}",
                figure="ms",
                value=value * 1000,
                rival=f"with {SMALL} runs",
                rival_value=rival_value * 1000,
                n=times,
                set=f"made up, {large_size} runs, in turn",
                bar="≤ 2",
            )


def _asked(server: Server, path: str) -> Callable[[], None]:
    def ask() -> None:
        status, answer = server.ask("GET", path)
        if status != 200 or not answer["items"]:
            raise RuntimeError(f"GET {path} answered {status}: {str(answer)[:300]}")

    return ask


# Importing


def importing(small: Path, large: Path, large_size: int, *, portions: int) -> Iterator[Row]:
    """Portions of the same new history imported into both homes in turn, learning included."""
    taken: dict[Path, list[tuple[float, float]]] = {small: [], large: []}
    apps = {home: house(home) for home in (small, large)}
    for portion in range(portions + 1):
        for home, app in apps.items():
            file = home / "portion.jsonl"
            _write_portion(file, portion, jobs=200)
            began, cpu = time.perf_counter(), time.process_time()
            done = app.history.import_file(file, "jsonl", workspace="default")
            spent = time.perf_counter() - began, time.process_time() - cpu
            if done.added != PORTION:
                raise RuntimeError(f"{done.added} of {PORTION} runs were imported: {done.problems[:3]}")
            if portion > 0:  # the first meets jobs that nobody knows yet
                taken[home].append(spent)
    for app in apps.values():
        app.close()
    for place, (figure, of) in enumerate((("runs/s, wall clock", "wall"), ("runs per CPU second", "CPU"))):
        rates = {home: PORTION / statistics.median(spent[place] for spent in taken[home]) for home in taken}
        for rival, rival_value, bar in (
            (f"at {SMALL} runs", rates[small], "≥ 0.8"),
            # The clock counts what else this machine does.
            ("what is asked for", 600.0, "≥ 1" if of == "CPU" else None),
        ):
            yield Row(
                row=f"importing at {large_size} runs, {of}",
                figure=figure,
                value=rates[large],
                rival=rival,
                rival_value=rival_value,
                n=portions * PORTION,
                set="made up, 200 jobs, in turn",
                bar=bar,
            )


def _write_portion(file: Path, portion: int, *, jobs: int) -> None:
    dice = random.Random(portion)
    with file.open("w", encoding="utf-8") as lines:
        for number in range(PORTION):
            job = min(int(dice.paretovariate(0.6)), 10**6) % jobs
            at = START + timedelta(seconds=SPAN_S + (portion * PORTION + number) * 30)
            failed = dice.random() < 0.05
            duration_s = dice.lognormvariate(job % 7, 0.25)
            run = {
                "job_id": f"new{portion:03}-{number:05}",
                "image": f"python:{job % 7}",
                "command": f"pytest tests/new{job} -q",
                "submitted_at": at.isoformat(),
                "started_at": (at + timedelta(seconds=dice.expovariate(0.5))).isoformat(),
                "duration_s": duration_s,
                "status": "failed" if failed else "succeeded",
                "exit_code": int(failed),
                "cpu_seconds": duration_s * 0.8,
                "memory_peak_bytes": int(dice.lognormvariate(18 + job % 3, 0.1)),
                "commit": f"{dice.getrandbits(64):016x}",
                "labels": {"team": "abcdefghij"[job % 10]},
            }
            if failed or dice.random() < 0.1:
                run["log"] = " ".join(dice.choices(WORDS, k=25)) + (
                    "\nerror: no such file" if failed else "\n"
                )
            lines.write(json.dumps(run) + "\n")


# Absorbing one run


def absorbing(sizes: Sequence[int], *, times: int) -> Iterator[Row]:
    """One finished run of any of so many jobs, absorbed in homes of different sizes in turn."""
    with tempfile.TemporaryDirectory(prefix="orcaops-bench-") as folder:
        apps = {size: _with_baselines(Path(folder) / str(size), size) for size in sizes}
        taken: dict[int, list[tuple[float, float]]] = {size: [] for size in sizes}
        dice = random.Random(3)
        for turn in range(times + 2):
            for size, app in apps.items():
                with app.store.write() as transaction:
                    transaction.runs.add(_finished(f"live-{turn}", dice.randrange(size), 10 * size + turn))
                began, cpu = time.perf_counter(), time.process_time()
                if app.absorber.absorb_batch() != 1:
                    raise RuntimeError("the run was not absorbed")
                if turn >= 2:
                    taken[size].append((time.perf_counter() - began, time.process_time() - cpu))
        for app in apps.values():
            app.close()
    for place, figure in enumerate(("ms, wall clock", "ms of CPU")):
        cost = {size: statistics.median(spent[place] for spent in taken[size]) * 1000 for size in sizes}
        for size in sizes[1:]:
            yield Row(
                row=f"absorbing one run, {size} baselines",
                figure=figure,
                value=cost[size],
                rival=f"{sizes[0]} baselines",
                rival_value=cost[sizes[0]],
                n=times,
                set="made up, any job, in turn",
                bar="≤ 1.2",
            )


def _finished(job_id: str, job: int, minute: int) -> Run:
    dice = random.Random(f"{job_id} {job}")
    at = START + timedelta(minutes=minute)
    duration_s = dice.lognormvariate(job % 7, 0.25)
    return Run(
        job_id=job_id,
        key=f"name:job{job}",
        name=f"job{job}",
        image=f"python:{job % 7}",
        command=f"pytest tests/job{job}",
        status=Status.SUCCEEDED,
        cause=Cause.SUCCESS,
        exit_code=0,
        submitted_at=at,
        started_at=at + timedelta(seconds=1),
        finished_at=at + timedelta(seconds=1 + duration_s),
        duration_s=duration_s,
        usage=Usage(cpu_seconds=duration_s * 0.8, memory_peak_bytes=int(dice.lognormvariate(18, 0.1))),
    )


def _with_baselines(home: Path, size: int) -> App:
    """A house that knows that many jobs."""
    app = house(home)
    learned = min(size, MOST_IMPORTED_JOBS)
    past = (
        _finished(f"past-{turn}-{job}", job, turn * learned + job)
        for turn in range(RUNS_OF_A_JOB)
        for job in range(learned)
    )
    while batch := [run for run, _ in zip(past, range(AT_ONCE), strict=False)]:
        with app.store.write() as transaction:
            transaction.runs.add_new(batch)
    app.absorber.absorb_all()
    with app.store.read() as transaction:
        known = [pair for pair in transaction.memories.each() if pair[0].level in ("key", "command")]
        baselines = list(transaction.baselines.each())
    for begin in range(learned, size, learned):
        with app.store.write() as transaction:
            transaction.memories.put_many({_renamed(key, begin): memory for key, memory in known})
            transaction.baselines.put_many(
                [b.model_copy(update={"key": _moved(b.key, "name:job", begin)}) for b in baselines]
            )
    return app


def _renamed(key: MemoryKey, by: int) -> MemoryKey:
    prefix = "name:job" if key.level == "key" else "pytest tests/job"
    return key._replace(scope=_moved(key.scope, prefix, by))


def _moved(text: str, prefix: str, by: int) -> str:
    return f"{prefix}{int(text.removeprefix(prefix)) + by}"


# Public data


def public_sets(quick: bool) -> Iterator[Row]:
    """Importing what batch systems and workflows have recorded, into a home of its own."""
    most = 3000 if quick else 20_000
    for name, format_name, of in (("KTH-SP2-1996-2.1-cln.swf.gz", "swf", "pwa_swf"),
                                  ("trace_mag.csv", "nextflow", "sizey_traces")):  # fmt: skip
        try:
            source = datasets.file(of, name)
        except NotMeasured as why:
            print(f"# {name}: not measured: {why}", flush=True)
            continue
        with tempfile.TemporaryDirectory(prefix="orcaops-bench-") as folder:
            file = Path(folder) / name.removesuffix(".gz")
            with datasets.opened(source) as lines, file.open("w", encoding="utf-8") as part:
                part.writelines(line for line, _ in zip(lines, range(most), strict=False))
            app = house(Path(folder) / "home")
            cpu = time.process_time()
            done = app.history.import_file(file, format_name, workspace="default")
            spent = time.process_time() - cpu
            app.close()
        yield Row(
            row=f"importing {format_name}",
            figure="runs per CPU second",
            value=done.added / spent,
            rival="what is asked for",
            rival_value=600.0,
            n=done.added,
            set=name,
            bar="≥ 1",
        )
