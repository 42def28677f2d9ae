"""The one error that services raise, and its few codes.

Each interface has one table from code to HTTP status, exit code or tool error; nothing else
decides how a failure looks from outside.
"""

from enum import StrEnum


class ErrorCode(StrEnum):
    """What kind of failure it is, seen by whoever asked."""

    INVALID = "invalid"  # the request can never work as it is
    NOT_FOUND = "not_found"  # the thing named does not exist
    CONFLICT = "conflict"  # it contradicts what is already there
    FORBIDDEN = "forbidden"  # a policy or a role says no
    UNAVAILABLE = "unavailable"  # an engine, database or disk does not answer now; try later
    INTERNAL = "internal"  # a bug of ours


class OrcaError(Exception):
    """An expected failure: what happened, where, and what to do next.

    ``where`` names the field, file, line or address concerned; ``hint`` is the next step as a
    sentence. Both may be empty.
    """

    def __init__(self, code: ErrorCode, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}"


def invalid(message: str, *, where: str = "", hint: str = "") -> OrcaError:
    """The request can never work as it is."""
    return OrcaError(ErrorCode.INVALID, message, where=where, hint=hint)


def not_found(message: str, *, where: str = "", hint: str = "") -> OrcaError:
    """The thing named does not exist."""
    return OrcaError(ErrorCode.NOT_FOUND, message, where=where, hint=hint)


def conflict(message: str, *, where: str = "", hint: str = "") -> OrcaError:
    """The request contradicts what is already there."""
    return OrcaError(ErrorCode.CONFLICT, message, where=where, hint=hint)


def forbidden(message: str, *, where: str = "", hint: str = "") -> OrcaError:
    """A policy or a role says no."""
    return OrcaError(ErrorCode.FORBIDDEN, message, where=where, hint=hint)


def unavailable(message: str, *, where: str = "", hint: str = "") -> OrcaError:
    """Something OrcaOps depends on does not answer now."""
    return OrcaError(ErrorCode.UNAVAILABLE, message, where=where, hint=hint)
