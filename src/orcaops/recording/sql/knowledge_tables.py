"""The tables of what is known of failures: facts, opinions and decisions, in this order."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table
from sqlalchemy import UniqueConstraint as Unique

from orcaops.recording.sql.columns import SERIAL, WORD, metadata

failure_evidence = Table(
    "failure_evidence",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "job_id", name="failure_evidence_job"),
)

passing_lines = Table(
    "passing_lines",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("digest", WORD, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "key", "digest", name="passing_lines_digest"),
)
Index("passing_lines_time", passing_lines.c.workspace, passing_lines.c.at)

diagnoses = Table(
    "diagnoses",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("key", WORD, nullable=False),
    Column("signature", WORD, nullable=False),
    Column("family", WORD, nullable=False),
    Column("circumstance", WORD, nullable=False),
    Column("knowledge", WORD, nullable=False),
    Column("has_lines", Integer, nullable=False),
    Column("explained", Integer, nullable=False),
    Column("by_engine", WORD),
    Column("awaited", Integer, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "job_id", name="diagnoses_job"),
)
for _name in ("signature", "family", "awaited", "explained"):
    _behind = {"awaited": ("key", "number"), "explained": ("signature", "circumstance")}
    Index(
        f"diagnoses_{_name}",
        diagnoses.c.workspace,
        diagnoses.c[_name],
        *(diagnoses.c[each] for each in _behind.get(_name, ("number",))),
    )
Index("diagnoses_knowledge", diagnoses.c.workspace, diagnoses.c.has_lines, diagnoses.c.knowledge)
Index("diagnoses_number", diagnoses.c.number)

diagnosis_patterns = Table(
    "diagnosis_patterns",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("pattern_id", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("place", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "pattern_id", "job_id"),
)
Index("diagnosis_patterns_job", diagnosis_patterns.c.workspace, diagnosis_patterns.c.job_id)

trials = Table(
    "trials",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("signature", WORD, nullable=False),
    Column("family", WORD, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "job_id", name="trials_job"),
)
for _name in ("signature", "family"):
    Index(f"trials_{_name}", trials.c.workspace, trials.c[_name], trials.c.number)

teachings = Table(
    "teachings",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("state", WORD, nullable=False),
    Column("change", WORD, nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "kind", "id"),
)
