"""Secrets are masked before anything is written: in environments, command lines and logs.

Two kinds are found. *Known* secrets are the exact values given, plain and as they look in Base64, in a
URL or in JSON. *Shapes* are what gives a secret away wherever it stands: the tokens of well-known
services, private keys, passwords in URLs, and values assigned to names such as ``DB_PASSWORD``.
Digests, UUIDs and encoded images have no such shape and stay.

>>> redactor = Redactor(["s3cr3t-value"])
>>> redactor.text("login s3cr3t-value at https://joe:pa55word@example.org, commit 3f786850e387550f")
'login *** at https://joe:***@example.org, commit 3f786850e387550f'
"""

import base64
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import orjson

from orcaops.model.job import JobSpec

MASK = "***"
_MASK = MASK.encode()

_SHORTEST_SECRET = 4
_LONGEST_HELD = 16 * 1024
_LONGEST_LINE = 64 * 1024
_LONGEST_KEY_BLOCK = 32 * 1024  # a private key of 16 384 bits takes 13 KiB
_CONTEXT = 4 * 1024

Span = tuple[int, int]
S = TypeVar("S", str, bytes)

# Names of variables and options whose values are secret: a telling word, unless the name goes on to say
# that it holds something about the secret ("TOKEN_FILE", "PASSWORD_LENGTH").
_SECRET_NAME = re.compile(
    r"(?:PASSW(?:OR)?D|PASSPHRASE|SECRET|CREDENTIALS?|API[_.-]?KEY|PRIVATE[_.-]?KEY|ACCESS[_.-]?KEY"
    r"|SIGNING[_.-]?KEY|ENCRYPTION[_.-]?KEY|[A-Z]*TOKEN(?![A-Z])|(?<![A-Z])(?:AUTH|AUTHORIZATION|PASS|PAT)(?![A-Z])"
    r"|(?<=[_.-])PWD(?![A-Z]))(?P<rest>[A-Z0-9_.-]*)"
)
_ABOUT_A_SECRET = re.compile(
    r"(?:^|[_.-])(?:FILE|FILENAME|PATH|DIR|SOCK|SOCKET|TTL|TIMEOUT|EXPIRY|EXPIRES|EXPIRATION|LENGTH|LEN|COUNT|LIMIT"
    r"|TYPE|NAME|METHOD|MODE|ENABLED|DISABLED|REQUIRED|POLICY|URL|URI|HOST|PORT|ENDPOINT|ISSUER|KEYRING|STDIN|ID|VERSION)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# What stands where a secret would, and is none: a filler, or code that takes it from the environment.
_NO_SECRET = re.compile(
    r"(?:|\*+|true|false|none|null|nil|yes|no|on|off|undefined|required|optional|string|\$.*|\{.*|<.*|%[A-Za-z_({].*"
    r"|\[.*|x+|\.\.\.|[0-9]{1,3}|(?:\w+\.)*(?:environ|env)[\[.(].*|(?:\w+\.)*getenv\(.*)",
    re.IGNORECASE | re.DOTALL,
)

_VALUE = r"""\"[^\"\n]*\"?|'[^'\n]*'?|[^\s\"'`,;&|<>)\]}]+"""
_NAME_WORD = (
    r"(?:(?i:passw(?:or)?d|passphrase|secret|credential|api[_.-]?key|private[_.-]?key|access[_.-]?key"
    r"|signing[_.-]?key|encryption[_.-]?key|token)[A-Za-z0-9_.-]*"
    r"|(?i:auth|pass|pat|pwd)(?:[0-9_.-][A-Za-z0-9_.-]*)?)"
)
# One alternation, each alternative with one group: the part that is masked. Assignments have three groups
# (name, link, value) and are looked at again in Python, where false hits are told from true ones.
_SHAPES = (
    r"\b(gh[pousr]_[A-Za-z0-9]{20,255})",
    r"\b(github_pat_[A-Za-z0-9_]{20,255})",
    r"\b(gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[A-Za-z0-9_.-]{16,255})",
    r"\b((?:AKIA|ASIA)[A-Z0-9]{16})\b",
    r"\b((?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255})",
    r"\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*)",
    r"\b((?:sk|rk)_live_[A-Za-z0-9]{16,255}|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,255})",
    r"\b(npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{32,})",
    r"(?i:\bbearer[ \t]+)([A-Za-z0-9._~+/=-]{8,})",
    (
        r"(?i:\bauthorization[\"']?[ \t]*[:=][ \t]*[\"']?(?:(?:basic|bearer|token|digest|negotiate)[ \t]+)?)"
        r"([^\s\"',;]{4,})"
    ),
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'<>]*:([^\s/\"'<>]+)@",
)
_LINK = r"(?:[\"'\\]*[ \t]*[:=][ \t]*)"
_ASSIGNED = (
    # NAME=VALUE, name: value, "name": "value"
    rf"([A-Za-z0-9_.-]*{_NAME_WORD})({_LINK})\\?({_VALUE})",
    # --name VALUE
    rf"\B(--?[A-Za-z0-9_.-]*{_NAME_WORD})([ \t]+)({_VALUE})",
)
_BEGIN_KEY = b"-----BEGIN "
_KEY_BLOCK = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(rb"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")

