"""csv: one run per row, in the columns of the import schema."""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from orcaops.model.errors import invalid
from orcaops.model.run import Run
from orcaops.recording.foreign_runs import run_of
from orcaops.recording.reader import LONGEST_LINE, BadLine, Reader, ReadOptions

_WORK = frozenset(("name", "command"))
_TIME = frozenset(("started_at", "submitted_at", "finished_at"))
_WITH_FRACTIONS = frozenset(("duration_s", "cpu_seconds", "timeout_s")) | _TIME
_DECIMAL_COMMA = re.compile(r"^\s*(-?\d+),(\d+)\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Csv:
    """Comma-separated values with a header; semicolons and tabs are taken too, where the header uses them.

    Between semicolons a number may have a decimal comma, as spreadsheets write it where that is the custom.
    """

    name: str = "csv"

    def sniff(self, beginning: bytes) -> bool:
        """A header with the columns that a run cannot do without, and not that of our own export."""
        header = beginning.split(b"\n", 1)[0].decode("utf-8", "replace")
        columns = {column.strip(" \"'\r").lower() for column in header.split(_separator(header))}
        return bool(columns & _WORK and columns & _TIME and "usage" not in columns)

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per row, numbered by lines. Raises ``invalid`` without a header."""
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
        text = codecs.getreader("utf-8")(file, "surrogateescape")
        header = text.readline().lstrip("\ufeff")
        while header and not header.strip():
            header = text.readline()
        if not header:
            return
        separator = _separator(header)
        columns = [column.strip().lower() for column in next(csv.reader([header], delimiter=separator))]
        if not (_WORK & set(columns) and _TIME & set(columns)):
            raise invalid(
                "the first line is not a header with 'name' or 'command', and 'started_at'",
                where="line 1",
                hint="Columns: job_id, name, image, command, submitted_at, started_at, finished_at, "
                "duration_s, status, exit_code, memory_peak_bytes, memory_limit_bytes, cpu_seconds, "
                "timeout_s, image_digest, commit, branch, host, labels, log.",
            )
        rows = csv.reader(_without_nul(text), delimiter=separator)
        while True:
            number = rows.line_num + 2
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadLine(number, str(error))
                continue
            if not any(row):
                continue
            try:
                yield self._run(columns, row, separator, options)
            except (ValueError, TypeError) as error:
                yield BadLine(number, str(error))

    def _run(self, columns: list[str], row: list[str], separator: str, options: ReadOptions) -> Run:
        if len(row) > len(columns):
            raise ValueError(f"{len(row)} values for {len(columns)} columns")
        fields = dict(zip(columns, row, strict=False))
        try:
            for value in row:
                value.encode()
        except UnicodeEncodeError:
            raise ValueError("not valid UTF-8") from None
        if separator == ";":
            for name in _WITH_FRACTIONS & fields.keys():
                fields[name] = _DECIMAL_COMMA.sub(r"\1.\2", fields[name])
        return run_of(fields, self.name, options)


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line.replace("\x00", "")


reader: Reader = Csv()
