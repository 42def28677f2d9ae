"""Objects out of JSON documents of any length, one at a time.

Tools that page through an API leave one array, several documents one behind the other, or one object per
line; all of them are read alike, holding one object in memory.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

_PIECE = 256 * 1024
_LARGEST = 256 * 1024 * 1024
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")


def objects_of(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Every object that stands at the top or in an array at the top.

    Raises ``ValueError`` where the text is not JSON, or an object exceeds 256 MiB; what came before has been
    given by then.
    """
    decoder = json.JSONDecoder()
    to_text = codecs.getincrementaldecoder("utf-8")("replace")
    text, position, ended = "", 0, False
    while True:
        position = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]
        if position < len(text):
            if text[position] != "{":
                raise ValueError(f"no JSON object begins here: {text[position : position + 40]!r}")
            try:
                found, position = decoder.raw_decode(text, position)
            except json.JSONDecodeError as error:
                incomplete = error.pos >= len(text) - 16 or error.msg.startswith("Unterminated string")
                if ended or not incomplete:
                    raise ValueError(f"not valid JSON: {error.msg}") from None
                if len(text) - position > _LARGEST:
                    raise ValueError("one object exceeds 256 MiB") from None
            else:
                yield found
                continue
        elif ended:
            return
        text, position = text[position:], 0
        # Twice as much as before, so that a large object is not parsed again and again.
        raw = file.read(max(_PIECE, len(text)))
        ended = not raw
        text += to_text.decode(raw, final=ended)