# The beginning of a shape at the end of what has come so far: what may turn out to be secret is held back.
_OPEN = "|".join(
    (
        (
            r"\b((?:gh[pousr]_|github_pat_|gl[a-z]{2,5}-|AKIA|ASIA|xox[a-z]-|xapp-|eyJ|[sr]k_live_|sk-|npm_|pypi-)"
            r"[A-Za-z0-9_.-]*)\z"
        ),
        r"(?i:\bbearer[ \t]+)([A-Za-z0-9._~+/=-]*)\z",
        r"(?i:\bauthorization[\"']?[ \t]*[:=][ \t]*)([^\n]*)\z",
        r"://[^\s/:@\"'<>]*:([^\s/\"'<>]*)\z",
        (
            rf"{_NAME_WORD}(?:[\"']?[ \t]*[=:][ \t]*|[ \t]+)"
            r"(\"[^\"\n]*|'[^'\n]*|[^\s\"'`,;&|<>)\]}]*)\z"
        ),
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----([^\n]*)\z",
    )
).encode()


def is_secret_name(name: str) -> bool:
    """Whether a variable or option of this name usually holds a secret.

    >>> [is_secret_name(n) for n in ("GITHUB_TOKEN", "dbPassword", "AUTHOR", "TOKEN_FILE", "MAX_TOKENS")]
    [True, True, False, False, False]
    """
    upper = _CAMEL.sub("_", name).upper()
    match = _SECRET_NAME.search(upper)
    return match is not None and _ABOUT_A_SECRET.search(match["rest"]) is None


def _looks_secret(name: str, link: str, value: str) -> bool:
    """Whether ``name link value`` assigns a secret; prose such as "unexpected token: x" does not."""
    bare = value.strip("\"'")
    if len(bare) < _SHORTEST_SECRET or _NO_SECRET.fullmatch(bare) or not is_secret_name(name):
        return False
    if "=" in link:
        return link == "=" or "(" not in bare  # "token = next()" is a line of a program
    if ":" in link:
        if not link.startswith(('"', "'", "\\")) and link[-1] not in " \t":
            return False  # "libsecret-1-0:amd64" is the name of a package
        telling = re.search(r"pass(?:w|phrase)|secret|key", name, re.IGNORECASE) is not None
        return telling or link.startswith(('"', "'"))
    return name.startswith("-")  # --password VALUE


