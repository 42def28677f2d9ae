"""``python -m benchmarks`` keeps its contract: the keys of its rows, and a failing module fails alone."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The program with three modules: one breaks off, one finds nothing to measure, one measures."""
    monkeypatch.syspath_prepend(str(ROOT))
    program = importlib.import_module("benchmarks.__main__")
    row = importlib.import_module("benchmarks.row")

    def broken(quick: bool) -> Iterator[Any]:
        raise ZeroDivisionError("ours")

    def absent(quick: bool) -> Iterator[Any]:
        raise row.NotMeasured("no data; set a variable")

    def good(quick: bool) -> Iterator[Any]:
        n = 1 if quick else 20
        yield row.Row(row="r", figure="s", value=3, rival="them", rival_value=2, n=n, set="-", bar="≤ 2")

    for name, rows in {"broken": broken, "absent": absent, "good": good}.items():
        module = ModuleType(f"benchmarks.{name}")
        module.rows = rows  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(program, "modules", lambda: ["broken", "absent", "good"])

    def run(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
        output = tmp_path / "bench.jsonl"
        monkeypatch.setattr(sys, "argv", ["bench", "--output", str(output), *arguments])
        return program.main(), [json.loads(line) for line in output.read_text().splitlines()]

    return run


def test_a_failing_module_is_reported_and_the_rest_goes_on(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows = bench()
    assert code == 1
    assert [list(row) for row in rows] == [["row", "figure", "value", "rival", "rival_value", "n", "set"]]
    said = capsys.readouterr()
    assert "absent: not measured: no data; set a variable" in said.out
    assert "failed: broken" in said.out
    assert "ZeroDivisionError: ours" in said.err
    assert "1.5" in said.out
    assert "✓" in said.out


def test_names_select_and_quick_is_passed_on(bench: Any) -> None:
    code, rows = bench("good", "--quick")
    assert (code, [row["n"] for row in rows]) == (0, [1])


def test_an_unknown_name_is_wrong_usage(bench: Any) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench("goood")
