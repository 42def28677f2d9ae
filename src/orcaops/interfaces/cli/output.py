"""What commands print: data as JSON on standard output, everything else as plain aligned text."""

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import IO, Any

import click

_NARROWEST = 10  # letters of a last column that are still worth a place on the line
_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029]")
"""What terminals obey, and what some readers of lines take for the end of one; only texts have it in JSON."""
_TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069]")
"""Letters that turn the direction of others, or that nobody sees."""
_COLOURS = {"good": "green", "bad": "red", "warn": "yellow", "quiet": "bright_black"}


def print_json(value: Any) -> None:
    """One JSON document on one line of standard output."""
    click.echo(_dumped(value))


def print_json_lines(values: Iterable[Any]) -> None:
    """One JSON document per line of standard output."""
    for value in values:
        click.echo(_dumped(value))


def _dumped(value: Any) -> str:
    if _is_word(value):
        text: str = value.model_dump_json()
    else:
        text = json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_word(value: Any) -> bool:
    """Whether it is a Pydantic model; asked in this way because help must not wait for Pydantic."""
    return hasattr(value, "model_dump_json")


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if _is_word(value) else str(value)


def nobody_reads(stream: IO[Any]) -> None:
    """Whoever read this stream has gone: what is still written to it goes nowhere, without a complaint."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def leave_terminal() -> None:
    """The terminal has been closed: what goes on does without it."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            nobody_reads(stream)


def colour(text: str, mood: str, *, err: bool = False) -> str:
    """A text in the colour of a mood, where colours are wanted."""
    stream = sys.stderr if err else sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return click.style(text, fg=_COLOURS[mood])


def note(text: str, mood: str | None = None) -> None:
    """A line for people, on standard error."""
    mark = colour("orcaops ▸", "quiet", err=True)
    try:
        click.echo(f"{mark} {colour(text, mood, err=True) if mood else text}", err=True)
    except OSError:  # it has been closed, or has no room: nothing may fail because a remark cannot be made
        nobody_reads(sys.stderr)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, widest: int | None = None) -> None:
    """Aligned columns that fit the terminal; the last column gives way, or what has no room goes below."""
    lines = [list(map(_one_line, row)) for row in rows]
    if not lines:
        return
    widths = [max(_width(row[column]) for row in [list(headings), *lines]) for column in range(len(headings))]
    if widest is None and not sys.stdout.isatty():
        widest = sum(widths) + 2 * len(widths)  # for a program nothing is cut
    room = widest or shutil.get_terminal_size((120, 24)).columns
    beside = _columns_that_fit(widths, room)
    for text in _folded([heading.upper() for heading in headings], widths, beside, room):
        click.echo(colour(text, "quiet"))
    for line in lines:
        for text in _folded(line, widths, beside, room):
            click.echo(text)


def _columns_that_fit(widths: Sequence[int], room: int) -> int:
    """How many columns stand on the first line of a row; the last one may be cut to a few letters."""
    taken = 0
    for column, width in enumerate(widths):
        last = column == len(widths) - 1
        if column and taken + (min(width, _NARROWEST) if last else width) > room:
            return column
        taken += width + 2
    return len(widths)


def _folded(cells: Sequence[str], widths: Sequence[int], beside: int, room: int) -> Iterable[str]:
    """The line of a row, and below it what had no room beside the rest."""
    shown = list(cells)
    if beside == len(cells):
        shown[-1] = _cut(shown[-1], room - sum(widths[:-1]) - 2 * (len(widths) - 1))
    yield _row(shown[:beside], widths[:beside])
    for below in _filled([cell for cell in cells[beside:] if cell], room - 4):
        yield f"    {below}"


def _filled(cells: Iterable[str], room: int) -> Iterable[str]:
    """The cells on as few lines as hold them; only one that is wider than a whole line is cut."""
    line = ""
    for cell in cells:
        if line and _width(line) + 2 + _width(cell) > room:
            yield _cut(line, room)
            line = ""
        line = f"{line}  {cell}" if line else cell
    if line:
        yield _cut(line, room)


def _cut(text: str, room: int) -> str:
    if _width(text) <= room:
        return text
    plain = click.unstyle(text)
    widths = accumulate(_columns(letter) for letter in plain)
    return plain[: sum(width < max(room, 2) for width in widths)] + "…"


def paragraph(text: str, indent: str = "", *, label: str = "") -> None:
    """A sentence or more, with a label before it; on a terminal it is broken between words."""
    hanging = indent + " " * _width(label)
    lines = [text]
    if sys.stdout.isatty() and "\n" not in text:
        room = max(shutil.get_terminal_size((120, 24)).columns, 40) - len(hanging)
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [text]
    click.echo(f"{indent}{label}{lines[0]}")
    for line in lines[1:]:
        click.echo(f"{hanging}{line}")


def visible(text: str) -> str:
    """A text with the letters that turn or hide others on a terminal written out."""
    return _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def fields(pairs: Iterable[tuple[str, str | None]]) -> None:
    """Names and values, one pair a line; a value of None is left out."""
    shown = [(name, value) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        paragraph(value, label=f"{colour(name.ljust(width), 'quiet')}  ")


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """The columns of a text on a terminal, its colours not counted."""
    plain = click.unstyle(text)
    return len(plain) if plain.isascii() else sum(map(_columns, plain))


def _columns(letter: str) -> int:
    """How many columns one letter takes: Chinese ones and emoji two, an accent by itself none."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _one_line(text: str) -> str:
    return " ".join(text.split())


def more_follows(next_cursor: str | None, shown: int, total: int | None) -> None:
    """Say that a list goes on."""
    if next_cursor is not None:
        of = f" of {total}" if total is not None else ""
        note(f"{shown}{of} shown; go on with --cursor {next_cursor}", "quiet")
