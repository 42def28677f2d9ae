"""The search language: ``status:failed image:python* duration:>60 label:team=a after:7d refused``.

Parts stand side by side and must all hold; ``OR`` binds weaker, ``NOT`` or ``-`` turns one around,
parentheses group. Before a field they may be written small (``status:failed or status:lost``). A part
is a word or a quoted phrase, to be found in logs, names and commands (``pyt*`` is the beginning of a
word), or ``field:value``:

- texts: ``status cause image name command key job_id branch commit executor host source``; with
  ``*`` for anything;
- numbers, alone or behind ``> >= < <=``: ``exit_code`` · ``duration wait cpu`` in seconds or
  ``5m`` · ``memory`` in bytes or ``512m``;
- ``label:team=a``, ``label:team=a*``, or ``label:team`` for any value;
- ``after:`` and ``before:`` with a time of RFC 3339, a date, a month, seconds of the epoch, ``today``,
  ``yesterday``, ``7d`` (ago), or another expression such as ``"last 7 days"`` or ``"last monday"``; without a
  zone it is UTC. Of a span that is named, such as ``"last week"`` or ``2026-11``, it is the beginning.

``id`` is short for ``job_id`` and ``exit`` for ``exit_code``. What holds spaces, parentheses or quotes
is put between double quotes, where a backslash takes the next letter as it is.

>>> from datetime import UTC, datetime
>>> now = datetime(2026, 11, 22, 12, tzinfo=UTC)
>>> parse_query("status:failed duration:>5m", now).parts[1].value
300.0
>>> parse_query("stauts:failed", now)
Traceback (most recent call last):
    ...
orcaops.model.errors.OrcaError: q, column 1: there is no field 'stauts'
>>> show_query(parse_query("NOT status:failed id:x after:1d", now))
'-status:failed job_id:x after:2026-11-21T12:00:00Z'
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from orcaops.model.errors import ErrorCode, OrcaError, invalid, not_found
from orcaops.model.quantities import parse_duration, parse_size
from orcaops.model.query import EVERYTHING, And, Compare, Comparison, Not, Or, Query, Words
from orcaops.model.run import Cause, Status

if TYPE_CHECKING:
    from lark import Lark, Token

TEXT_FIELDS = (
    "status",
    "cause",
    "image",
    "name",
    "command",
    "key",
    "job_id",
    "branch",
    "commit",
    "executor",
    "host",
    "source",
)
NUMBER_FIELDS = ("exit_code", "duration", "wait", "cpu", "memory")
FIELDS = (*TEXT_FIELDS, *NUMBER_FIELDS, "label", "after", "before")
"""All fields that a query may name."""

LONGEST = 4096
MOST_PARTS = 100
DEEPEST = 30

_SHORT = {"id": "job_id", "exit": "exit_code"}
_CHOICES = {"status": tuple(Status), "cause": tuple(Cause)}
_SIGNS = {
    "": Comparison.EQUAL,
    "=": Comparison.EQUAL,
    ">": Comparison.ABOVE,
    ">=": Comparison.AT_LEAST,
    "<": Comparison.BELOW,
    "<=": Comparison.AT_MOST,
}
_GRAMMAR = r"""
    start: [_either]
    _either: either
    either: all (_OR all)*
    all: _part (_AND? _part)*
    _part: turned | _OPEN either _CLOSE | compared | said
    turned: (NOT | MINUS) _part
    compared: FIELD
    said: PHRASE | WORD

    _AND.4: /AND(?![^\s()"])|and(?=\s+(-|not\s+|\(\s*)*[A-Za-z_]+:[^\s])/
    _OR.4: /OR(?![^\s()"])|or(?=\s+(-|not\s+|\(\s*)*[A-Za-z_]+:[^\s])/
    NOT.4: /NOT(?![^\s()"])|not(?=\s+(\(\s*)*[A-Za-z_]+:[^\s])/
    MINUS.3: /-(?=[^\s])/
    _OPEN: "("
    _CLOSE: ")"
    FIELD.2: /[A-Za-z_]+:([^\s()"]|"(\\.|[^"\\])*")*/s
    PHRASE.1: /"(\\.|[^"\\])*"/s
    WORD: /[^\s()"]+/
    %ignore /\s+/
"""
_PIECE = re.compile(r'"((?:\\.|[^"\\])*)"|([^"]+)', re.DOTALL)
_SIGN = re.compile(r"(>=|<=|>|<|=|)(.*)", re.DOTALL)
_AGO = re.compile(r"([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+", re.ASCII)
_LAST_FEW = re.compile(
    r"(?:the )?(?:last|past|previous) (\d{1,5}) (minute|hour|day|week|month|year)s?", re.ASCII
)
_CALENDAR = re.compile(r"(?:the )?(this|last|previous) (week|month|year)")
_MUST_QUOTE = re.compile(r'[\s()"]')
_MEANT_AS_FIELD = re.compile(rf"(?<![A-Za-z_])(?:{'|'.join((*FIELDS, *_SHORT))}):", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_MICROSECOND = timedelta(microseconds=1)

_Letters: TypeAlias = list[tuple[str, bool]]
"""A value letter by letter, each with whether it stands for itself: a quoted ``\\*`` is no pattern."""


def parse_query(text: str, now: datetime) -> Query:
    """What the text asks for; an empty one asks for everything. ``now`` is what ``7d`` counts from.

    A text that names none of the fields and is not a query, such as a line pasted from a log, is a search
    for its words. Else raises ``invalid``, or ``not_found`` for an unknown field, with the place in
    ``where`` and what is expected in ``hint``.
    """
    _check_letters(text)
    try:
        return _parsed(text, now)
    except OrcaError as error:
        if error.code is ErrorCode.NOT_FOUND or _MEANT_AS_FIELD.search(text):
            raise
        return _joined(And, [Words(word) for word in _WORD.findall(text)[:MOST_PARTS]])


def _parsed(text: str, now: datetime) -> Query:
    from lark import Token
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput

    try:
        _check_size(list(_parser().lex(text)))
        tree = _parser().parse(text)
    except UnexpectedCharacters as error:
        raise _wrong("a quote is not closed", _place(error), 'Put a " behind the phrase.') from None
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        ended = not isinstance(token, Token) or token.type == "$END"
        raise _wrong(
            "something is missing at the end" if ended else f"{str(token)[:40]!r} is not expected here",
            len(text) if ended else _place(error),
            'A part is a word, a "phrase" or field:value. AND and OR stand between two parts, NOT before '
            "one; every parenthesis is closed.",
        ) from None
    return _query_of(tree.children[0], now) if tree.children else EVERYTHING


def show_query(query: Query) -> str:
    """The text that :func:`parse_query` reads back to the same query.

    Raises ``invalid`` for a query that the language cannot say.
    """
    if isinstance(query, And):
        return " ".join(_grouped(part, And, Or) for part in query.parts)
    if isinstance(query, Or):
        return " OR ".join(_grouped(part, Or) for part in query.parts)
    if isinstance(query, Not):
        return "-" + _grouped(query.part, And, Or)
    if isinstance(query, Words):
        bare = query.text not in ("AND", "OR", "NOT") and query.text[:1] != "-" and ":" not in query.text
        return query.text if bare and not _MUST_QUOTE.search(query.text) else _quoted(query.text)
    return _shown(query)


# Reading


@cache
def _parser() -> "Lark":
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)


def _place(error: Exception) -> int:
    return int(getattr(error, "pos_in_stream", 0) or 0)  # lark's own annotation says it is always None


def _check_letters(text: str) -> None:
    if len(text) > LONGEST:
        raise _wrong("the query is too long", LONGEST, f"At most {LONGEST} letters can be read.")
    for at, letter in enumerate(text):
        if letter == "\x00" or "\ud800" <= letter <= "\udfff":
            raise _wrong("this is not a letter", at, "NUL and broken Unicode cannot be searched for.")


def _check_size(tokens: "list[Token]") -> None:
    depth = turns = parts = 0
    for token in tokens:
        turns = turns + 1 if token.type in ("NOT", "MINUS") else 0
        depth += {"_OPEN": 1, "_CLOSE": -1}.get(token.type, 0)
        parts += token.type in ("FIELD", "PHRASE", "WORD")
        if depth > DEEPEST or turns > DEEPEST or parts > MOST_PARTS:
            raise _wrong(
                "the query has too many parts",
                token.start_pos or 0,
                f"At most {MOST_PARTS} parts, and {DEEPEST} parentheses in each other.",
            )


def _query_of(tree: Any, now: datetime) -> Query:
    if tree.data == "either":
        return _joined(Or, [_query_of(child, now) for child in tree.children])
    if tree.data == "all":
        return _joined(And, [_query_of(child, now) for child in tree.children])
    if tree.data == "turned":
        inner = _query_of(tree.children[1], now)
        return inner.part if isinstance(inner, Not) else Not(inner)
    token: Token = tree.children[0]
    if tree.data == "compared":
        return _comparison_of(token, now)
    said = "".join(letter for letter, _ in _letters_of(token))
    if not any(letter.isalnum() for letter in said):
        raise _wrong(
            f"there is no word in {str(token)[:40]!r}", token.start_pos or 0, "Give letters or digits."
        )
    return Words(said)


def _joined(kind: type[And] | type[Or], parts: list[Query]) -> Query:
    if len(parts) == 1:
        return parts[0]
    flat: list[Query] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else [part])
    return kind(tuple(flat))


def _comparison_of(token: "Token", now: datetime) -> Query:
    name, _, rest = str(token).partition(":")
    at = token.start_pos or 0
    field = _SHORT.get(name.lower(), name.lower())
    if field not in FIELDS:
        raise not_found(
            f"there is no field {name[:40]!r}",
            where=f"q, column {at + 1}",
            hint=f"Known fields: {', '.join(FIELDS)}. To search for the text itself, put it between quotes.",
        )
    letters = _letters_of(rest)
    value = "".join(letter for letter, _ in letters)
    value_at = at + len(name) + 1
    if not rest:
        raise _wrong(f"{name}: needs a value", value_at, f'Write {name}:VALUE without a space, or name:"".')
    if field == "label":
        return _label_of(value, letters, value_at)
    if field in ("after", "before"):
        moment = _moment_of(value, now, value_at)
        return Compare("submitted_at", Comparison.AT_LEAST if field == "after" else Comparison.BELOW, moment)
    if field in TEXT_FIELDS:
        return _text_of(field, value, letters, value_at)
    return _number_of(field, value, value_at)


def _letters_of(text: str) -> _Letters:
    letters: _Letters = []
    for piece in _PIECE.finditer(text):
        quoted, plain = piece.groups()
        if plain is not None:
            letters.extend((letter, False) for letter in plain)
            continue
        taken = False
        for letter in quoted:
            if letter == "\\" and not taken:
                taken = True
            else:
                letters.append((letter, taken))
                taken = False
    return letters


def _is_pattern(letters: _Letters) -> bool:
    return any(letter == "*" and not itself for letter, itself in letters)


def _label_of(value: str, letters: _Letters, at: int) -> Compare:
    name, equals, wanted = value.partition("=")
    if not name:
        raise _wrong("which label?", at, "Write label:team=a, or label:team for any value.")
    if not equals:
        return Compare("label", Comparison.LIKE, "*", name)
    pattern = _is_pattern(letters[len(name) + 1 :])
    return Compare("label", Comparison.LIKE if pattern else Comparison.EQUAL, wanted, name)


def _text_of(field: str, value: str, letters: _Letters, at: int) -> Compare:
    if _is_pattern(letters):
        return Compare(field, Comparison.LIKE, value)
    choices = _CHOICES.get(field)
    value = value.lower() if choices is not None else value
    if choices is not None and value not in choices:
        raise _wrong(f"{value[:40]!r} is not a {field}", at, f"One of: {', '.join(choices)}.")
    return Compare(field, Comparison.EQUAL, value)


def _number_of(field: str, value: str, at: int) -> Compare:
    match = _SIGN.fullmatch(value)
    sign, amount = match.groups() if match is not None else ("", value)
    try:
        return Compare(field, _SIGNS[sign], _amount_of(field, amount.strip()))
    except ValueError:
        example = {"exit_code": "137", "memory": "512m"}.get(field, "90 or 5m")
        raise _wrong(
            f"{amount[:40]!r} is not a number for {field}",
            at,
            f"Write e.g. {field}:>{example.split(' ', maxsplit=1)[0]}; {field} takes {example}.",
        ) from None


def _amount_of(field: str, amount: str) -> int | float:
    if field == "exit_code":
        code = int(amount) if amount.isascii() else None
        if code is None or not -(2**31) <= code < 2**31:
            raise ValueError(amount)
        return code
    if field == "memory":
        return 0 if amount == "0" else parse_size(amount)
    return 0.0 if amount == "0" else parse_duration(amount)


def _moment_of(value: str, now: datetime, at: int) -> datetime:
    try:
        found = _moment(value.strip(), now)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise _wrong(
            f"{value[:40]!r} is not a time",
            at,
            'Write e.g. 2026-01-31, 2026-01-31T08:30:00Z, today, yesterday, 7d (ago) or "last 7 days".',
        )
    return found


def _moment(value: str, now: datetime) -> datetime | None:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if value == "today":
        return midnight
    if value == "yesterday":
        return midnight - timedelta(days=1)
    if value == "now":
        return now.astimezone(UTC)
    if (named := _named(value.lower(), now, midnight)) is not None:
        return named
    if _AGO.fullmatch(value):
        return now.astimezone(UTC) - timedelta(seconds=parse_duration(value))
    try:
        return _in_utc(datetime.fromisoformat(value))
    except ValueError:
        return _in_words(value, now)


def _named(value: str, now: datetime, midnight: datetime) -> datetime | None:
    """The beginning of a span that is named, or seconds of the epoch; None for what is neither."""
    if found := _LAST_FEW.fullmatch(value):
        days = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}[found[2]]
        return now.astimezone(UTC) - int(found[1]) * timedelta(days=days)
    if found := _CALENDAR.fullmatch(value):
        back = found[1] != "this"
        if found[2] == "week":
            return midnight - timedelta(days=midnight.weekday() + 7 * back)
        first = midnight.replace(day=1, month=midnight.month if found[2] == "month" else 1)
        if not back:
            return first
        return (first - timedelta(days=1)).replace(
            day=1, month=(first - timedelta(days=1)).month if found[2] == "month" else 1
        )
    if found := re.fullmatch(r"(\d{4})-(\d{2})", value, re.ASCII):
        return datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", value, re.ASCII):
        return datetime(int(found[3]), int(found[2]), int(found[1]), tzinfo=UTC)
    if re.fullmatch(r"\d{9,11}(?:\.\d+)?", value, re.ASCII):
        return datetime.fromtimestamp(float(value), UTC)
    return None


def _in_words(value: str, now: datetime) -> datetime | None:
    """A time such as ``last monday``; None if it cannot be understood."""
    if not any(letter.isalpha() for letter in value) or len(value) > 50:
        return None
    import dateparser

    settings = {
        "RELATIVE_BASE": now.astimezone(UTC).replace(tzinfo=None),
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": True,
        "PREFER_DATES_FROM": "past",
    }
    try:
        found = dateparser.parse(value, languages=["en"], settings=settings)
    except Exception:  # noqa: BLE001 - it raises whatever it stumbles over, on any odd text
        return None
    return _in_utc(found) if isinstance(found, datetime) else None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _wrong(what: str, at: int, hint: str) -> OrcaError:
    return invalid(what, where=f"q, column {at + 1}", hint=hint)


# Showing


def _grouped(part: Query, *kinds: type) -> str:
    shown = show_query(part)
    return f"({shown})" if isinstance(part, kinds) else shown


def _shown(part: Compare) -> str:
    value = part.value
    if part.field == "label":
        if part.comparison is Comparison.LIKE and value == "*":
            return f"label:{_value(part.name or '', pattern=False)}"
        return f"label:{_value(f'{part.name}={value}', pattern=part.comparison is Comparison.LIKE)}"
    if part.field == "submitted_at" and isinstance(value, datetime):
        name = "after" if part.comparison in (Comparison.ABOVE, Comparison.AT_LEAST) else "before"
        late = part.comparison in (Comparison.ABOVE, Comparison.AT_MOST)
        return f"{name}:{(value + _MICROSECOND * late).astimezone(UTC).isoformat().replace('+00:00', 'Z')}"
    if part.field in NUMBER_FIELDS:
        sign = "" if part.comparison is Comparison.EQUAL else part.comparison.value
        whole = isinstance(value, float) and value.is_integer()
        return f"{part.field}:{sign}{int(value) if whole else value}"
    if part.field in TEXT_FIELDS and part.comparison in (Comparison.EQUAL, Comparison.LIKE):
        return f"{part.field}:{_value(str(value), pattern=part.comparison is Comparison.LIKE)}"
    raise invalid("this query cannot be written down", where=part.field)


def _value(text: str, *, pattern: bool) -> str:
    if text and not _MUST_QUOTE.search(text) and (pattern or "*" not in text):
        return text
    return _quoted(text) if pattern else _quoted(text).replace("*", "\\*")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
