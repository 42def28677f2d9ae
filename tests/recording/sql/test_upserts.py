"""Insert or replace."""

from sqlalchemy import create_engine, select

from orcaops.recording.sql.columns import metadata
from orcaops.recording.sql.tables import meta
from orcaops.recording.sql.upserts import upsert


def test_what_is_there_is_replaced_or_left() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection, tables=[meta])
        upsert(connection, meta, [], key=["name"], replace=["value"])
        upsert(connection, meta, [{"name": "a", "value": "1"}], key=["name"], replace=["value"])
        upsert(connection, meta, [{"name": "a", "value": "2"}], key=["name"], replace=[])
        assert connection.scalar(select(meta.c.value)) == "1"
        upsert(connection, meta, [{"name": "a", "value": "3"}], key=["name"], replace=["value"])
        assert connection.scalar(select(meta.c.value)) == "3"
    engine.dispose()
