"""What it takes to explain a failure with a large log: time, memory, size of the answer, the decisive line.

The log is written here, so no data is needed: lines of a build, one line in its middle that tells the cause,
and more lines behind it. The explanation runs in a process of its own, so that its memory can be told.
"""

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.row import Row
from orcaops.app import build
from orcaops.config import load
from orcaops.model.job import JobSpec

DECISIVE = "OSError: [Errno 28] No space left on device: '/var/cache/build/objects'"

_WRITE = """
import sys
size, decisive = int(sys.argv[1]), sys.argv[2]
written, number, told = 0, 0, False
while written < size:
    piece = "".join(
        f"[{n % 97:02d}%] compiling module_{n % 1013} in {n % 7}.{n % 10} s, hit {n * 7919 % 100003:x}\\n"
        for n in range(number, number + 2000)
    )
    number += 2000
    written += len(piece)
    sys.stdout.write(piece)
    if decisive and not told and written > size // 2:
        told = True
        sys.stdout.write(decisive + "\\n")
sys.exit(1 if decisive else 0)
"""

_EXPLAIN = """
import json, resource, sys, time
from pathlib import Path
from orcaops.app import build
from orcaops.config import load
home, warm, job = sys.argv[1:]
chosen = load({"home": Path(home)}, environment={}, folder=Path(home), user_file=Path(home) / "none")
app = build(chosen)
app.failures.debug("default", warm)  # imports, and the patterns made ready
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
wall, cpu = time.perf_counter(), time.process_time()
answer = app.failures.debug("default", job)
print(json.dumps({
    "wall": time.perf_counter() - wall,
    "cpu": time.process_time() - cpu,
    "grown": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) / 1024,
    "bytes": len(answer.model_dump_json().encode()),
    "first": [quote.text for quote in answer.likely_causes[0].quotes],
}))
app.close()
"""


def rows(quick: bool) -> Iterator[Row]:
    """Of a log of 100 MB, after a passing run of the same size; ``quick`` takes 10 MB."""
    size = (10 if quick else 100) * 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        app = build(load({"home": home}, environment={}, folder=home, user_file=home / "none"))

        def ran(of: int, decisive: str) -> str:
            command = (sys.executable, "-c", _WRITE, str(of), decisive)
            return app.jobs.run(JobSpec(name="large", executor="process", command=command)).job_id

        warm = ran(1000, DECISIVE)
        ran(size, "")
        job = ran(size, DECISIVE)
        app.close()
        done = subprocess.run(
            [sys.executable, "-c", _EXPLAIN, folder, warm, job], check=True, stdout=subprocess.PIPE, text=True
        )
    told = json.loads(done.stdout)
    name = f"debug of a {size // 1_000_000} MB log"
    of = "written here"

    def row(figure: str, value: float, theirs: float, bar: str) -> Row:
        rival = "allowed" if not math.isnan(theirs) else "-"
        return Row(
            row=name, figure=figure, value=value, rival=rival, rival_value=theirs, n=1, set=of, bar=bar
        )

    yield row("seconds", told["wall"], math.nan, "shown")
    yield row("CPU seconds", told["cpu"], math.nan, "shown")
    yield row("MB of memory grown", told["grown"], 200.0, "≤ 1")
    yield row("tokens of the answer (letters / 4)", told["bytes"] / 4, 4000.0, "≤ 1")
    found = any(DECISIVE in text for text in told["first"])
    yield Row(
        row=name, figure="decisive line quoted first", value=float(found), rival="to reach", rival_value=1.0,
        n=1, set=of, bar="≥ 1",
    )  # fmt: skip
