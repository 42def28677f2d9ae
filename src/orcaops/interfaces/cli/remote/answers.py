"""Answers: pages and events as the words they hold."""

import json
from collections.abc import Iterator
from typing import TypeVar

from orcaops.model.query import Page
from orcaops.model.word import Word

W = TypeVar("W", bound=Word)


def page_of(word: type[W], content: bytes) -> Page[W]:
    """One page of a list of these words."""
    document = json.loads(content)
    return Page[W](
        items=tuple(word.from_stored(item) for item in document["items"]),
        next_cursor=document.get("next_cursor"),
        total=document.get("total"),
    )


def events_in(pieces: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """Server-sent events as (name, data); comments are passed over."""
    rest = b""
    for piece in pieces:
        *events, rest = (rest + piece).split(b"\n\n")
        for event in events:
            fields = dict(
                line.split(b": ", 1) for line in event.split(b"\n") if b": " in line and line[:1] != b":"
            )
            if b"data" in fields:
                yield fields.get(b"event", b"message").decode(), fields[b"data"]
