"""How lists are asked for: a filter, a page, and where to go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, NonNegativeInt, StringConstraints

from orcaops.model.errors import OrcaError, not_found
from orcaops.model.word import Word

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 1000

QueryText = Annotated[str, StringConstraints(max_length=4096)]
Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT)]

T = TypeVar("T")


class Page(Word, Generic[T]):
    """One page of a list, newest first.

    ``next_cursor`` is null on the last page; ``total`` is null where counting would be slow
    (above 10 000).
    """

    items: tuple[T, ...]
    next_cursor: str | None = None
    total: NonNegativeInt | None = None


def is_in(text: str, *told: str | None) -> bool:
    """Whether one of the texts has ``text`` in it, in which ``*`` stands for anything.

    >>> is_in("b*d", "abcd"), is_in("d*b", "abcd"), is_in("c", "ab", None, "bc"), is_in("", None)
    (True, False, True, True)
    """
    if not text:
        return True
    return any(_has(each, text.split("*")) for each in told if each is not None)


def _has(told: str, parts: Sequence[str]) -> bool:
    place = 0
    for part in parts:  # the earliest place of each is as good as any
        place = told.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def page_of(
    items: Sequence[T],
    *,
    limit: int,
    cursor: str | None,
    text: str = "",
    told: Callable[[T], Sequence[str | None]] | None = None,
) -> Page[T]:
    """One page of a list that is had as a whole; its cursors say how many items came before.

    With ``text`` only of those items of which it :func:`is_in` what ``told`` gives. Raises ``not_found`` for
    a cursor that is of no page.

    >>> page_of("abc", limit=2, cursor=None)
    Page(items=('a', 'b'), next_cursor='2', total=3)
    >>> page_of("abc", limit=2, cursor="2").items
    ('c',)
    >>> page_of("abc", limit=2, cursor=None, text="b", told=lambda item: [item])
    Page(items=('b',), next_cursor=None, total=1)
    """
    if told is not None:
        items = [item for item in items if is_in(text, *told(item))]
    count = len(items)
    if cursor is None:
        start = 0
    elif cursor.isascii() and cursor.isdigit() and len(cursor) < 10 and 0 < int(cursor) < count:
        start = int(cursor)
    else:
        raise no_such_page()
    end = start + limit
    return Page[T](items=tuple(items[start:end]), next_cursor=str(end) if end < count else None, total=count)


def no_such_page() -> OrcaError:
    """What is told of a cursor that belongs to no page of a list."""
    return not_found(
        "this list has no page at this cursor",
        where="cursor",
        hint="Pass next_cursor of the previous page with the same filter, or leave it out to start anew.",
    )


class Comparison(StrEnum):
    """How a field is compared with a value."""

    EQUAL = "="
    LIKE = "~"  # ``*`` in the value stands for anything
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Compare:
    """``field:value``; ``name`` is set for ``label:team=a`` and names the label."""

    field: str
    comparison: Comparison
    value: Any
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Free text: the words, in this order if there are several, in logs, names and commands."""

    text: str


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Query"


Query = Compare | Words | And | Or | Not
"""A filter over runs; ``And(())`` lets everything through."""

EVERYTHING = And(())
