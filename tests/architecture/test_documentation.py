"""What the pages say is true of the program: generated ones are fresh, links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PLUGIN_FOLDERS = [
    "learning/detectors",
    "learning/predictors",
    "improving/advisors",
    "recording/readers",
    "running/executors",
    "notifying/channels",
]
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def test_generated_pages_are_fresh() -> None:
    ran = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("folder", PLUGIN_FOLDERS)
def test_every_plugin_is_in_the_reference(folder: str) -> None:
    reference = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    files = [
        path for path in (ROOT / "src" / "orcaops" / folder).glob("*.py") if not path.name.startswith("_")
    ]
    assert not [path.name for path in files if f"orcaops/{folder}/{path.name}" not in reference]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_decision_is_listed() -> None:
    listed = (DOCS / "decisions" / "index.md").read_text(encoding="utf-8")
    records = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    assert not [name for name in records if f"({name})" not in listed]
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))


def test_every_setting_on_a_page_exists() -> None:
    known = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    named = {
        name
        for page in PAGES
        for name in re.findall(
            r"`((?:server|run|store|learning|retention|plugins|policy)\.[a-z_.]+)`", page.read_text()
        )
        if not name.endswith(".py")
    }
    assert not [name for name in sorted(named) if f"| `{name}` |" not in known]