@cache
def _patterns() -> tuple[Any, Any]:
    """What finds the secrets of a known shape, and what may become one of them; made once for all texts."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    shapes = re2.compile("|".join((*_SHAPES, *_ASSIGNED)).encode(), options)
    return shapes, re2.compile(_OPEN, options)


class Redactor:
    """Masks secrets in texts. Immutable, so it may be shared by threads."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        import re2

        self._shapes, self._open = _patterns()
        self._name_group = len(_SHAPES) + 1
        self._known_values = _variants(secrets)
        self._known = None
        if self._known_values:
            longest = re2.Options()
            longest.encoding = re2.Options.Encoding.LATIN1
            longest.longest_match = True
            longest.max_mem = 64 * 1024 * 1024
            self._known = re2.compile(b"|".join(re2.escape(v) for v in self._known_values), longest)
        self.longest = max((len(value) for value in self._known_values), default=0)

    def text(self, text: str) -> str:
        """The text with ``***`` in place of every secret."""
        raw = text.encode("utf-8", "surrogatepass")
        masked = self.data(raw)
        return text if masked is raw else masked.decode("utf-8", "surrogatepass")

    def data(self, data: bytes) -> bytes:
        """The same for bytes; returns ``data`` itself where there is nothing to mask."""
        spans = self.spans(data)
        if not spans:
            return data
        pieces = []
        behind = 0
        for start, end in spans:
            pieces += [data[behind:start], _MASK]
            behind = end
        pieces.append(data[behind:])
        return b"".join(pieces)

    def stream(self) -> "RedactionStream":
        """A redactor for one stream that comes in pieces."""
        return RedactionStream(self)

    def spans(self, data: bytes) -> list[Span]:
        """Where the secrets are: sorted, and none touching another."""
        found: list[Span] = []
        if self._known is not None:
            found.extend(match.span() for match in self._known.finditer(data))
        for match in self._shapes.finditer(data):
            span = self._masked_part(match)
            if span is not None:
                found.append(span)
        if _BEGIN_KEY in data:
            found.extend(_key_blocks(data))
        return _merged(found)

    def _masked_part(self, match: Any) -> Span | None:
        for first in (self._name_group, self._name_group + 3):
            start, end = match.span(first + 2)
            if start >= 0:
                name, link, value = (match.group(first + i).decode("latin-1") for i in range(3))
                if not _looks_secret(name, link, value):
                    return None
                opening = value[0] in "\"'"
                closing = opening and len(value) > 1 and value[-1] == value[0]
                return (start + opening, end - closing)
        for group in range(1, self._name_group):
            start, end = match.span(group)
            if start >= 0:
                value = match.group(group)
                # "bearer certificate" is prose: a token holds a digit or both cases.
                if _NO_SECRET.fullmatch(value.decode("latin-1")) or (value.islower() and value.isalpha()):
                    return None
                return (start, end)
        return None

    def held_from(self, data: bytes) -> int:
        """Where the end of ``data`` may be the beginning of a secret; its length if it is none."""
        hold = len(data)
        window = max(0, len(data) - max(_LONGEST_HELD, self.longest))
        match = self._open.search(data, window)
        if match is not None:
            hold = max(match.start(group) for group in range(1, self._open.groups + 1))
        for value in self._known_values:
            for size in range(min(len(value) - 1, len(data)), len(data) - hold, -1):
                if data.endswith(value[:size]):
                    hold = len(data) - size
                    break
        return hold


