"""What can be read off a log while it passes: how many lines of which level, and the first error.

>>> reading = LogReading()
>>> reading.feed(b"INFO start\\nWARNING: low disk\\nerror: no such file\\n")
>>> reading.levels, reading.first_error
({'error': 1, 'warning': 1, 'info': 1}, 'error: no such file')
"""

import re

LEVELS = ("error", "warning", "info", "debug")

# (``\dm`` before a word is the end of a colour.)
# A level is a word near the beginning of a line: as a tag ("ERROR", "[warn]", "level=info", "E1122"),
# or, for errors, as a compiler and an interpreter write it ("x.c:3: error:", "ValueError: …").
_LEVEL = re.compile(
    rb"[^\n]{0,160}?(?:"
    rb"((?:\b|\dm)(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b|(?:\b|\dm)(?:[Ff]atal|panic|[Ee]rror|ERR!)[:\]]"
    rb"|[a-z](?:Error|Exception): |\blevel\"?[=:] ?\"?(?:error|fatal|crit))"
    rb"|((?:\b|\dm)WARN(?:ING)?\b|(?:\b|\dm)[Ww]arn(?:ing)?[:\]]|\blevel\"?[=:] ?\"?warn)"
    rb"|((?:\b|\dm)INFO\b|(?:\b|\dm)[Ii]nfo[:\]]|(?:\b|\dm)NOTICE\b|\blevel\"?[=:] ?\"?info)"
    rb"|((?:\b|\dm)(?:DEBUG|TRACE)\b|(?:\b|\dm)(?:debug|trace)[:\]]|\blevel\"?[=:] ?\"?(?:debug|trace)))"
)

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
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


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
            level_of = _LEVEL.match
            counts = self._counts
            for line in text.split(b"\n"):
                if line and (found := level_of(line)) is not None:
                    counts[(found.lastindex or 1) - 1] += weight


def tidy_line(line: bytes) -> str:
    """A line as text for people: decoded, without colours and white space around it, at most 500 letters."""
    text = _ANSI.sub("", line[: 4 * _LONGEST_ERROR].decode("utf-8", "replace"))
    return text.strip()[:_LONGEST_ERROR]
