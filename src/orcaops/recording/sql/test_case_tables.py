"""The table of test results: one row per run that had tests, its cases together in one compressed piece.

Nobody looks for a test by anything but its run, so a row per case would only be slower: a run of 5 000
cases is one row of some tens of kilobytes.
"""

from sqlalchemy import Column, Integer, LargeBinary, Table, UniqueConstraint

from orcaops.recording.sql.columns import SERIAL, WORD, metadata

test_cases = Table(
    "test_cases",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "job_id", name="test_cases_job"),
)
