"""The table of changes on probation."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, UniqueConstraint

from orcaops.recording.sql.tables import _SERIAL, _text, metadata

optimizations = Table(
    "optimizations",
    metadata,
    Column("serial", _SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", _text(), nullable=False),
    Column("id", _text(), nullable=False),
    Column("key", _text(), nullable=False),
    Column("field", _text(), nullable=False),
    Column("state", _text(), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "id", name="optimizations_id"),
)
Index("optimizations_key", optimizations.c.workspace, optimizations.c.key, optimizations.c.field)
Index("optimizations_time", optimizations.c.workspace, optimizations.c.changed_at, optimizations.c.id)
