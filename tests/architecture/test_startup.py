"""The command line starts quickly: help imports none of the libraries that only other work needs."""

import subprocess
import sys

import pytest

HEAVY = ["alembic", "dateparser", "docker", "fastapi", "httpx2", "lark", "mcp", "numpy", "orjson", "pydantic"]
HEAVY += ["prometheus_client", "psycopg", "requests", "sqlalchemy", "starlette", "uvicorn", "zstandard"]
PROGRAM = f"""
import sys
sys.argv = ["orcaops", *sys.argv[1:]]
from orcaops.interfaces.cli.main import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print("HEAVY:", *sorted(set({HEAVY!r}) & set(sys.modules)))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["jobs", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1].split() == ["HEAVY:"]
