"""What was installed in a run, as its output and the time stamps of its lines tell; bounded, and quick.

A tool is known by the lines that it prints (``model/installers.toml``). What it took goes from the line
before its first one, or the start of the run, to its last one. Only the beginning of an output is read:
installing comes first.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import islice

from orcaops.model.installing import Installation, amount_in, installers
from orcaops.model.logline import LogLine

READ_LETTERS = 128 * 1024
"""How much of an output is looked at."""

_MOST_LINES = 5000
_LONGEST_LINE = 400
_SIZED = re.compile(r"^\s*(?:Downloading|Downloaded|Fetched |Total download size|OK: )")


def installations_of(
    text: str, lines: Iterable[LogLine], started_at: datetime | None
) -> tuple[Installation, ...]:
    """The installations in an output: ``text`` is its beginning, ``lines`` the same with their times.

    ``lines`` are not touched where the text speaks of no installer, which is found out in one search.
    """
    if _any().search(text, 0, READ_LETTERS) is None:
        return ()
    tools = installers()
    found: dict[str, tuple[datetime, datetime, int, int]] = {}
    before = started_at
    for line in islice(lines, _MOST_LINES):
        if line.offset > READ_LETTERS:
            break
        body = line.text[:_LONGEST_LINE]
        for tool in tools:
            if tool.output.match(body) is None:
                continue
            begun, _, size, count = found.get(tool.name, (before or line.at, line.at, 0, 0))
            said = amount_in(body) if _SIZED.match(body) else None
            found[tool.name] = (begun, line.at, size + (said or 0), count + 1)
            break
        before = line.at
    return tuple(
        Installation(
            tool=name, seconds=max((end - begun).total_seconds(), 0.0), bytes=size or None, lines=count
        )
        for name, (begun, end, size, count) in found.items()
    )


@lru_cache(maxsize=1)
def _any() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{tool.output.pattern})" for tool in installers()), re.MULTILINE)
