"""The tables of sandboxes, and of the containers that stood ready."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, Table, Text
from sqlalchemy.types import TypeEngine

from orcaops.recording.sql.tables import metadata


def _text() -> TypeEngine[str]:
    return Text().with_variant(Text(collation="C"), "postgresql")


sandboxes = Table(
    "sandboxes",
    metadata,
    Column("workspace", _text(), nullable=False),
    Column("id", _text(), nullable=False),
    Column("state", _text(), nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "id"),
)
Index("sandboxes_state", sandboxes.c.state)

stood_ready = Table(
    "stood_ready",
    metadata,
    Column("workspace", _text(), nullable=False),
    Column("id", _text(), nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "id"),
)
Index("stood_ready_ended", stood_ready.c.ended_at)
