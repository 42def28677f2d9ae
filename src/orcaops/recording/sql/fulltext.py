# ruff: noqa: D102 - the base class says it
"""Full text: finding runs by words, with what each database has for it.

SQLite has FTS5; where it was not compiled in, plain texts are scanned, and ``check()`` says so.
PostgreSQL has ``tsvector``. Documents are numbered as :mod:`.sequence` says: two per run.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Text,
    and_,
    column,
    func,
    literal_column,
    table,
    text,
)
from sqlalchemy.sql.expression import bindparam

from orcaops.recording.terminal import without_controls

MOST_LETTERS = 200_000
"""How much of one document PostgreSQL indexes, half from each end: it takes a megabyte of words at most."""

_ORDERED_WORDS = 16_000
"""Words of a document whose order PostgreSQL keeps; its limit is 16 383."""

_NOT_A_WORD = re.compile(r"[\W_]+")

_texts = table("texts", column("id", BigInteger), column("words", Text))
_fts5 = table("texts", column("rowid", BigInteger), column("words", Text))


@dataclass(frozen=True, slots=True)
class Found:
    """Where the matching documents are: ``SELECT document FROM source WHERE condition``."""

    source: FromClause
    document: ColumnElement[int]
    condition: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class FullText:
    """One way of keeping and finding texts; what is missing in it is said in ``shortfall``."""

    shortfall: str = ""

    def make(self, connection: Connection) -> None:
        """Create the index."""
        raise NotImplementedError

    def add(self, connection: Connection, documents: Sequence[tuple[int, str]]) -> None:
        """Index new documents; fastest in ascending order of their numbers."""
        raise NotImplementedError

    def find(self, sayings: Sequence[str]) -> Found:
        """The documents that hold all sayings, the words of each in their order.

        A last ``*`` lets the last word of a saying go on.
        """
        raise NotImplementedError


class Fts5(FullText):
    """SQLite's own index. It holds no copy of the texts."""

    def make(self, connection: Connection) -> None:
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE texts "
            "USING fts5(words, content='', tokenize='unicode61 remove_diacritics 2')"
        )

    def add(self, connection: Connection, documents: Sequence[tuple[int, str]]) -> None:
        connection.exec_driver_sql(
            "INSERT INTO texts (rowid, words) VALUES (?, ?)",
            [(number, without_controls(words)) for number, words in documents],
        )

    def find(self, sayings: Sequence[str]) -> Found:
        asked = " AND ".join(_quoted(words) for words in sayings)
        match = literal_column("texts").op("MATCH", is_comparison=True)
        return Found(_fts5, _fts5.c.rowid, match(bindparam(None, asked, type_=Text())))


class PlainTexts(FullText):
    """What is left where SQLite lacks FTS5: every text is looked at."""

    def make(self, connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE texts (id INTEGER PRIMARY KEY, words TEXT NOT NULL)")

    def add(self, connection: Connection, documents: Sequence[tuple[int, str]]) -> None:
        connection.exec_driver_sql(
            "INSERT INTO texts (id, words) VALUES (?, ?)",
            [(number, f" {_plain(without_controls(words))} ") for number, words in documents],
        )

    def find(self, sayings: Sequence[str]) -> Found:
        holds = [
            func.instr(_texts.c.words, f" {plain}" + ("" if words.endswith("*") else " ")) > 0
            if (plain := _plain(words))
            else literal_column("FALSE")
            for words in sayings
        ]
        return Found(_texts, _texts.c.id, and_(*holds))


class Tsvector(FullText):
    """PostgreSQL's own index, over words split as FTS5 splits them."""

    def make(self, connection: Connection) -> None:
        connection.execute(text("CREATE TABLE texts (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)"))
        connection.execute(text("CREATE INDEX texts_words ON texts USING gin (words)"))

    def add(self, connection: Connection, documents: Sequence[tuple[int, str]]) -> None:
        connection.execute(
            text(
                "INSERT INTO texts (id, words) VALUES (:id, to_tsvector('simple', :words)) "
                "ON CONFLICT (id) DO NOTHING"
            ),
            [
                {"id": number, "words": _in_reach(_plain(_ends(without_controls(words))))}
                for number, words in documents
            ],
        )

    def find(self, sayings: Sequence[str]) -> Found:
        plain = [(_plain(words), words.endswith("*")) for words in sayings]
        if not all(words for words, _ in plain):
            return Found(_texts, _texts.c.id, literal_column("FALSE"))
        asked = " & ".join(
            "(" + " <-> ".join(words.split()) + (":*)" if goes_on else ")") for words, goes_on in plain
        )
        match = _texts.c.words.op("@@", is_comparison=True)
        return Found(_texts, _texts.c.id, match(func.to_tsquery("simple", asked)))


def for_new(connection: Connection) -> FullText:
    """The best that a database can do which has no index yet."""
    if connection.dialect.name == "postgresql":
        return Tsvector()
    has_it = connection.scalar(text("SELECT sqlite_compileoption_used('ENABLE_FTS5')"))
    return Fts5() if has_it else PlainTexts()


def of(connection: Connection) -> FullText:
    """What the database was made with."""
    if connection.dialect.name == "postgresql":
        return Tsvector()
    made_by = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'texts'")) or ""
    if "fts5" in made_by:
        return Fts5()
    return PlainTexts("SQLite was built without FTS5 when this database was made: searching words is slow")


def _plain(words: str) -> str:
    return _NOT_A_WORD.sub(" ", words).strip().lower()


def _in_reach(words: str) -> str:
    """Both ends of a long text before its middle: PostgreSQL knows the order of the first words alone."""
    every = words.split()
    half = _ORDERED_WORDS // 2
    if len(every) <= _ORDERED_WORDS:
        return words
    return " ".join((*every[:half], *every[-half:], *every[half:-half]))


def _ends(words: str) -> str:
    half = MOST_LETTERS // 2
    return words if len(words) <= MOST_LETTERS else f"{words[:half]} {words[-half:]}"


def _quoted(words: str) -> str:
    """A string of FTS5's own query language."""
    inner = words.rstrip("*").replace("\x00", " ").replace('"', '""')
    return f'"{inner}"' + ("*" if words.endswith("*") else "")
