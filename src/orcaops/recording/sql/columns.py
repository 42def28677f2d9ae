"""The kinds of columns that mean the same in both databases, and where all tables are noted."""

from sqlalchemy import BigInteger, Integer, MetaData, Text

metadata = MetaData()

SERIAL = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database gives: SQLite calls its row number INTEGER and nothing else."""

WORD = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte, so that a prefix is a range in an index."""
