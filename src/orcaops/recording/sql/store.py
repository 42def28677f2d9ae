# ruff: noqa: D102 - the contract is documented in recording/store.py
"""SqlStore: transactions over SQLite or PostgreSQL."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, select, text, update

from orcaops.model.errors import ErrorCode, OrcaError, unavailable
from orcaops.recording.sql import fulltext
from orcaops.recording.sql.anomalies import Anomalies
from orcaops.recording.sql.baselines import Baselines
from orcaops.recording.sql.confirmations import Confirmations
from orcaops.recording.sql.connecting import BUSY_S
from orcaops.recording.sql.decisions import Decisions
from orcaops.recording.sql.deliveries import Deliveries
from orcaops.recording.sql.failures import explained
from orcaops.recording.sql.imports import Imports
from orcaops.recording.sql.knowledge_diagnoses import Diagnoses
from orcaops.recording.sql.knowledge_evidence import EvidenceRows
from orcaops.recording.sql.knowledge_tables import diagnoses, diagnosis_patterns, trials
from orcaops.recording.sql.knowledge_teachings import Teachings
from orcaops.recording.sql.memories import Memories
from orcaops.recording.sql.optimizations import Optimizations
from orcaops.recording.sql.outbox import Outbox
from orcaops.recording.sql.recommendations import Recommendations
from orcaops.recording.sql.requests import Requests
from orcaops.recording.sql.runs import Runs
from orcaops.recording.sql.sandboxes import Sandboxes, StoodReady
from orcaops.recording.sql.tables import (
    anomalies,
    anomaly_runs,
    baselines,
    memories,
    meta,
    recommendations,
)
from orcaops.recording.sql.tellings import Tellings
from orcaops.recording.sql.test_cases import TestCases
from orcaops.recording.sql.turnstile import Turnstile
from orcaops.recording.sql.upserts import upsert

log = logging.getLogger(__name__)

_QUICKLY_S = 0.25  # how long an absorber waits for a writer before it leaves the work to another
_LOOK_S = 0.05
_ABSORBER = 7_062_023

_META = select(meta.c.value).where(meta.c.name == bindparam("wanted"))
_SET_META = update(meta).where(meta.c.name == bindparam("wanted")).values(value=bindparam("new"))


class SqlTransaction:
    """One unit of reading and writing; its repositories are made when first asked for."""

    def __init__(
        self, connection: Connection, text_index: fulltext.FullText, *, writing: bool = False
    ) -> None:
        self._connection = connection
        self._text_index = text_index
        self._writing = writing

    @cached_property
    def runs(self) -> Runs:
        return Runs(self._connection, self._text_index)

    @cached_property
    def memories(self) -> Memories:
        return Memories(self._connection)

    @cached_property
    def baselines(self) -> Baselines:
        return Baselines(self._connection)

    @cached_property
    def anomalies(self) -> Anomalies:
        return Anomalies(self._connection)

    @cached_property
    def recommendations(self) -> Recommendations:
        return Recommendations(self._connection)

    @cached_property
    def optimizations(self) -> Optimizations:
        return Optimizations(self._connection, writing=self._writing)

    @cached_property
    def decisions(self) -> Decisions:
        return Decisions(self._connection)

    @cached_property
    def test_cases(self) -> TestCases:
        return TestCases(self._connection)

    @cached_property
    def requests(self) -> Requests:
        return Requests(self._connection)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self._connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self._connection)

    @cached_property
    def tellings(self) -> Tellings:
        return Tellings(self._connection)

    @cached_property
    def confirmations(self) -> Confirmations:
        return Confirmations(self._connection)

    @cached_property
    def evidence(self) -> EvidenceRows:
        return EvidenceRows(self._connection)

    @cached_property
    def diagnoses(self) -> Diagnoses:
        return Diagnoses(self._connection)

    @cached_property
    def teachings(self) -> Teachings:
        return Teachings(self._connection)

    @cached_property
    def sandboxes(self) -> Sandboxes:
        return Sandboxes(self._connection, writing=self._writing)

    @cached_property
    def stood_ready(self) -> StoodReady:
        return StoodReady(self._connection)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self._connection)

    def watermark(self) -> int:
        return int(self._connection.scalar(_META, {"wanted": "watermark"}) or 0)

    def set_watermark(self, number: int) -> None:
        self._connection.execute(_SET_META, {"wanted": "watermark", "new": str(number)})

    def drop_opinions(self) -> None:
        for table in (memories, baselines, anomalies, anomaly_runs, recommendations):
            self._connection.execute(table.delete())
        self._connection.execute(meta.delete().where(meta.c.name.like("mark:%")))
        for table in (diagnoses, diagnosis_patterns, trials):
            self._connection.execute(table.delete())
        self.set_watermark(0)

    def mark(self, name: str) -> int:
        return int(self._connection.scalar(_META, {"wanted": f"mark:{name}"}) or 0)

    def set_mark(self, name: str, number: int) -> None:
        row = {"name": f"mark:{name}", "value": str(number)}
        upsert(self._connection, meta, [row], key=("name",), replace=("value",))


class SqlStore:
    """Everything in one database. Safe to use from several threads and several processes."""

    def __init__(self, engine: Engine, where: str, *, unwritable: OrcaError | None = None) -> None:
        self.unwritable = unwritable
        self._engine = engine
        self._where = where
        self._sqlite = engine.dialect.name == "sqlite"
        # SQLite has one writer at a time. Threads of this process queue here, which is fair and
        # quick, and only processes meet at the file's lock, where waiting means polling.
        self._one_writer = threading.Lock()
        self._turnstile = Turnstile(Path(engine.url.database or "")) if self._sqlite else None

    @cached_property
    def _text_index(self) -> fulltext.FullText:
        with self._engine.connect() as connection:
            found = fulltext.of(connection)
            connection.rollback()
            return found

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        with explained(self._where), self._engine.connect() as connection:
            index = self._text_index
            if self._sqlite:
                connection.exec_driver_sql("PRAGMA query_only = ON")
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            try:
                yield SqlTransaction(connection, index)
            finally:
                connection.rollback()
                if self._sqlite:
                    connection.exec_driver_sql("PRAGMA query_only = OFF")
                    connection.rollback()

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        self._refuse_unwritable()
        if self._sqlite and not self._one_writer.acquire(timeout=BUSY_S):
            raise unavailable(
                "another thread has been writing for long", where=self._where, hint="Try again in a moment."
            )
        try:
            with explained(self._where), self._engine.connect() as connection:
                if self._turnstile is not None:
                    with self._turnstile.passing(BUSY_S):
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                with self._committed(connection) as transaction:
                    yield transaction
        finally:
            if self._sqlite:
                self._one_writer.release()

    @contextmanager
    def absorbing(self, *, patient: bool = False) -> Iterator[SqlTransaction | None]:
        self._refuse_unwritable()
        within_s = BUSY_S if patient else _QUICKLY_S
        if self._sqlite and not self._one_writer.acquire(timeout=within_s):
            yield None
            return
        try:
            with explained(self._where), self._engine.connect() as connection:
                if not self._leased(connection, within_s):
                    connection.rollback()
                    yield None
                    return
                with self._committed(connection) as transaction:
                    yield transaction
        finally:
            if self._sqlite:
                self._one_writer.release()

    def _refuse_unwritable(self) -> None:
        if (why := self.unwritable) is not None:
            raise OrcaError(why.code, why.message, where=why.where, hint=why.hint)

    def _leased(self, connection: Connection, within_s: float) -> bool:
        """Whether this connection has become the one absorber: until its transaction ends."""
        if self._turnstile is None:
            deadline = time.monotonic() + within_s
            while not connection.scalar(select(func.pg_try_advisory_xact_lock(_ABSORBER))):
                connection.rollback()  # else it would go on to see what it has seen
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_LOOK_S)
            return True
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(within_s * 1000)}")
        try:
            with explained(self._where), self._turnstile.passing(within_s):
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OrcaError as error:
            if error.code is not ErrorCode.UNAVAILABLE or "locked" not in error.message:
                raise
            return False
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
        return True

    @contextmanager
    def _committed(self, connection: Connection) -> Iterator[SqlTransaction]:
        try:
            yield SqlTransaction(connection, self._text_index, writing=True)
            connection.commit()
        except BaseException:
            with suppress(Exception):  # what went wrong first is what is told
                connection.rollback()
            raise

    def installation(self) -> str:
        """A random id that was drawn when the database was made."""
        with self.read() as transaction:
            found = transaction._connection.scalar(_META, {"wanted": "installation"})
        if found is None:
            raise unavailable("the database has lost its installation id", where=self._where)
        return str(found)

    def check(self) -> dict[str, Any]:
        """Integrity, version and size, for ``doctor``; never raises."""
        from orcaops.recording.sql.checking import check

        return check(self._engine, self._where)

    def close(self) -> None:
        """Let go of connections."""
        self._engine.dispose()
        if self._turnstile is not None:
            self._turnstile.close()
