"""What ``doctor`` is told about a database."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, text

from orcaops.model.errors import OrcaError
from orcaops.recording.sql import fulltext, schema
from orcaops.recording.sql.failures import explained
from orcaops.recording.sql.tables import anomalies, baselines, decisions, memories, runs

_LARGEST_READ_WHOLE = 200 * 1024 * 1024  # reading all pages of a larger file takes more than a second


def check(engine: Engine, where: str) -> dict[str, Any]:
    """Integrity, version, counts and size; what is wrong stands under ``problems``. Never raises."""
    found: dict[str, Any] = {
        "database": engine.dialect.name,
        "where": where,
        "latest_version": schema.LATEST,
        "problems": [],
        "notes": [],
    }
    try:
        with explained(where), engine.connect() as connection:
            found["version"] = schema.version_of(connection)
            if engine.dialect.name == "sqlite":
                _look_at_file(connection, found)
            else:
                found["server"] = connection.scalar(text("SHOW server_version"))
                found["bytes"] = connection.scalar(text("SELECT pg_database_size(current_database())"))
            if shortfall := fulltext.of(connection).shortfall:
                found["notes"].append(shortfall)
            found["counts"] = {
                table.name: connection.scalar(select(func.count()).select_from(table))
                for table in (runs, memories, baselines, anomalies, decisions)
            }
            connection.rollback()
    except OrcaError as error:
        found["problems"].append({"message": error.message, "hint": error.hint})
    except Exception as error:  # noqa: BLE001 - a doctor does not faint
        found["problems"].append({"message": f"{type(error).__name__}: {error}", "hint": ""})
    return found


def _look_at_file(connection: Any, found: dict[str, Any]) -> None:
    path = Path(connection.engine.url.database)
    found["bytes"] = path.stat().st_size
    disk = os.statvfs(path)
    found["free_bytes"] = disk.f_bavail * disk.f_frsize
    found["sqlite"] = connection.scalar(text("SELECT sqlite_version()"))
    if found["bytes"] > _LARGEST_READ_WHOLE:
        found["notes"].append("the file is large, so its pages were not all read")
        return
    verdict = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(10)")]
    if verdict != ["ok"]:
        found["problems"].extend(
            {"message": line, "hint": "Restore the database from a backup."} for line in verdict
        )
