"""How failures look on a terminal: one table from error code to exit code."""

import errno
import os
import sys

import click

from orcaops.interfaces.cli.output import nobody_reads
from orcaops.model.errors import ErrorCode, OrcaError

EXIT_CODES = {
    ErrorCode.INVALID: 2,
    ErrorCode.NOT_FOUND: 1,
    ErrorCode.CONFLICT: 1,
    ErrorCode.FORBIDDEN: 1,
    ErrorCode.UNAVAILABLE: 125,
    ErrorCode.INTERNAL: 125,
}


_OPTIONS = {
    "idle_timeout": "--idle-timeout",
    "env": "-e",
    "mounts": "-v",
    "artifacts": "--artifact",
    "labels": "--label",
    **{name: f"--{name}" for name in ("image", "executor", "name", "timeout", "memory", "cpus", "pids")},
    **{name: f"--{name}" for name in ("network", "intent", "cwd", "shell", "workspace")},
}
"""The options that fill the fields of a specification."""


_DISK_SAYS_NO = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
)


def show_failure(error: Exception) -> int:
    """Say on standard error what went wrong and what to do next; returns the exit code."""
    if isinstance(error, OrcaError):
        # What is not there names itself: the name of an argument beside it would only be in the way.
        itself = error.message.startswith(error.where) or (
            error.code is ErrorCode.NOT_FOUND and error.where.isidentifier()
        )
        said = error.message if itself else str(error)
        click.echo(f"orcaops: {said}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        return 2 if _misspelled(error) else EXIT_CODES[error.code]
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    if isinstance(error, click.Abort):
        return 130
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has enough (`orcaops jobs list | head`).
        nobody_reads(sys.stdout)
        return 0
    if os.environ.get("ORCAOPS_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno in _DISK_SAYS_NO:
        click.echo(
            f"orcaops: {error.filename or 'a file'} cannot be written or read: {error.strerror}", err=True
        )
        click.echo(
            "  Look at the disk, and at the owner and the permissions of the file and its folder.", err=True
        )
        return EXIT_CODES[ErrorCode.UNAVAILABLE]
    click.echo(f"orcaops: a bug of ours: {type(error).__name__}: {error}", err=True)
    click.echo("  Run it again with ORCAOPS_DEBUG=1 to see where, and please report it.", err=True)
    return EXIT_CODES[ErrorCode.INTERNAL]


def _misspelled(error: OrcaError) -> bool:
    """Whether what is not there is a word of a query: that is wrong usage, as other slips in it are."""
    return error.code is ErrorCode.NOT_FOUND and error.where.partition(",")[0] in ("q", "query")


def refuse_field_errors(error: Exception) -> OrcaError:
    """What a validation error of a specification says, as an ``invalid`` error that names the field."""
    from pydantic import ValidationError

    from orcaops.model.errors import invalid

    if not isinstance(error, ValidationError):
        raise error
    first = error.errors()[0]
    field, *rest = (str(part) for part in first["loc"]) if first["loc"] else ("job",)
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        # The pattern says it to a program; to people the value and where it stands say more.
        absolute = " as a place inside the job; it begins with /" if "target" in rest else ""
        said = f"{first['input']!r} cannot be used{absolute}"
    return invalid(said, where=_OPTIONS.get(field, field), hint="See --help for how to write it.")
