r"""Log lines without what changes from run to run, so that the same event has the same text.

>>> mask("2026-11-22T20:49:35.123Z \x1b[31mERROR\x1b[0m GET https://a.example/x failed (10.0.0.7:80) 3.5 s")
'ERROR GET <url> failed (<ip>) <n>'
>>> mask("FileNotFoundError: /tmp/build-77/src/app.py line 12")
'FileNotFoundError: <path>/app.py line <n>'

Masking is linear in the line and looks at no more than :data:`LONGEST` letters of it, so a line of
ten megabytes costs no more than a long one. ``make bench`` measures lines per second.
"""

import re
import zlib

LONGEST = 2000
"""Letters of a line that are looked at; what lies between its beginning and its end is left out."""
_TAIL = 400

_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|\x1b\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)?"  # titles, links
    r"|\x1b[PX^_][^\x1b]{0,500}(?:\x1b\\)?|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]"
)
_HAS_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_SECTION = re.compile(r"(?:travis_(?:fold|time):(?:start|end):[^\r]*|section_(?:start|end):\d+:[^\r]*)\r?")

_LEADING_TIME = re.compile(
    r"(?:"
    r"\[?\(?(?:"
    r"\d{4}[-/.]\d\d?[-/.]\d\d?(?:[T _]?\d\d?:\d\d(?::\d\d)?(?:[.,]\d{1,9})?)?(?:\s?(?:Z|UTC"
    r"|[+-]\d\d:?\d\d))?"
    r"|\d\d?[-/.]\d\d?[-/.]\d{2,4}[ T]\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?"
    r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d\d?"
    r"(?:\s\d{4})?\s\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s(?:[A-Z]{3,4}\s)?\d{4})?"
    r"|\d\d?:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"|\d{10}(?:\.\d+)?(?=[\s\]:])"
    r"|\d+\.\d{3,9}(?=\])"
    r")\)?\]?[\s:|-]*)+"
)
_BEHIND_TIME = re.compile(r"^(?: (?:[|:-] (?![/\s]))?|[:|] ?)")
_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s'\"<>)\]}]+")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PATH = re.compile(
    r"(?<![\w.>)])(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.@+%=~-]+){2,}[/\\]?"
    r"|(?<![\w/\\.<])(?:[\w.@+-]+/){2,}[\w.@+-]+"
)
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_MAC = re.compile(r"\b[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b")
_HEX = re.compile(r"\b0[xX][0-9a-fA-F]+\b")
_HEX_RUN = re.compile(r"[0-9a-f]{7}|[0-9A-F]{7}")
_HASH = re.compile(
    r"\b(?=[a-f]{0,63}[0-9])(?=[0-9]{0,63}[a-f])[0-9a-f]{7,64}\b"
    r"|\b(?=[A-F]{0,63}[0-9])(?=[0-9]{0,63}[A-F])[0-9A-F]{7,64}\b"
)
_IP = re.compile(r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]{1,5})?\b(?!\.[0-9])")
_TIME = re.compile(
    r"\b(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]?[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?(?:Z"
    r"|[+-][0-9]{2}:?[0-9]{2})?)?"
    r"|[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?)\b"
)
# It begins with a plain set, which lets the engine skip to the first digit.
_NUMBER = re.compile(
    r"[0-9][0-9]*(?:[.,][0-9]+)*"
    r"(?:\s?(?:[kKMGT]i?[bB]|bytes|msec|ms|us|µs|ns|seconds?|secs?|minutes?|mins?|hours?|%"
    r"|[smhBkMG])(?![\w]))?"
)
_DIGIT = re.compile(r"[0-9]")


def plain(text: str) -> str:
    """A line as a terminal would leave it: no control letters, of a progress bar the last state."""
    if not text:
        return text
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - _TAIL]} … {text[-_TAIL:]}"
    if _HAS_CONTROL.search(text):
        if "\r" in text:
            text = _SECTION.sub("", text)
            # Of UTF-16 a zero byte stands behind the last "\r": what has nothing to be read is no state.
            text = next((part for part in reversed(text.split("\r")) if _CONTROL.sub("", part).strip()), "")
        text = _CONTROL.sub("", text)
    return text.rstrip()


def without_time(line: str) -> str:
    """A plain line without the time stamps that it begins with; one that is nothing else stays."""
    if line and (line[0] in "[(0123456789" or line[0] in "MTWFSJANOD"):
        found = _LEADING_TIME.match(line)
        if found and found.end() < len(line):
            return line[found.end() :]
    return line


def undated(line: str) -> str:
    """A plain line without the time stamps that it begins with, indented as it was behind them.

    >>> undated("2026-11-22T20:49:35Z     at main.js:3:1")
    '    at main.js:3:1'
    """
    bare = without_time(line)
    if len(bare) == len(line):
        return line
    rest = line[len(line[: len(line) - len(bare)].rstrip(" \t:|-")) :]
    return _BEHIND_TIME.sub("", rest, count=1)


def _path(match: re.Match[str]) -> str:
    text = match[0].rstrip("/\\")
    cut = max(text.rfind("/"), text.rfind("\\"))
    return f"<path>/{text[cut + 1 :]}"


def _mask_numbers(line: str) -> str:
    # Each step is paid for only by lines that can hold such a thing.
    if line.count("-") >= 4:
        line = _UUID.sub("<uuid>", line)
    colons = line.count(":")
    if colons >= 2:
        if colons >= 5:
            line = _MAC.sub("<mac>", line)
        line = _TIME.sub("<time>", line)
    elif line.count("-") >= 2:
        line = _TIME.sub("<time>", line)
    if "0x" in line or "0X" in line:
        line = _HEX.sub("<hex>", line)
    if _HEX_RUN.search(line):
        line = _HASH.sub("<hash>", line)
    if line.count(".") >= 3:
        line = _IP.sub("<ip>", line)
    return _NUMBER.sub("<n>", line)


def mask_plain(line: str) -> str:
    """Mask a line that is already :func:`plain`; white space is collapsed."""
    line = without_time(line)
    slash = "/" in line
    if slash and "://" in line:
        line = _URL.sub("<url>", line)
    if "@" in line:
        line = _EMAIL.sub("<email>", line)
    if slash or "\\" in line:
        line = _PATH.sub(_path, line)
    if _DIGIT.search(line):
        line = _mask_numbers(line)
    return " ".join(line.split())


def mask(text: str) -> str:
    """A line with control sequences and leading times removed and everything volatile masked.

    Masks are ``<uuid> <time> <url> <ip> <mac> <hex> <hash> <email> <n>`` (a number with its unit) and
    ``<path>/name``, which keeps the last element so that lines about different files stay apart.
    """
    return mask_plain(plain(text))


def line_hash(masked: str) -> int:
    """64 bits that stand for a masked line; the same on every machine."""
    data = masked.encode("utf-8", "surrogatepass")
    return zlib.crc32(data) << 32 | zlib.adler32(data)
