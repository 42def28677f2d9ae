"""Where the program of a command lies, and whether it can be executed, as ``execvpe`` finds it."""

import errno
import os
from pathlib import Path


def program_places(program: str, path: str, cwd: Path) -> list[str]:
    """Where a program of that name may be."""
    folders = [""] if "/" in program else path.split(":")
    return [os.path.join(cwd, folder, program) for folder in folders]  # noqa: PTH118  paths raise where these do not


def check_executable(program: str, path: str, cwd: Path) -> None:
    """Raise what executing it would raise if the program is missing or is none."""
    places = program_places(program, path, cwd)
    if not any(os.path.isfile(place) and os.access(place, os.X_OK) for place in places):  # noqa: PTH113
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), program)
