"""What the pages say is true of the program: generated ones are fresh, links lead somewhere."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orcaops.config import load
from orcaops.interfaces.cli.main import cli

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


def blocks(*languages: str) -> Iterator[tuple[str, str]]:
    """The page and the text of every block of code in one of the languages."""
    for page in PAGES:
        for language, text in re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            if language in languages:
                yield str(page.relative_to(ROOT)), text


def commands() -> Iterator[tuple[str, list[str]]]:
    """The page and the arguments of every ``orcaops`` that is called in a block of code."""
    for page, text in blocks("console", "bash", "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            called = re.match(r"\$ .*?\borcaops ([a-z].*)", line)
            if called is not None and " pip " not in line:
                lexer = shlex.shlex(called[1].replace("[--failed]", ""), posix=True, punctuation_chars="|;>")
                lexer.whitespace_split = True
                words = list(lexer)
                ends = [at for at, word in enumerate(words) if set(word) <= set("|;>")]
                yield page, words[: min(ends, default=len(words))]


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


def test_every_command_on_a_page_can_be_called_so() -> None:
    refused, checked = [], 0
    for page, words in commands():
        command: click.Command | None = cli
        arguments = list(words)
        try:
            while isinstance(command, click.Group):
                command = command.get_command(click.Context(command), arguments.pop(0))
            assert command is not None, (page, words)
            command.make_context(command.name, arguments, resilient_parsing=True)
        except click.UsageError as error:
            refused.append(f"{page}: orcaops {shlex.join(words)}: {error.format_message()}")
        checked += 1
    assert not refused
    assert checked > 80


def test_every_configuration_on_a_page_can_be_read(tmp_path: Path) -> None:
    checked = 0
    for page, text in blocks("toml"):
        if not text.lstrip("# orcaps.tml\n").startswith("["):  # the file of prices
            continue
        (tmp_path / "orcaops.toml").write_text(text)
        assert load(environment={}, folder=tmp_path, user_file=tmp_path / "none"), page
        checked += 1
    assert checked > 6
