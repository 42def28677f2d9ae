"""``python -m benchmarks [NAME…] [--quick]``: measures, prints ratios as they come, fills ``bench.jsonl``."""

import argparse
import importlib
import json
import os
import pkgutil
import sys
import time
import traceback
from pathlib import Path

from benchmarks.row import NotMeasured, Row

# Before numpy is imported: one thread, so that figures do not depend on the number of cores.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

KEYS = ("row", "figure", "value", "rival", "rival_value", "n", "set")
WIDTHS = (46, 24, 10, 28, 10, 8, 12, 7)
HEAD = ("row", "figure", "value", "rival", "its value", "ratio", "bar", "n")


def number(value: float) -> str:
    """Four digits that count: ``0.01234``, ``12.34``, ``123400``."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def line(cells: tuple[str, ...]) -> str:
    """One line of the table: words to the left, numbers to the right."""
    right = {2, 4, 5, 7}
    shown = (
        f"{c:>{w}}" if i in right else f"{c:<{w}}" for i, (c, w) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return "  ".join(shown)


def show(row: Row) -> str:
    """A row of the table, with the verdict on its bar."""
    verdict = {True: " ✓", False: " ✗", None: ""}[row.reached]
    cells = (row.row, row.figure, number(row.value), row.rival, number(row.rival_value), number(row.ratio))
    drawn = ""
    if row.interval is not None:
        drawn = f", 95 % over jobs: {row.interval[0]:.4g} to {row.interval[1]:.4g}"
    return line((*cells, (row.bar or "") + verdict, str(row.n))) + f"  {row.set}{drawn}"


def modules() -> list[str]:
    """The modules that can be measured: those whose source has ``rows``."""
    here = Path(__file__).parent
    names = (found.name for found in pkgutil.iter_modules([str(here)]) if not found.name.startswith("_"))
    return [name for name in names if "\ndef rows(" in (here / f"{name}.py").read_text(encoding="utf-8")]


def main() -> int:
    """Run what was asked for; 1 where a module failed, 2 for a name that does not exist."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(modules())}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a look, not a measurement")
    parser.add_argument("--output", type=Path, default=Path("bench.jsonl"), help="where the rows go")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(modules())):
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(modules())}")

    failed, absent = [], []
    print(line(HEAD) + "  set")
    print(line(tuple("-" * width for width in WIDTHS)) + "  ---")
    with asked.output.open("w", encoding="utf-8") as output:
        for name in asked.names or modules():
            began = time.perf_counter()
            print(f"# {name}", flush=True)
            try:
                for row in importlib.import_module(f"benchmarks.{name}").rows(asked.quick):
                    print(show(row), flush=True)
                    output.write(json.dumps({key: getattr(row, key) for key in KEYS}) + "\n")
                    output.flush()
            except NotMeasured as why:
                absent.append(name)
                print(f"# {name}: not measured: {why}", flush=True)
            except Exception:  # noqa: BLE001 - one failing module must not take the others with it
                failed.append(name)
                traceback.print_exc()
                print(f"# {name}: FAILED, see above; the others go on", flush=True)
            print(f"# {name}: {time.perf_counter() - began:.1f} s", flush=True)
    if absent:
        print(f"not measured: {', '.join(absent)} (the reason stands above)")
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"rows written to {asked.output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
