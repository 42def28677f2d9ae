"""What OrcaOps adds to a container: server, command line and eight at once, against ``docker run --rm``.

Measured from outside, through the contract alone: the same image and command, no network, in turn.
The image is the one named by ``ORCAOPS_BENCH_IMAGE``, or the first small one that the engine holds.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.in_turn import medians
from benchmarks.row import NotMeasured, Row
from benchmarks.server import Server, command, serving

AT_ONCE = 8
SMALL_BYTES = 20_000_000
TRIVIAL = ["true"]
FINAL = {"succeeded", "failed", "timed_out", "cancelled", "lost"}


def docker(*arguments: str) -> str:
    """What the ``docker`` command prints."""
    ended = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NotMeasured(
            f"`docker {' '.join(arguments)}` ended with {ended.returncode}: {ended.stderr[-300:].strip()}"
        )
    return ended.stdout


def image() -> str:
    """A small image that is there already and knows ``true``."""
    if shutil.which("docker") is None:
        raise NotMeasured(
            "there is no docker command; scripts/with-live-services installs an engine where it may"
        )
    if named := os.environ.get("ORCAOPS_BENCH_IMAGE"):
        return named
    for name in docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split():
        if "<none>" in name or int(docker("image", "inspect", "--format", "{{.Size}}", name)) > SMALL_BYTES:
            continue
        try:
            docker("run", "--rm", "--network", "none", name, *TRIVIAL)
        except NotMeasured:
            continue
        return name
    raise NotMeasured(
        "the engine holds no small image with `true`; name one: ORCAOPS_BENCH_IMAGE=… make bench"
    )


def submit_and_wait(server: Server, name: str) -> None:
    """Submit one trivial job and wait until its record is final."""
    status, record = server.ask(
        "POST", "/orcaops/jobs", {"image": name, "command": TRIVIAL, "network": "none"}
    )
    if status != 202:
        raise RuntimeError(f"POST /orcaops/jobs answered {status}: {record}")
    while record["status"] not in FINAL:
        record = server.ask("GET", f"/orcaops/jobs/{record['job_id']}?wait=30")[1]
    if record["status"] != "succeeded":
        raise RuntimeError(f"the trivial job did not succeed: {record['status']}, {record.get('cause')}")


def at_once(work: Callable[[], object]) -> Callable[[], None]:
    """The same work eight times in parallel."""

    def all_of_it() -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(work) for _ in range(AT_ONCE)]:
                done.result()

    return all_of_it


def rows(quick: bool) -> Iterator[Row]:
    """Latency of the server, latency of the command line, throughput at eight."""
    n, rounds = (5, 2) if quick else (20, 10)
    name = image()
    where = f"{name}, no network, in turn"

    def bare() -> None:
        docker("run", "--rm", "--network", "none", name, *TRIVIAL)

    with serving() as server:
        ours, theirs = medians(lambda: submit_and_wait(server, name), bare, n)
        yield Row(
            row="server: submit → final record",
            figure="seconds, median",
            value=ours,
            rival="docker run --rm",
            rival_value=theirs,
            n=n,
            set=where,
            bar="≤ 1.1",
        )
        ours, theirs = medians(at_once(lambda: submit_and_wait(server, name)), at_once(bare), rounds)
        yield Row(
            row=f"server: throughput at {AT_ONCE} at once",
            figure="jobs per second",
            value=AT_ONCE / ours,
            rival=f"{AT_ONCE} × docker run --rm",
            rival_value=AT_ONCE / theirs,
            n=rounds * AT_ONCE,
            set=where,
            bar="≥ 1.0",
        )
    with tempfile.TemporaryDirectory() as folder:
        own_home = {**os.environ, "ORCAOPS_HOME": f"{folder}/home"}

        def whole() -> None:
            ended = subprocess.run(
                [command(), "run", "--image", name, "--", *TRIVIAL],
                env=own_home,
                cwd=folder,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if ended.returncode:
                raise NotMeasured(
                    f"`orcaops run` ended with {ended.returncode}: {ended.stderr[-300:].strip()}"
                )

        ours, theirs = medians(whole, bare, n)
    yield Row(
        row="orcaops run, whole process",
        figure="seconds, median",
        value=ours,
        rival="docker run --rm",
        rival_value=theirs,
        n=n,
        set=where,
        bar="≤ 2.5",
    )
