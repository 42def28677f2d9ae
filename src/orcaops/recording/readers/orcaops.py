"""orcaops: the records of another OrcaOps, as ``orcaops jobs list --json`` and the export write them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import orjson
from pydantic import ValidationError

from orcaops.model.run import Run
from orcaops.recording.exporter import CSV_COLUMNS, from_cell
from orcaops.recording.foreign_runs import explained
from orcaops.recording.json_documents import objects_of
from orcaops.recording.reader import LONGEST_LINE, BadLine, Reader, ReadOptions, lines_of, peek, text_of

_HEADER = b"job_id,key,status,"


@dataclass(frozen=True, slots=True)
class Orcaops:
    """JSON, JSON Lines or CSV of whole run records; the runs come out as they went in.

    Only what belongs to the installation they come from is left behind: the workspace becomes the one that is
    imported into, and the place in the learning order, owner and anomalies are dropped. Runs that had not
    ended are reported.
    """

    name: str = "orcaops"

    def sniff(self, beginning: bytes) -> bool:
        """A record's key and usage, or the header of our CSV."""
        start = beginning.lstrip()
        return start.startswith(_HEADER) or (
            start[:1] in b"{[" and b'"key":' in start and b'"usage":' in start
        )

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per record."""
        beginning = peek(file).removeprefix(b"\xef\xbb\xbf").lstrip()
        if beginning.startswith(b"job_id,"):
            records = _csv_records(file)
        elif beginning.startswith(b"["):
            records = _json_records(file)
        else:
            records = _lines(file)
        for number, record in records:
            if isinstance(record, str):
                yield BadLine(number, record)
                continue
            try:
                run = Run.from_stored(record)
            except ValidationError as error:
                yield BadLine(number, explained(error))
                continue
            if not run.status.final:
                yield BadLine(number, f"the run has not finished: it is {run.status}")
                continue
            yield run.changed(
                workspace=options.workspace, number=None, prediction_seen=None, owner=None, anomalies=()
            )


_Records = Iterator[tuple[int, "dict[str, Any] | str"]]


def _lines(file: BinaryIO) -> _Records:
    for number, line in lines_of(file):
        if line is None:
            yield number, "the line is longer than 16 MiB"
        elif line.strip():
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield number, f"not valid JSON: {error.msg} (column {error.colno})"
            else:
                yield number, record if isinstance(record, dict) else "not a JSON object"


def _json_records(file: BinaryIO) -> _Records:
    number = 0
    try:
        for number, record in enumerate(objects_of(file), start=1):
            yield number, record
    except ValueError as error:
        yield number + 1, str(error)


def _csv_records(file: BinaryIO) -> _Records:
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    with text_of(file) as text:
        rows = csv.DictReader(text)
        for row in rows:
            known = {name: value for name, value in row.items() if name in CSV_COLUMNS and value}
            try:
                yield (
                    rows.line_num,
                    {name: from_cell(name, cast(str, value)) for name, value in known.items()},
                )
            except ValueError as error:
                yield rows.line_num, str(error)


reader: Reader = Orcaops()
