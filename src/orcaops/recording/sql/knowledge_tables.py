"""The tables of what is known of failures: facts, opinions and decisions, in this order."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.types import TypeEngine

from orcaops.recording.sql.tables import metadata

_SERIAL = BigInteger().with_variant(Integer(), "sqlite")


def _text() -> TypeEngine[str]:
    return Text().with_variant(Text(collation="C"), "postgresql")


failure_evidence = Table(
    "failure_evidence",
    metadata,
    Column("serial", _SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", _text(), nullable=False),
    Column("job_id", _text(), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "job_id", name="failure_evidence_job"),
)

passing_lines = Table(
    "passing_lines",
    metadata,
    Column("serial", _SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", _text(), nullable=False),
    Column("key", _text(), nullable=False),
    Column("digest", _text(), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "key", "digest", name="passing_lines_digest"),
)
Index("passing_lines_time", passing_lines.c.workspace, passing_lines.c.at)

diagnoses = Table(
    "diagnoses",
    metadata,
    Column("serial", _SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", _text(), nullable=False),
    Column("job_id", _text(), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("key", _text(), nullable=False),
    Column("signature", _text(), nullable=False),
    Column("family", _text(), nullable=False),
    Column("circumstance", _text(), nullable=False),
    Column("knowledge", _text(), nullable=False),
    Column("has_lines", Integer, nullable=False),
    Column("explained", Integer, nullable=False),
    Column("by_engine", _text()),
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
    Column("workspace", _text(), nullable=False),
    Column("pattern_id", _text(), nullable=False),
    Column("job_id", _text(), nullable=False),
    Column("place", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "pattern_id", "job_id"),
)
Index("diagnosis_patterns_job", diagnosis_patterns.c.workspace, diagnosis_patterns.c.job_id)

trials = Table(
    "trials",
    metadata,
    Column("serial", _SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", _text(), nullable=False),
    Column("job_id", _text(), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("signature", _text(), nullable=False),
    Column("family", _text(), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Unique("workspace", "job_id", name="trials_job"),
)
for _name in ("signature", "family"):
    Index(f"trials_{_name}", trials.c.workspace, trials.c[_name], trials.c.number)

teachings = Table(
    "teachings",
    metadata,
    Column("workspace", _text(), nullable=False),
    Column("kind", _text(), nullable=False),
    Column("id", _text(), nullable=False),
    Column("state", _text(), nullable=False),
    Column("change", _text(), nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "kind", "id"),
)
