"""The tables of telling: deliveries, what was told, what the digest remembers, what is to be confirmed."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from orcaops.recording.sql.columns import SERIAL, WORD, metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("channel", WORD, nullable=False),
    Column("state", WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("reason", Text),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "id", "channel", name="deliveries_id"),
)
Index("deliveries_due", deliveries.c.state, deliveries.c.next_at, deliveries.c.serial)

tellings = Table(
    "tellings",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("anomaly_id", WORD, nullable=False),
    Column("told", Integer, nullable=False),
    Column("because", WORD, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "anomaly_id"),
    sqlite_with_rowid=False,
)

digests = Table(
    "digests",
    metadata,
    Column("workspace", WORD, primary_key=True),
    Column("record", LargeBinary, nullable=False),
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("anomaly_id", WORD),
    Column("state", WORD, nullable=False),
    Column("because", WORD, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("rerun_id", WORD),
    PrimaryKeyConstraint("workspace", "job_id"),
    sqlite_with_rowid=False,
)
Index("confirmations_state", confirmations.c.state, confirmations.c.at)
Index("confirmations_rerun", confirmations.c.workspace, confirmations.c.rerun_id)
