"""What it costs to be there: the time of ``orcaops --help`` and the memory of a server that does nothing."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.in_turn import medians
from benchmarks.row import Row
from benchmarks.server import command, serving

IDLE_S = 5.0
LIMIT_MIB = 150.0


def whole_process(*arguments: str) -> None:
    """Run a program to its end."""
    ended = subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        raise RuntimeError(
            f"`{' '.join(arguments)}` ended with {ended.returncode}: {ended.stderr[-300:].strip()}"
        )


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB, as the kernel says."""
    for stated in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if stated.startswith("VmRSS:"):
            return int(stated.split()[1]) / 1024
    raise RuntimeError(f"the kernel states no VmRSS for process {pid}")


def rows(quick: bool) -> Iterator[Row]:
    """Start of the command line, and the idle server."""
    n = 5 if quick else 20
    orcaops = command()
    ours, bare = medians(
        lambda: whole_process(orcaops, "--help"), lambda: whole_process(sys.executable, "-c", "pass"), n
    )
    yield Row(
        row="orcaops --help, whole process",
        figure="seconds, median",
        value=ours,
        rival="python -c pass",
        rival_value=bare,
        n=n,
        set="this machine, in turn",
        bar="≤ 10",
    )
    with serving() as server:
        time.sleep(1.0 if quick else IDLE_S)
        yield Row(
            row="memory of the idle server",
            figure="MiB resident",
            value=resident_mib(server.pid),
            rival="the limit",
            rival_value=LIMIT_MIB,
            n=1,
            set="this machine",
            bar="≤ 1.0",
        )
