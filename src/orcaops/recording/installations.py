"""What was installed in a run, as its output and the time stamps of its lines tell; bounded, and quick.

A tool is known by the lines that it prints (``model/installers.toml``). What it took goes from the line
before its first one, or the start of the run, to its last one, and is never less than the tool says itself
(``added 80 packages in 12s``). A line that several tools print is one of a tool that the command names, else
of the one that printed last. Only the beginning of an output is read: installing comes first.
"""

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice

from orcaops.model.installing import Installation, Installer, amount_in, installers, installers_in
from orcaops.model.logline import LogLine, Stream
from orcaops.model.run import Run

READ_LETTERS = 128 * 1024
"""How much of an output is looked at."""

_MOST_LINES = 5000
_LONGEST_LINE = 400
_TOOK = re.compile(r"\bin ([0-9]+(?:\.[0-9]+)?) ?(ms|s|m)\b")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_STAMP = re.compile(r"\ufeff?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d{1,6})?\d*Z[ \t]")
_SIZED = re.compile(r"^\s*(?:Downloading|Downloaded|Fetched |Total download size)")


def installations_of(
    text: str, lines: Iterable[LogLine], started_at: datetime | None, *, command: str = ""
) -> tuple[Installation, ...]:
    """The installations in an output: ``text`` is its beginning, ``lines`` the same with their times.

    ``lines`` are not touched where the text speaks of no installer, which is found out in one search.
    ``command`` is what was run.
    """
    if _any().search(_said(text)) is None:
        return ()
    named = {tool.name for tool in installers_in(command)}
    tools = sorted(installers(), key=lambda tool: tool.name not in named)
    latest: Installer | None = None
    found: dict[str, tuple[datetime, datetime, int, int]] = {}
    told: dict[str, float] = {}
    before = started_at
    for line in islice(lines, _MOST_LINES):
        if line.offset > READ_LETTERS:
            break
        body = line.text[:_LONGEST_LINE]
        tool = _printed(body, tools, latest, named)
        if tool is not None:
            latest = tool
            begun, _, size, count = found.get(tool.name, (before or line.at, line.at, 0, 0))
            said = amount_in(body) if _SIZED.match(body) else None
            found[tool.name] = (begun, line.at, size + (said or 0), count + 1)
            told[tool.name] = told.get(tool.name, 0.0) + _seconds_in(body)
        before = line.at
    return tuple(
        Installation(
            tool=name,
            seconds=max((end - begun).total_seconds(), told[name]),
            bytes=size or None,
            lines=count,
        )
        for name, (begun, end, size, count) in found.items()
    )


def installations_in(text: str, run: Run) -> tuple[Installation, ...]:
    """The same of a log that was written elsewhere: the times are those that its lines begin with, if any."""
    lines = list(_stamped(text[:READ_LETTERS], run))
    text = "\n".join(line.text for line in lines)
    return installations_of(text, lines, run.started_at, command=run.command)


def _printed(
    line: str, tools: Sequence[Installer], latest: Installer | None, named: Collection[str]
) -> Installer | None:
    """The tool that printed a line; ``tools`` are in order, those that the command names first."""
    fitting = [tool for tool in tools if tool.output.match(line) is not None]
    if latest in fitting and (latest.name in named or fitting[0].name not in named):
        return latest
    if not fitting and latest is not None and latest.done is not None and latest.done.match(line):
        return latest
    return fitting[0] if fitting else None


def _stamped(text: str, run: Run) -> Iterator[LogLine]:
    at = run.started_at or run.submitted_at
    offset = 0
    for whole in text.splitlines(keepends=True):
        body = whole.rstrip("\r\n")
        if (stamp := _STAMP.match(body)) is not None:
            with contextlib.suppress(ValueError):
                moment = datetime.fromisoformat(f"{stamp[1].replace(' ', 'T')}{stamp[2] or ''}+00:00")
                at, body = moment, body[stamp.end() :]
        yield LogLine(offset=offset, stream=Stream.STDOUT, at=at, text=body)
        offset += len(whole)


def _seconds_in(line: str) -> float:
    match = _TOOK.search(line)
    return float(match[1]) * _UNITS[match[2]] if match is not None else 0.0


def _said(text: str) -> str:
    """The beginning of an output without its empty lines.

    A search over all lines would begin anew at each of thousands of empty ones, and read on to the last.
    """
    return "\n".join(line[:_LONGEST_LINE] for line in text[:READ_LETTERS].splitlines() if line.strip())


@lru_cache(maxsize=1)
def _any() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{tool.output.pattern})" for tool in installers()), re.MULTILINE)
