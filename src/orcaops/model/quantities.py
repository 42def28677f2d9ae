"""Sizes, durations and times as people write them, and back.

>>> parse_size("512m"), parse_duration("1h30m"), show_duration(5400)
(536870912, 5400.0, '1 h 30 min')
"""

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

MIB = 1024 * 1024

_SIZE_UNITS = {"": 1, "b": 1, "k": 1024, "m": MIB, "g": 1024**3, "t": 1024**4}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([bkmgt]?)(?:i?b)?\s*", re.IGNORECASE | re.ASCII)
_DURATION_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|w)", re.ASCII)
_LARGEST_SIZE = 2**62
_LONGEST_S = 10 * 366 * 86400.0


def parse_size(value: Any) -> int:
    """Bytes from a number or a string with a binary unit, ``"512m"``, ``"1.5g"``, ``"64MiB"``.

    Raises ``ValueError`` for anything else, and for what is not above zero.
    """
    if isinstance(value, str):
        match = _SIZE.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is not a size; write bytes or e.g. '512m', '2g'")
        value = float(match[1]) * _SIZE_UNITS[match[2].lower()]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a size is a number of bytes or a string such as '512m'")
    if not 1 <= value <= _LARGEST_SIZE:
        raise ValueError("a size is at least one byte and below 4 EiB")
    return int(value)


def parse_duration(value: Any) -> float:
    """Seconds from a number or a string such as ``"90"``, ``"5m"``, ``"1h30m"``, ``"250ms"``.

    Raises ``ValueError`` for anything else, for what is not above zero, and above ten years.
    """
    if isinstance(value, str):
        value = _duration_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a duration is a number of seconds or a string such as '5m'")
    if not 0 < value <= _LONGEST_S:
        raise ValueError("a duration is above zero and at most ten years")
    return float(value)


def _duration_of(text: str) -> float:
    bare = text.strip().lower()
    try:
        return float(bare)
    except ValueError:
        pass
    if not bare or _DURATION_PART.sub("", bare).strip():
        raise ValueError(f"{text!r} is not a duration; write seconds or e.g. '90s', '5m', '1h30m'")
    # 700 / 1000 is 0.7, and 700 * 0.001 is not.
    return sum(
        float(n) / 1000 if unit == "ms" else float(n) * _DURATION_UNITS[unit]
        for n, unit in _DURATION_PART.findall(bare)
    )


def show_duration(seconds: float) -> str:
    """A duration for people: two units at most, and no more digits than matter."""
    if seconds < 0:
        return "-" + show_duration(-seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, size_below, unit_below in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = (whole % size) // size_below
            return f"{whole // size} {unit}" + (f" {rest} {unit_below}" if rest else "")
    return f"{whole} s"


def show_size(size_bytes: float) -> str:
    """A size for people in binary units: ``"512 MiB"``."""
    if size_bytes < 0:
        return "-" + show_size(-size_bytes)
    amount = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def write_duration(seconds: float) -> str:
    """A duration as it can be written down to be read again, exactly.

    >>> write_duration(1800.0), write_duration(5400.0), write_duration(0.25), write_duration(86400.0)
    ('30m', '1h30m', '250ms', '24h')
    """
    if seconds != round(seconds):
        thousandths = round(seconds * 1000)
        return f"{thousandths}ms" if thousandths / 1000 == seconds and seconds < 1 else f"{seconds!r}s"
    hours, rest = divmod(round(seconds), 3600)
    parts = [(hours, "h"), (rest // 60, "m"), (rest % 60, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def write_size(size_bytes: int) -> str:
    """A size as it can be written down to be read again, exactly.

    >>> write_size(512 * MIB), write_size(1536 * MIB), write_size(1000)
    ('512m', '1536m', '1000')
    """
    for unit in ("t", "g", "m", "k"):
        if size_bytes % _SIZE_UNITS[unit] == 0:
            return f"{size_bytes // _SIZE_UNITS[unit]}{unit}"
    return str(size_bytes)


def show_ratio(ratio: float) -> str:
    """How many times as much, for people: three digits, or whole.

    >>> show_ratio(1.456), show_ratio(3000.4), show_ratio(2e9)
    ('1.46', '3000', 'over a million')
    """
    if ratio < 100:
        return f"{ratio:.3g}"
    return f"{ratio:.0f}" if ratio < 1e6 else "over a million"


def show_time(at: datetime) -> str:
    """A time for people, in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


Finite = Annotated[float, Field(allow_inf_nan=False)]
"""A number that is neither NaN nor infinite."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _LARGEST_SIZE},
                {"type": "string", "pattern": r"^[1-9][0-9]{0,8}(\.[0-9]{1,3})?[bkmgBKMG]?$"},
            ],
            "description": "Bytes, or a string with a binary unit such as '512m'.",
        },
        mode="validation",
    ),
]
"""A size in bytes."""

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": _LONGEST_S},
                {"type": "string", "pattern": r"^([1-9][0-9]{0,5}(ms|s|m)|[1-9][0-9]{0,3}h)$"},
            ],
            "description": "Seconds, or a string such as '90s', '5m', '1h30m'.",
        },
        mode="validation",
    ),
]
"""A duration in seconds."""

UtcTime = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""A moment, aware and in UTC; a time without a zone is refused."""
