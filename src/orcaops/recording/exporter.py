"""Runs as JSON, JSON Lines or CSV, one at a time; the ``orcaops`` reader brings them back unchanged."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from orcaops.model.errors import invalid
from orcaops.model.run import Run

FORMATS = ("json", "jsonl", "csv")

CSV_COLUMNS = tuple(Run.model_fields)
"""The columns of the CSV: every field of the record, nested ones as JSON."""

_TEXT = frozenset(
    name
    for name, field in Run.model_fields.items()
    if field.annotation in (str, str | None) or "Id" in str(field.annotation)
)
_PLAIN = _TEXT | {
    "status",
    "cause",
    "submitted_at",
    "started_at",
    "finished_at",
    "workspace",
    "job_id",
    "parent_job_id",
    "retry_of",
}
_BATCH = 64 * 1024


def export(runs: Iterable[Run], format_name: str) -> Iterator[bytes]:
    """The runs in pieces of bytes, in constant memory.

    ``json`` is one array, ``jsonl`` one record per line, ``csv`` one row per record under a header. Raises
    ``invalid`` for another format.
    """
    writers: dict[str, Callable[[Iterable[Run]], Iterator[bytes]]] = {
        "json": _json,
        "jsonl": _jsonl,
        "csv": _csv,
    }
    if format_name not in writers:
        raise invalid(
            f"there is no export format {format_name!r}", where="format", hint=f"Known: {', '.join(FORMATS)}."
        )
    return writers[format_name](runs)


def to_cell(value: Any) -> str:
    """A field of a record (as JSON holds it) as a cell of a table; what is nested becomes JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def from_cell(column: str, cell: str) -> Any:
    """The field again. Raises ``ValueError`` if a nested one is not JSON."""
    if column in _PLAIN:
        return cell
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        raise ValueError(f"'{column}' is not valid JSON: {cell[:60]!r}") from None


def _jsonl(runs: Iterable[Run]) -> Iterator[bytes]:
    for run in runs:
        yield run.model_dump_json().encode() + b"\n"


def _json(runs: Iterable[Run]) -> Iterator[bytes]:
    separator = b"[\n"
    for run in runs:
        yield separator + run.model_dump_json().encode()
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _csv(runs: Iterable[Run]) -> Iterator[bytes]:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")  # so that both letters are quoted in cells
    rows.writerow(CSV_COLUMNS)
    for run in runs:
        record = run.model_dump(mode="json")
        rows.writerow([to_cell(record[column]) for column in CSV_COLUMNS])
        if text.tell() > _BATCH:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
