"""What can be read off a log while it passes: how many lines of which level, and the first error.

>>> reading = LogReading()
>>> reading.feed(b"INFO start\\nWARNING: low disk\\nerror: no such file\\n")
>>> reading.levels, reading.first_error
({'error': 1, 'warning': 1, 'info': 1}, 'error: no such file')
"""

from orcaops.recording.terminal import without_controls

LEVELS = ("error", "warning", "info", "debug")

# A level is a word near the beginning of a line: as a tag ("ERROR", "[warn]", "level=info"), or, for
# errors, as a compiler and an interpreter write it ("x.c:3: error:", "ValueError: …"). One expression
# without groups, because groups make RE2 several times slower; the level follows from what it found.
# ``\dm`` before a word is the end of a colour.
_LEVEL = (
    rb"(?:\b|\dm)(?:(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|WARN|WARNING|INFO|NOTICE|DEBUG|TRACE)\b"
    rb"|(?:[Ff]atal|panic|[Ee]rror|ERR!|[Ww]arn|[Ww]arning|[Ii]nfo|debug|trace)[:\]])"
    rb"|[a-z](?:Error|Exception): |\blevel\"?[=:] ?\"?(?:error|fatal|crit|warn|info|debug|trace)"
)
_LEVEL_WORDS = (
    (1, (b"warn",)),
    (2, (b"info", b"notice")),
    (3, (b"debug", b"trace")),
)
_NEAR = 160

# What tells that something failed where no level does, as shells, build tools and test runners print it.
_FAILURE = (
    rb"(?:\b|\dm)(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b|(?:\b|\dm)(?:[Ff]atal|panic|[Ee]rror|ERR!)[:\]]"
    rb"|[a-z](?:Error|Exception): |level\"?[=:] ?\"?(?:error|fatal|crit)"
    rb"|command not found|No such file or directory|[Pp]ermission denied|\bFAILED\b|[Ss]egmentation fault"
    rb"|[Oo]ut of memory|\bKilled\b|\bAssertionError\b"
)

_EXACT_BYTES = 4 * 1024 * 1024
_SAMPLED_ONE_IN = 16
_LONGEST_ERROR = 500


class LogReading:
    """Reads whole lines in passing.

    Levels are counted line by line in the first 4 MiB; of what comes later every sixteenth
    piece is read and counts for all sixteen, so that a large log costs little. The first error is looked
    for in all of it.
    """

    def __init__(self) -> None:
        import re2

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        self._failure = re2.compile(_FAILURE, options)
        self._level = re2.compile(_LEVEL, options)
        self._counts = [0, 0, 0, 0]
        self._read_bytes = 0
        self._pieces = 0
        self.first_error: str | None = None

    @property
    def levels(self) -> dict[str, int]:
        """Lines per level that has any; a line counts for the level that it names first."""
        return {name: count for name, count in zip(LEVELS, self._counts, strict=True) if count}

    def resume(self, levels: dict[str, int], first_error: str | None, read_bytes: int) -> None:
        """Go on from what an earlier reading of the same log had counted."""
        self._counts = [levels.get(name, 0) for name in LEVELS]
        self.first_error = first_error
        self._read_bytes = read_bytes

    def feed(self, text: bytes) -> None:
        """Read some whole lines."""
        weight = 1
        if self._read_bytes >= _EXACT_BYTES:
            self._pieces += 1
            weight = _SAMPLED_ONE_IN if self._pieces % _SAMPLED_ONE_IN == 0 else 0
        self._read_bytes += len(text)
        if self.first_error is None and (match := self._failure.search(text)) is not None:
            start = text.rfind(b"\n", 0, match.start()) + 1
            end = text.find(b"\n", match.start())
            self.first_error = tidy_line(text[start : end if end >= 0 else len(text)])
        if weight:
            self._count(text, weight)

    def _count(self, text: bytes, weight: int) -> None:
        position = 0
        while (match := self._level.search(text, position)) is not None:
            start, end = match.span()
            line_start = text.rfind(b"\n", position, start) + 1 or position
            if start - line_start <= _NEAR:
                word = text[start:end].lower()
                level = next((n for n, parts in _LEVEL_WORDS if any(part in word for part in parts)), 0)
                self._counts[level] += weight
            position = text.find(b"\n", end) + 1
            if not position:
                return


def tidy_line(line: bytes) -> str:
    """A line as text for people: decoded, without colours and white space around it, at most 500 letters."""
    text = without_controls(line[: 4 * _LONGEST_ERROR].decode("utf-8", "replace"))
    return text.strip()[:_LONGEST_ERROR]
