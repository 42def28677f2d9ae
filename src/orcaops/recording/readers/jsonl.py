"""jsonl: one run per line, in the fields of the import schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import orjson

from orcaops.model.run import Run
from orcaops.recording.foreign_runs import run_of
from orcaops.recording.reader import BadLine, Reader, ReadOptions, lines_of


@dataclass(frozen=True, slots=True)
class Jsonl:
    """JSON Lines. Empty lines and unknown fields are passed over."""

    name: str = "jsonl"

    def sniff(self, beginning: bytes) -> bool:
        """A line that is an object with a start, and not a record of our own export."""
        try:
            first = orjson.loads(beginning.lstrip().split(b"\n", 1)[0])
        except orjson.JSONDecodeError:
            return False
        if not isinstance(first, dict) or ("key" in first and "usage" in first):
            return False
        return "started_at" in first or "submitted_at" in first

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per line that is not empty."""
        for number, line in lines_of(file):
            if line is None:
                yield BadLine(number, "the line is longer than 16 MiB")
            elif line.strip():
                try:
                    fields = orjson.loads(line)
                    if not isinstance(fields, dict):
                        raise ValueError("not a JSON object")
                    run = run_of(fields, self.name, options)
                except orjson.JSONDecodeError as error:
                    yield BadLine(number, f"not valid JSON: {error.msg} (column {error.colno})")
                except (ValueError, TypeError) as error:
                    yield BadLine(number, str(error))
                else:
                    yield run


reader: Reader = Jsonl()
