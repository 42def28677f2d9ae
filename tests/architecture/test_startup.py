"""The command line starts quickly: help imports none of the libraries that only other work needs."""

import subprocess
import sys

import pytest

from orcaops.interfaces.cli.main import COMMANDS, HIDDEN

WORDS = ["orjson", "pydantic"]  # a command that is called speaks them; the list of commands need not
HEAVY = ["alembic", "dateparser", "docker", "fastapi", "httpx2", "lark", "mcp", "numpy", "prometheus_client"]
HEAVY += ["psycopg", "requests", "rich", "sqlalchemy", "starlette", "uvicorn", "zstandard"]
PROGRAM = f"""
import sys
sys.argv = ["orcaops", *sys.argv[1:]]
from orcaops.interfaces.cli.main import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print("HEAVY:", *sorted(set({HEAVY + WORDS!r}) & set(sys.modules)))
"""


def heavy_imports(*arguments: str) -> set[str]:
    """What ``orcaops`` with these arguments has imported when it ends."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    marked, *found = ran.stdout.splitlines()[-1].split()
    assert marked == "HEAVY:"
    return set(found)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"]])
def test_the_list_of_commands_imports_nothing_heavy(arguments: list[str]) -> None:
    assert heavy_imports(*arguments) == set()


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in HIDDEN])
def test_the_help_of_a_command_imports_only_words(command: str) -> None:
    assert heavy_imports(command, "--help") <= set(WORDS)
