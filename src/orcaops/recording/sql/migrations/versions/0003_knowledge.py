"""Tables for patterns, solutions and episodes."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of ``knowledge_tables.py``, as they were in this version."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    serial = "INTEGER NOT NULL PRIMARY KEY" if sqlite else "BIGSERIAL NOT NULL PRIMARY KEY"
    text, blob = ("TEXT", "BLOB") if sqlite else ('TEXT COLLATE "C"', "BYTEA")
    for statement in (
        (
            f"CREATE TABLE failure_evidence (serial {serial}, workspace {text} NOT NULL, "
            f"job_id {text} NOT NULL, record {blob} NOT NULL, "
            f"CONSTRAINT failure_evidence_job UNIQUE (workspace, job_id))"
        ),
        (
            f"CREATE TABLE passing_lines (serial {serial}, workspace {text} NOT NULL, key {text} NOT NULL, "
            f"digest {text} NOT NULL, at BIGINT NOT NULL, record {blob} NOT NULL, "
            "CONSTRAINT passing_lines_digest UNIQUE (workspace, key, digest))"
        ),
        "CREATE INDEX passing_lines_time ON passing_lines (workspace, at)",
        (
            f"CREATE TABLE diagnoses (serial {serial}, workspace {text} NOT NULL, job_id {text} NOT NULL, "
            f"number BIGINT NOT NULL, key {text} NOT NULL, signature {text} NOT NULL, "
            f"family {text} NOT NULL, "
            f"circumstance {text} NOT NULL, knowledge {text} NOT NULL, has_lines INTEGER NOT NULL, "
            f"explained INTEGER NOT NULL, by_engine {text}, awaited INTEGER NOT NULL, "
            f"record {blob} NOT NULL, "
            "CONSTRAINT diagnoses_job UNIQUE (workspace, job_id))"
        ),
        "CREATE INDEX diagnoses_signature ON diagnoses (workspace, signature, number)",
        "CREATE INDEX diagnoses_family ON diagnoses (workspace, family, number)",
        "CREATE INDEX diagnoses_awaited ON diagnoses (workspace, awaited, key, number)",
        "CREATE INDEX diagnoses_explained ON diagnoses (workspace, explained, signature, circumstance)",
        "CREATE INDEX diagnoses_knowledge ON diagnoses (workspace, has_lines, knowledge)",
        "CREATE INDEX diagnoses_number ON diagnoses (number)",
        (
            f"CREATE TABLE diagnosis_patterns (workspace {text} NOT NULL, pattern_id {text} NOT NULL, "
            f"job_id {text} NOT NULL, place INTEGER NOT NULL, at BIGINT NOT NULL, "
            "PRIMARY KEY (workspace, pattern_id, job_id))"
        ),
        "CREATE INDEX diagnosis_patterns_job ON diagnosis_patterns (workspace, job_id)",
        (
            f"CREATE TABLE trials (serial {serial}, workspace {text} NOT NULL, job_id {text} NOT NULL, "
            f"number BIGINT NOT NULL, signature {text} NOT NULL, family {text} NOT NULL, "
            f"record {blob} NOT NULL, "
            "CONSTRAINT trials_job UNIQUE (workspace, job_id))"
        ),
        "CREATE INDEX trials_signature ON trials (workspace, signature, number)",
        "CREATE INDEX trials_family ON trials (workspace, family, number)",
        (
            f"CREATE TABLE teachings (workspace {text} NOT NULL, kind {text} NOT NULL, id {text} NOT NULL, "
            f"state {text} NOT NULL, change {text} NOT NULL, record {blob} NOT NULL, "
            "PRIMARY KEY (workspace, kind, id))"
        ),
    ):
        op.execute(statement)
