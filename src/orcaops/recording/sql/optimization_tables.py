"""The table of changes on probation."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, UniqueConstraint

from orcaops.recording.sql.columns import SERIAL, WORD, metadata

optimizations = Table(
    "optimizations",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("field", WORD, nullable=False),
    Column("state", WORD, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "id", name="optimizations_id"),
)
Index("optimizations_key", optimizations.c.workspace, optimizations.c.key, optimizations.c.field)
Index("optimizations_time", optimizations.c.workspace, optimizations.c.changed_at, optimizations.c.id)
