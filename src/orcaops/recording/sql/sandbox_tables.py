"""The tables of sandboxes, and of the containers that stood ready."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, Table

from orcaops.recording.sql.columns import WORD, metadata

sandboxes = Table(
    "sandboxes",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("state", WORD, nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "id"),
)
Index("sandboxes_state", sandboxes.c.state)

stood_ready = Table(
    "stood_ready",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "id"),
)
Index("stood_ready_ended", stood_ready.c.ended_at)
