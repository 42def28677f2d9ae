"""Tables for notices in groups, what people were told of, and what is to be confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables, and whether an anomaly is muted."""
    op.add_column("anomalies", sa.Column("muted", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "deliveries",
        sa.Column("serial", _serial(), primary_key=True, autoincrement=True),
        sa.Column("workspace", _text(), nullable=False),
        sa.Column("id", _text(), nullable=False),
        sa.Column("channel", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("workspace", "id", "channel", name="deliveries_id"),
    )
    op.create_index("deliveries_due", "deliveries", ["state", "next_at", "serial"])
    op.create_table(
        "tellings",
        sa.Column("workspace", _text(), nullable=False),
        sa.Column("anomaly_id", _text(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("because", _text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "anomaly_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "digests",
        sa.Column("workspace", _text(), primary_key=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "confirmations",
        sa.Column("workspace", _text(), nullable=False),
        sa.Column("job_id", _text(), nullable=False),
        sa.Column("anomaly_id", _text()),
        sa.Column("state", _text(), nullable=False),
        sa.Column("because", _text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("rerun_id", _text()),
        sa.PrimaryKeyConstraint("workspace", "job_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("confirmations_state", "confirmations", ["state", "at"])
    op.create_index("confirmations_rerun", "confirmations", ["workspace", "rerun_id"])
