"""Words as they lie in a table: JSON bytes, and texts that every database takes."""

from datetime import UTC, datetime, timedelta

from orcaops.model.word import Word

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record_of(word: Word) -> bytes:
    """The JSON that ``from_stored`` reads back to an equal word; what is at its default is left out."""
    return word.__pydantic_serializer__.to_json(word, exclude_defaults=True, round_trip=True)


def moment(microseconds: int) -> datetime:
    """The time of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def clean(value: str) -> str:
    """The text without NUL, which PostgreSQL does not take."""
    return value.replace("\x00", "\ufffd") if "\x00" in value else value