class RedactionStream:
    """Masks secrets in one stream, however it is cut into pieces.

    Whole lines are given out at once. Of a line that has not ended, :meth:`flush` gives out what cannot
    become part of a secret whatever comes next, so at most the longest secret (or 16 KiB of something
    that looks like a token) is held back.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.masked = 0
        """How many secrets have been masked so far."""
        self._line = b""  # the line that has not ended
        self._given = 0  # how much of it has been given out
        self._looked = False  # whether flush() has looked at all of it
        self._key_bytes = -1  # how long the private key is that we are inside of; -1 outside

    @property
    def holds(self) -> bool:
        """Whether something has come that :meth:`flush` may give out."""
        return self._given < len(self._line) and not self._looked

    @property
    def held_bytes(self) -> int | None:
        """How much of what has come has not been given out; None inside a private key, which knows more."""
        return len(self._line) - self._given if self._key_bytes < 0 else None

    def feed(self, data: bytes) -> bytes:
        """Take a piece; returns the lines that are whole now, masked."""
        self._looked = False
        newline = data.rfind(b"\n") + 1
        if not newline:
            self._line += data
            out = b""
        else:
            out = self._give(self._line + data[:newline], newline + len(self._line))
            self._line, self._given = data[newline:], 0
        if len(self._line) - self._given > _LONGEST_LINE:
            out += self.flush()
        return out

    def flush(self) -> bytes:
        """What can be shown of a line that has not ended; may be empty."""
        if not self.holds or (self._key_bytes >= 0 and len(self._line) < _LONGEST_LINE):
            return b""
        self._looked = True
        end = self._redactor.held_from(self._line)
        for start, stop in self._redactor.spans(self._line):
            if start < end <= stop:  # it may go on, or is cut by what is held
                end = start
        most_held = max(_LONGEST_HELD, self._redactor.longest)
        end = max(end, len(self._line) - most_held)
        if end <= self._given:
            return b""
        out = self._give(self._line, end)
        self._given = end
        drop = max(0, end - max(_CONTEXT, self._redactor.longest))
        self._line, self._given = self._line[drop:], end - drop
        return out

    def finish(self) -> bytes:
        """All that is left: nothing more will come."""
        if self._given >= len(self._line):
            return b""
        out = self._give(self._line, len(self._line))
        self._line, self._given = b"", 0
        return out

    def _give(self, text: bytes, end: int) -> bytes:
        """``text`` from where the last piece ended up to ``end``, masked."""
        begin = self._given
        if self._key_bytes >= 0:
            begin, out = self._inside_key(text, end, begin)
            if begin >= end:
                return out
        else:
            out = b""
        spans = self._redactor.spans(text)
        pieces = [out]
        for start, stop in spans:
            if stop <= begin or start >= end:
                continue
            if start >= begin:
                self.masked += 1
                pieces += [text[begin:start], _MASK]
            begin = min(stop, end)
        pieces.append(text[begin:end])
        if _BEGIN_KEY in text and end == len(text) and text.endswith(b"\n"):
            self._key_bytes = _unfinished_key(text)
        return b"".join(pieces)

    def _inside_key(self, text: bytes, end: int, begin: int) -> tuple[int, bytes]:
        """Pass over the rest of a private key; where it ends, and what to print for it."""
        found = _KEY_END.search(text, begin)
        if found is not None:
            self._key_bytes = -1
            self.masked += 1
            return found.end(), _MASK + b"\n" + found[0]
        self._key_bytes += end - begin
        if self._key_bytes > _LONGEST_KEY_BLOCK:  # it was none: do not mask for ever
            self._key_bytes = -1
        return end, b""


def redact_spec(spec: JobSpec) -> JobSpec:
    """The job as it may be written down: secret values masked in environment, command lines and words."""
    redactor = Redactor(secrets_of(spec))
    mask = redactor.text

    def arguments(command: tuple[str, ...]) -> tuple[str, ...]:
        secret = set(_secret_arguments(command))
        return tuple(MASK if i in secret else mask(word) for i, word in enumerate(command))

    changes: dict[str, Any] = {
        "env": {
            name: MASK if value and is_secret_name(name) else mask(value) for name, value in spec.env.items()
        },
        "labels": {name: mask(value) for name, value in spec.labels.items()},
    }
    if spec.command is not None:
        changes["command"] = arguments(spec.command)
    if spec.commands is not None:
        changes["commands"] = tuple(arguments(command) for command in spec.commands)
    if isinstance(spec.shell, str):
        changes["shell"] = mask(spec.shell)
    for field in ("name", "intent", "cwd", "triggered_by"):
        value = getattr(spec, field)
        if value is not None:
            changes[field] = mask(value)
    return spec.model_copy(update=changes)


def secrets_of(spec: JobSpec) -> tuple[str, ...]:
    """The secret values in a job: of variables with secret names, and what is masked in its command lines."""
    found = {value for name, value in spec.env.items() if is_secret_name(name)}
    shapes = Redactor()
    texts = [value for value in spec.env.values() if value not in found]
    for command in spec.commands or ((spec.command or ()),):
        found.update(command[i] for i in _secret_arguments(command))
        texts.extend(command)
    if isinstance(spec.shell, str):
        texts.append(spec.shell)
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        found.update(raw[a:b].decode("utf-8", "replace") for a, b in shapes.spans(raw))
    return tuple(sorted(value for value in found if _worth_masking(value)))


def _secret_arguments(command: Sequence[str]) -> list[int]:
    """The places of arguments that follow an option with a secret name: ``--password X``."""
    return [
        place + 1
        for place, word in enumerate(command[:-1])
        if word.startswith("-")
        and "=" not in word
        and is_secret_name(word)
        and not command[place + 1].startswith("-")
    ]


def _worth_masking(value: str) -> bool:
    return len(value) >= _SHORTEST_SECRET and _NO_SECRET.fullmatch(value) is None


def _variants(secrets: Iterable[str]) -> list[bytes]:
    """All the ways in which secrets may be written, longest first."""
    found: set[bytes] = set()
    for secret in secrets:
        if not _worth_masking(secret):
            continue
        raw = secret.encode("utf-8", "surrogatepass")
        found.add(raw)
        found.update(line.strip() for line in raw.splitlines() if len(line.strip()) >= _SHORTEST_SECRET)
        for form in (quote(raw, safe=""), quote_plus(raw), quote(raw)):
            found.add(form.encode())
            found.add(re.sub(rb"%[0-9A-F]{2}", lambda m: m[0].lower(), form.encode()))
        found.add(orjson.dumps(raw.decode("utf-8", "replace"))[1:-1])
        found.update(_base64_forms(raw))
    return sorted((value for value in found if len(value) >= _SHORTEST_SECRET), key=lambda v: (-len(v), v))


def _base64_forms(raw: bytes) -> set[bytes]:
    """A value in Base64, by itself and inside something longer, at each of the three alignments."""
    forms = {base64.b64encode(raw).rstrip(b"=")}
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        # Letters that also depend on the neighbours are left out: 6 bits each, at both ends.
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        core = whole[first:last]
        if len(core) >= 8:  # shorter pieces occur by chance
            forms.add(core)
    return forms | {form.translate(bytes.maketrans(b"+/", b"-_")) for form in forms}


def _key_blocks(data: bytes) -> list[Span]:
    """The bodies of private keys: from BEGIN to END, or to the end of what there is."""
    found = []
    position = 0
    while (begin := _KEY_BLOCK.search(data, position)) is not None:
        end = _KEY_END.search(data, begin.end(), begin.end() + _LONGEST_KEY_BLOCK)
        stop = end.start() if end else min(len(data), begin.end() + _LONGEST_KEY_BLOCK)
        start = begin.end()
        while start < stop and data[start] in b"\r\n":  # the line ends around the body stay
            start += 1
        while stop > start and data[stop - 1] in b"\r\n":
            stop -= 1
        found.append((start, stop))
        position = end.end() if end else stop
    return found


def _unfinished_key(text: bytes) -> int:
    """How much of a private key that has not ended stands at the end of ``text``; -1 if none does."""
    begins = [match.end() for match in _KEY_BLOCK.finditer(text)]
    if not begins or _KEY_END.search(text, begins[-1]) is not None:
        return -1
    size = len(text) - begins[-1]
    return size if size <= _LONGEST_KEY_BLOCK else -1


def _merged(spans: list[Span]) -> list[Span]:
    spans.sort()
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
