"""Tables for sandboxes and what is held ready."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables of ``sandbox_tables.py``, as they were in this version."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    text, blob = ("TEXT", "BLOB") if sqlite else ('TEXT COLLATE "C"', "BYTEA")
    for statement in (
        (
            f"CREATE TABLE sandboxes (workspace {text} NOT NULL, id {text} NOT NULL, state {text} NOT NULL, "
            f"record {blob} NOT NULL, PRIMARY KEY (workspace, id))"
        ),
        "CREATE INDEX sandboxes_state ON sandboxes (state)",
        (
            f"CREATE TABLE stood_ready (workspace {text} NOT NULL, id {text} NOT NULL, "
            f"ended_at BIGINT NOT NULL, record {blob} NOT NULL, PRIMARY KEY (workspace, id))"
        ),
        "CREATE INDEX stood_ready_ended ON stood_ready (ended_at)",
    ):
        op.execute(statement)
