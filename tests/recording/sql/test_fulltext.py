"""Full text, with FTS5 and without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.pool import StaticPool

from orcaops.recording.sql import fulltext
from orcaops.recording.sql.fulltext import Fts5, FullText, PlainTexts

DOCUMENTS = {
    2: "pytest tests/test_x.py",
    3: "E  ConnectionRefused: port 5432",
    5: 'he said "schön" 100% a_b',
    6: "alpha beta\ngamma",
}


def _engine(index: FullText) -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        index.make(connection)
        index.add(connection, list(DOCUMENTS.items()))
    return engine


def _found(engine: Engine, index: FullText, *sayings: str) -> list[int]:
    place = index.find(sayings)
    with engine.connect() as connection:
        asked = select(place.document).select_from(place.source).where(place.condition)
        return list(connection.scalars(asked.order_by(place.document)))


@pytest.mark.parametrize("index", [Fts5(), PlainTexts()], ids=["fts5", "plain"])
def test_words_are_found(index: FullText) -> None:
    engine = _engine(index)
    for sayings, expected in {
        ("pytest",): [2],
        ("PYTEST",): [2],
        ("test_x.py",): [2],
        ("connect*",): [3],
        ("connect",): [],
        ("port 5432",): [3],
        ("5432 port",): [],
        ("schön",): [5],
        ('"schön" 100%',): [5],
        ("beta gamma",): [6],
        ("alpha", "gamma"): [6],
        ("alpha", "pytest"): [],
        ("alpha", "---"): [],
        ("%",): [],
        ("nothing",): [],
    }.items():
        assert (sayings, _found(engine, index, *sayings)) == (sayings, expected)
    engine.dispose()


fts5, plain = _engine(Fts5()), _engine(PlainTexts())


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_text_is_an_error(words: str) -> None:
    _found(fts5, Fts5(), words, "alpha")
    _found(plain, PlainTexts(), words, "alpha")


def test_the_best_is_taken_and_a_shortfall_is_told() -> None:
    with fts5.connect() as connection:
        assert isinstance(fulltext.for_new(connection), Fts5)
        assert fulltext.of(connection).shortfall == ""
    with plain.connect() as connection:
        assert "FTS5" in fulltext.of(connection).shortfall
