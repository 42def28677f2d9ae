"""The tables: what is stored, once for both databases.

A run is kept in two rows: a narrow one in ``runs`` with what lists filter by, and its whole record
as JSON in ``records``, so that a scan over the first never reads the second. Times are whole
microseconds since 1970. ``seq`` is made from the time of submission (see :mod:`.sequence`), so
that every index on ``(workspace, column)`` ends, explicitly or by SQLite's row number, in the order
in which lists are shown.
"""

import math

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from orcaops.recording.sql.columns import SERIAL, WORD, metadata

COMMAND_LETTERS = 200
"""How much of a command can be compared; all of it is in the record and in the full-text index."""

runs = Table(
    "runs",
    metadata,
    # What searches check most stands first: SQLite reads a row from its beginning.
    Column("seq", SERIAL, primary_key=True, autoincrement=False),
    Column("workspace", WORD, nullable=False),
    Column("final", Integer, nullable=False),
    Column("status", WORD, nullable=False),
    Column("exit_code", Integer),
    Column("duration_s", Double),
    Column("memory_bytes", BigInteger),
    Column("cpu_s", Double),
    Column("wait_s", Double),
    Column("duration_class", Integer),
    Column("memory_class", Integer),
    Column("cpu_class", Integer),
    Column("wait_class", Integer),
    Column("cause", WORD),
    Column("image", WORD),
    Column("name", WORD),
    Column("key", WORD, nullable=False),
    Column("command", WORD, nullable=False),
    Column("executor", WORD),
    Column("source", WORD, nullable=False),
    Column("host", WORD),
    Column("branch", WORD),
    Column("commit_id", WORD),
    Column("job_id", WORD, nullable=False),
    Column("owner", WORD),
    Column("number", BigInteger),
    Column("ended_at", BigInteger, nullable=False),
    Column("log_indexed", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("workspace", "job_id", name="runs_job_id"),
)

Index("runs_time", runs.c.workspace, runs.c.seq)
for _name in ("status", "key", "source", "command"):
    Index(f"runs_{_name}", runs.c.workspace, runs.c[_name], runs.c.seq)
for _name in ("cause", "name", "image", "executor", "host", "branch", "commit_id", "exit_code"):
    _known = runs.c[_name].is_not(None)
    Index(
        f"runs_{_name}",
        runs.c.workspace,
        runs.c[_name],
        runs.c.seq,
        sqlite_where=_known,
    )
# Numbers hardly repeat, so an index on them would be written all over for every run. One on their class
# (see size_class) is written at about a hundred places, and still tells few from many.
NUMBERS = {
    "duration_s": "duration_class",
    "memory_bytes": "memory_class",
    "cpu_s": "cpu_class",
    "wait_s": "wait_class",
}
for _name, _class in NUMBERS.items():
    _known = runs.c[_class].is_not(None)
    Index(
        f"runs_{_name}",
        runs.c.workspace,
        runs.c[_class],
        runs.c.seq,
        runs.c[_name],
        sqlite_where=_known,
    )


def size_class(value: float | None) -> int | None:
    """A whole number that grows with the value, by one for every 9 %; equal for what is alike.

    >>> size_class(0), size_class(1), size_class(60), size_class(61), size_class(90)
    (-400, 0, 47, 47, 51)
    """
    if value is None:
        return None
    return max(-400, math.floor(8 * math.log2(value))) if value > 0 else -400


OPEN = text("final = 0")
UNABSORBED = text("final = 1 AND number IS NULL")
NUMBERED = text("number IS NOT NULL")
_FEW_RUNS = {
    "runs_open": (("seq",), OPEN),
    "runs_unabsorbed": (("ended_at", "seq"), UNABSORBED),
    "runs_number": (("number",), NUMBERED),
}
# ``postgresql_where`` would load that dialect, a sixth of the time in which the program starts.
for _name, (_columns, _which) in _FEW_RUNS.items():
    Index(_name, *(runs.c[each] for each in _columns), sqlite_where=_which).ddl_if(dialect="sqlite")
    _statement = DDL(f"CREATE INDEX {_name} ON runs ({', '.join(_columns)}) WHERE {_which}")  # type: ignore[no-untyped-call]
    event.listen(runs, "after_create", _statement.execute_if(dialect="postgresql"))

records = Table(
    "records",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=False),
    Column("record", LargeBinary, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("name", WORD, nullable=False),
    Column("value", WORD, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "name", "value", "seq"),
    sqlite_with_rowid=False,
)
Index("labels_run", labels.c.seq)

memories = Table(
    "memories",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("level", WORD, nullable=False),
    Column("scope", WORD, nullable=False),
    Column("learner", WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("metric", WORD, nullable=False),
    Column("memory", LargeBinary, nullable=False),
    # Whoever judges a run wants all learners' memories of few scopes: they lie side by side.
    UniqueConstraint("workspace", "level", "scope", "learner", "version", "metric", name="memories_key"),
)

baselines = Table(
    "baselines",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("last_updated", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "key", name="baselines_key"),
)
Index("baselines_time", baselines.c.workspace, baselines.c.last_updated, baselines.c.key)

anomalies = Table(
    "anomalies",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("type", WORD, nullable=False),
    Column("severity", WORD, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("open", Integer, nullable=False),
    Column("acknowledged", Integer, nullable=False),
    Column("note", Text),
    Column("resolution", Text),
    Column("title", WORD, nullable=False),
    Column("muted", Integer, nullable=False, server_default="0"),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "id", name="anomalies_id"),
)
Index("anomalies_time", anomalies.c.workspace, anomalies.c.detected_at, anomalies.c.id)
for _name in ("job_id", "key", "type", "severity", "open"):
    Index(
        f"anomalies_{_name}",
        anomalies.c.workspace,
        anomalies.c[_name],
        anomalies.c.detected_at,
        anomalies.c.id,
    )
Index("anomalies_moment", anomalies.c.detected_at, anomalies.c.workspace, anomalies.c.id)

anomaly_runs = Table(
    "anomaly_runs",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("job_id", WORD, nullable=False),
    Column("anomaly_id", WORD, nullable=False),
    PrimaryKeyConstraint("workspace", "job_id", "anomaly_id"),
    sqlite_with_rowid=False,
)

recommendations = Table(
    "recommendations",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("score", Double, nullable=False),
    Column("state", WORD, nullable=False),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "id", name="recommendations_id"),
)
Index(
    "recommendations_score",
    recommendations.c.workspace,
    recommendations.c.score,
    recommendations.c.id,
)
Index("recommendations_key", recommendations.c.workspace, recommendations.c.key)
Index(
    "recommendations_state",
    recommendations.c.workspace,
    recommendations.c.state,
    recommendations.c.score,
    recommendations.c.id,
)

decisions = Table(
    "decisions",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("subject", WORD, nullable=False),
    Column("subject_id", WORD, nullable=False),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "id", name="decisions_id"),
)
Index("decisions_about", decisions.c.workspace, decisions.c.subject, decisions.c.subject_id)

requests = Table(
    "requests",
    metadata,
    Column("workspace", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("fingerprint", WORD, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace", "key"),
)
Index("requests_at", requests.c.at)

outbox = Table(
    "outbox",
    metadata,
    Column("serial", SERIAL, primary_key=True, autoincrement=True),
    Column("workspace", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("state", WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("reason", Text),
    Column("record", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "id", name="outbox_id"),
)
Index("outbox_due", outbox.c.state, outbox.c.next_at, outbox.c.serial)

meta = Table(
    "meta",
    metadata,
    Column("name", WORD, primary_key=True),
    Column("value", WORD, nullable=False),
)
