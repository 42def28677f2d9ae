"""The first tables. No database is older, so there is nothing to bring up to date.

The next version changes ``tables.py``, raises ``schema.LATEST`` and adds ``0002_….py`` beside this
file, whose ``upgrade`` does the same to a database that is in use.
"""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: ``schema.py`` makes these tables from ``tables.py``."""
