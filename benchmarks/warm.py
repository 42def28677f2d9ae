"""Holding ready: a job on a warm container against ``docker run --rm``, and what prediction is worth.

The simulated rows take real orders of arrival: CI commands by repository as if each were an image, and the
executables of five batch logs. Every decision uses the past only. The sizes of images are not in those
data: they are drawn once, log-normal around 300 MB, from a fixed seed.
"""

import csv
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator

from benchmarks import datasets
from benchmarks.in_turn import seconds
from benchmarks.row import Row
from benchmarks.running import TRIVIAL, docker, submit_and_wait
from benchmarks.running import image as small_image
from benchmarks.server import Server, serving
from orcaops.improving.prewarming import (
    Gaps,
    Shelf,
    bin_of,
    idle_min,
    pooled_hazard,
    worth_keeping,
)

WORTH_MIN = (60, 120, 240)
FIXED_MIN = (0, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)
FEWEST = 30
"""An image with fewer arrivals says nothing about a policy."""
Arrival = tuple[float, str]


def arrivals() -> list[Arrival]:
    """(minute, image) of all sets, each set on a time line of its own, one behind the other."""
    found: list[Arrival] = []
    with datasets.opened(datasets.file("travis_commands", "commands.csv.gz")) as lines:
        rows = [(float(row["start_epoch_s"]) / 60, f"travis {row['repo']}") for row in csv.DictReader(lines)]
    found += _on(rows, found)
    for name in datasets.SWF:
        if rows := _executables(name):  # two of them do not tell executables
            found += _on(rows, found)
    counts: dict[str, int] = defaultdict(int)
    for _, image in found:
        counts[image] += 1
    return [(at, image) for at, image in found if counts[image] >= FEWEST]


def _on(rows: list[Arrival], behind: list[Arrival]) -> list[Arrival]:
    rows = sorted(rows)
    shift = (behind[-1][0] + 60.0 if behind else 0.0) - rows[0][0]
    return [(at + shift, image) for at, image in rows]


def _executables(name: str) -> list[Arrival]:
    with datasets.opened(datasets.file("pwa_swf", f"{name}.swf.gz")) as lines:
        jobs = [line.split() for line in lines if not line.startswith(";")]
    return [(float(words[1]) / 60, f"{name} {words[13]}") for words in jobs if int(words[13]) >= 0]


def gaps_of(found: list[Arrival]) -> list[tuple[str, float]]:
    """(image, minutes since it was last asked for), in order of time."""
    last: dict[str, float] = {}
    gaps = []
    for at, image in found:
        if image in last:
            gaps.append((image, at - last[image]))
        last[image] = at
    return gaps


def by_hazard(gaps: list[tuple[str, float]], worth_min: float) -> float:
    """Cost per job: what cold starts cost in idle minutes, and the idle minutes."""
    everything, own = Gaps(), defaultdict[str, Gaps](Gaps)
    cost = 0.0
    pooled = pooled_hazard(everything)
    for number, (image, gap) in enumerate(gaps):
        if number % 100 == 0:
            pooled = pooled_hazard(everything)
        wanted = worth_keeping(own[image], pooled, worth_min)
        cost += idle_min(wanted, gap) + (0.0 if wanted[bin_of(gap)] else worth_min)
        own[image].learn(gap)
        everything.learn(gap, 1.0)
    return cost / len(gaps)


def by_fixed(gaps: list[tuple[str, float]], keep_min: float, worth_min: float) -> float:
    """Cost per job of keeping everything ready for so long after each use."""
    return sum(min(gap, keep_min) + (worth_min if gap > keep_min else 0.0) for _, gap in gaps) / len(gaps)


def simulated() -> Iterator[Row]:
    """What decisions by hazard cost beside fixed ones."""
    found = arrivals()
    gaps = gaps_of(found)
    images = len({image for image, _ in gaps})
    where = f"travis, five SWF logs: {images} images"
    for worth_min in WORTH_MIN:
        ours = by_hazard(gaps, worth_min)
        best = min(by_fixed(gaps, keep, worth_min) for keep in FIXED_MIN)
        yield Row(
            row=f"pre-warming, a cold start worth {worth_min} idle min",
            figure="idle minutes per job",
            value=ours,
            rival="best fixed in hindsight",
            rival_value=best,
            n=len(gaps),
            set=where,
            bar="≤ 1.0",
        )
    yield Row(
        row="pre-warming, a cold start worth 240 idle min",
        figure="idle minutes per job",
        value=ours,
        rival="fixed 10 minutes",
        rival_value=by_fixed(gaps, 10.0, WORTH_MIN[-1]),
        n=len(gaps),
        set=where,
        bar="≤ 0.65",
    )
    yield on_disk(found, where)


def on_disk(found: list[Arrival], where: str) -> Row:
    """Seconds of pulling that are saved by images kept on half the disk that all would need."""
    draw = random.Random(6)
    sizes = {image: 3e8 * draw.lognormvariate(0.0, 0.8) for image in sorted({image for _, image in found})}
    pulls = {image: 2.0 + size / 3e7 for image, size in sizes.items()}
    shelf = Shelf(sum(sizes.values()) / 2)
    saved = total = 0.0
    first: set[str] = set()
    for at, image in found:
        hit = shelf.use(image, at, pull_s=pulls[image], size_bytes=sizes[image])
        if image in first:  # nobody can have what was never asked for
            total += pulls[image]
            saved += pulls[image] if hit else 0.0
        first.add(image)
    return Row(
        row="images on half the disk",
        figure="share of pull seconds",
        value=saved / total,
        rival="all of them",
        rival_value=1.0,
        n=len(found),
        set=where,
        bar="≥ 0.95",
    )


def live(quick: bool) -> Row:
    """A job on a container that stands ready against a fresh ``docker run --rm``, through the contract."""
    n = 5 if quick else 20
    name = small_image()
    with serving(ORCAOPS_WARM_MODE="auto") as server:

        def warm() -> None:
            submit_and_wait(server, name)

        for _ in range(3):
            warm()
        await_ready(server)
        ours, theirs = [], []
        for _ in range(n):
            ours.append(seconds(warm))
            theirs.append(seconds(lambda: docker("run", "--rm", "--network", "none", name, *TRIVIAL)))
            await_ready(server)
        status = server.ask("GET", "/orcaops/warm")[1]
        hits = sum(each["hits"] for each in status["images"])
    if hits < n:
        raise RuntimeError(f"only {hits} of {n} jobs found a container ready")
    return Row(
        row="job on a warm container: submit → final record",
        figure="seconds, median",
        value=statistics.median(ours),
        rival="docker run --rm",
        rival_value=statistics.median(theirs),
        n=n,
        set=f"{name}, no network, in turn",
        bar="≤ 0.35",
    )


def await_ready(server: Server) -> None:
    """Wait until a container stands ready."""
    for _ in range(300):
        if server.ask("GET", "/orcaops/warm")[1]["ready"]:
            return
        time.sleep(0.05)
    raise RuntimeError("no container stood ready within 15 s")


def rows(quick: bool) -> Iterator[Row]:
    """The simulated rows, then the live one."""
    yield from simulated()
    yield live(quick)
