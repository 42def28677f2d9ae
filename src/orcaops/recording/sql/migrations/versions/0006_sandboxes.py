"""Tables for sandboxes and what is held ready."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
