"""What a database's errors mean to whoever uses OrcaOps."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from orcaops.model.errors import ErrorCode, OrcaError, conflict, unavailable

_CORRUPT = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT"}
_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"}
_NO_ROOM = {"SQLITE_FULL", "SQLITE_IOERR"}
_NO_ACCESS = {"SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH"}
_NO_TABLE = "42P01"


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn errors of the database inside the block into :class:`OrcaError` with what to do."""
    try:
        yield
    except exc.IntegrityError as error:
        raise conflict("somebody else has just written the same thing", where=where) from error
    except exc.DBAPIError as error:
        raise _meaning(error.orig, where) from error
    except exc.TimeoutError as error:
        raise unavailable(
            "all connections to the database are busy", where=where, hint="Try again in a moment."
        ) from error
    except sqlite3.Error as error:
        raise _meaning(error, where) from error


def writing_failed(error: OrcaError) -> bool:
    """Whether it was for want of room or of a right to write: then the database may still be readable."""
    cause = error.__cause__
    if isinstance(cause, exc.DBAPIError):
        cause = cause.orig
    if isinstance(cause, sqlite3.Error):
        return _family(cause) in _NO_ROOM | _NO_ACCESS
    return isinstance(cause, OSError)


def _family(error: sqlite3.Error) -> str:
    return "_".join((getattr(error, "sqlite_errorname", None) or "").split("_")[:2])


def corrupt(where: str, detail: str) -> OrcaError:
    """The error for a database that cannot be read."""
    return unavailable(
        f"this is not a readable OrcaOps database ({detail})",
        where=where,
        hint="Run 'orcaops doctor' to see what is damaged. Restore the file from a backup, or move it (and "
        "its -wal and -shm companions) away and start with a new one. It has not been changed.",
    )


def _meaning(error: BaseException | None, where: str) -> OrcaError:
    detail = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if not isinstance(error, sqlite3.Error):
        return _meaning_of_postgresql(error, where, detail)
    family = _family(error)
    if family in _CORRUPT:
        return corrupt(where, detail)
    if family in _BUSY:
        return unavailable(
            "the database is locked by another process",
            where=where,
            hint="Try again in a moment; 'orcaops doctor' says whether something holds it for long.",
        )
    if family in _NO_ROOM:
        return unavailable(
            f"the database could not be written ({detail})",
            where=where,
            hint="Look whether the disk is full or failing, make room, and try again: what was committed "
            "before is safe.",
        )
    if family in _NO_ACCESS:
        return unavailable(
            f"the database cannot be opened for writing ({detail})",
            where=where,
            hint="Look at the owner and the permissions of the file and its folder, and at the disk.",
        )
    if detail.startswith("no such table"):
        return corrupt(where, detail)
    return OrcaError(ErrorCode.INTERNAL, f"the database refused a statement ({detail})", where=where)


def _meaning_of_postgresql(error: BaseException | None, where: str, detail: str) -> OrcaError:
    state = getattr(error, "sqlstate", None)
    if state is None or state[:2] in ("08", "53", "57", "58", "28", "3D", "40", "55"):
        return unavailable(
            f"the database does not answer ({detail})",
            where=where,
            hint="Look whether PostgreSQL runs, has room and lets OrcaOps in, and try again.",
        )
    if state[:2] == "XX" or state == _NO_TABLE:
        return corrupt(where, detail)
    return OrcaError(ErrorCode.INTERNAL, f"the database refused a statement ({detail})", where=where)
