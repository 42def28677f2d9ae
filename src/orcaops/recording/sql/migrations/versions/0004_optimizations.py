"""Tables for changes on probation."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "optimizations",
        sa.Column(
            "serial",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("workspace", _text(), nullable=False),
        sa.Column("id", _text(), nullable=False),
        sa.Column("key", _text(), nullable=False),
        sa.Column("field", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("workspace", "id", name="optimizations_id"),
    )
    op.create_index("optimizations_key", "optimizations", ["workspace", "key", "field"])
    op.create_index("optimizations_time", "optimizations", ["workspace", "changed_at", "id"])
