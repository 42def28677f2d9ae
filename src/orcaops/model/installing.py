"""Installers: how commands that fetch and install things look, and what they print while they do.

The table is ``installers.toml`` beside this file: for each tool the command that begins an installation, the
lines that it prints on the way, where it keeps what it downloaded, and how to have it ready beforehand.

>>> [found.name for found in installers_in("apt-get install -y git && pip install -r requirements.txt")]
['apt', 'pip']
>>> installer_of("uv sync --frozen").name, installer_of("pytest -q")
('uv', None)
"""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from pydantic import NonNegativeInt

from orcaops.model.quantities import Finite
from orcaops.model.word import Word

_UNITS = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
_AS_ROOT = re.compile(r"^sudo(?: -[A-Za-z]+)* ")
_SHELL = re.compile(r"[;&|\n]")
_AMOUNT = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?([kmg]i?b|b)\b", re.IGNORECASE | re.ASCII)


class Installation(Word):
    """What one tool installed in one run, as its output tells.

    ``seconds`` go from before its first line to its last. ``bytes`` are those that the tool said it
    downloaded; null where it did not say.
    """

    tool: str
    seconds: Finite
    bytes: NonNegativeInt | None = None
    lines: NonNegativeInt = 0


@dataclass(frozen=True, slots=True)
class Installer:
    """One tool: ``command`` finds it in a command line, ``output`` in a line that it prints.

    ``done`` finds a line that it ends with and that others print, too; None where there is none.
    """

    name: str
    command: re.Pattern[str]
    output: re.Pattern[str]
    done: re.Pattern[str] | None
    folder: str
    prepared: str


@lru_cache(maxsize=1)
def installers() -> tuple[Installer, ...]:
    """The tools of the table, in its order."""
    document = tomllib.loads(files("orcaops.model").joinpath("installers.toml").read_text("utf-8"))
    return tuple(
        Installer(
            name=name,
            command=re.compile(rf"(?:^|[\s;&|(/'\"])(?:{entry['command']})(?=$|[\s;&|)'\"])"),
            output=re.compile(entry["output"]),
            done=re.compile(entry["done"]) if "done" in entry else None,
            folder=entry["folder"],
            prepared=entry["prepared"],
        )
        for name, entry in document.items()
    )


def installers_in(command_line: str) -> list[Installer]:
    """The tools that a command line installs with, in the order of the command line."""
    found = [(match.start(), each) for each in installers() if (match := each.command.search(command_line))]
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


@lru_cache(maxsize=4096)
def installer_of(command_line: str) -> Installer | None:
    """The tool that a command installs with, the first if there are several; None if it installs nothing."""
    found = installers_in(command_line)
    return found[0] if found else None


def only_installer_of(command_line: str) -> Installer | None:
    """The tool, where a command does nothing but run it, whatever its options; None if there is more to it.

    >>> only_installer_of("sudo pip install -r requirements.txt").name
    'pip'
    >>> only_installer_of("pip install -r requirements.txt && pytest"), only_installer_of("make deps")
    (None, None)
    """
    command = _AS_ROOT.sub("", command_line.strip())
    tool = installer_of(command)
    alone = tool is not None and tool.command.match(command) and not _SHELL.search(command)
    return tool if alone else None


def installer_named(name: str) -> Installer | None:
    """A tool of the table."""
    return next((each for each in installers() if each.name == name), None)


def amount_in(line: str) -> int | None:
    """The bytes that a line speaks of: ``Downloading x.whl (1.2 MB)``; None if it speaks of none.

    >>> amount_in("Fetched 12.5 MB in 2s (6 MB/s)"), amount_in("Collecting idna")
    (12500000, None)
    """
    match = _AMOUNT.search(line)
    if match is None:
        return None
    return int(float(match[1].replace(",", ".")) * _UNITS[match[2].lower()])
