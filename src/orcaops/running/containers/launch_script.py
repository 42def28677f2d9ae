"""LaunchScript: one line that makes a shell which stands ready into a job. Pure.

A container that is held ready runs nothing but ``sh``, which waits for its standard input. A job is handed to
it as one compound command: the shell reads all of it before it does any of it, so a script that was cut
off starts nothing. The script says on standard error that it has begun, marked by a word that only
this container knows, sets the job's environment, and becomes the job's program: same process, same
signals, same exit code, standard input empty, as if the container had been started with it.

What a shell cannot hand on exactly is not handed over at all: :func:`can_launch` says so, and the
job gets a container of its own.
"""

import re
import shlex
from collections.abc import Sequence
from datetime import datetime

from orcaops.model.job import JobSpec

_MARK = b"\x1e"
_LARGEST = 32 << 10  # a shell reads its standard input byte by byte
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Names that shells set or guard themselves: what they hand on need not be what they were given.
_OF_SHELLS = re.compile(
    r"_|PWD|OLDPWD|SHLVL|UID|EUID|GROUPS|PPID|IFS|ENV|PS[0-4]|LINENO|OPT(IND|ARG|ERR)|RANDOM|SECONDS|FUNCNAME"
    r"|DIRSTACK|EPOCH\w*|HIST\w*|HOSTTYPE|MACHTYPE|OSTYPE|SRANDOM|PIPESTATUS|POSIXLY_CORRECT|MAIL\w*|TMOUT"
    r"|(BASH|COMP|SHELL|TINI|ZSH)\w*"
)


def can_launch(spec: JobSpec, entrypoint: Sequence[str] = ()) -> bool:
    """Whether a waiting shell can become this job without a difference that the job could see."""
    for name in spec.env:
        if not _NAME.fullmatch(name) or _OF_SHELLS.fullmatch(name):
            return False
    steps = spec.steps()
    program = (tuple(entrypoint) + steps[0])[0] if len(steps) == 1 else "sh"
    if not program or program.startswith("-") or "=" in program:
        return False
    try:
        size = sum(len(f"{name}={value}".encode()) for name, value in spec.env.items())
        size += sum(len(word.encode()) + 3 for step in steps for word in step)
    except UnicodeEncodeError:
        return False
    return size < _LARGEST


def ready_line(word: str) -> bytes:
    """What makes the shell prove that it listens."""
    return f"printf '\\036{word} ready\\036\\n' >&2\n".encode()


def ready_mark(word: str) -> bytes:
    """What the shell writes then."""
    return _MARK + f"{word} ready".encode() + _MARK + b"\n"


def launch_line(argv: Sequence[str], env: dict[str, str], word: str) -> bytes:
    """What makes the shell become the program, with these variables on top of the image's own."""
    parts = [f"printf '\\036{word} start\\036\\n' >&2", "unset PWD OLDPWD SHLVL"]
    parts += [f"export {name}={shlex.quote(value)}" for name, value in env.items()]
    parts += [
        f"set -- {' '.join(shlex.quote(argument) for argument in argv)}",
        # bash puts variables of its own into the environment of what it becomes
        '[ -z "${BASH_VERSION-}" ] || set -- env -u _ -u SHLVL "$@"',
        'exec "$@" </dev/null',
    ]
    return ("{ " + "; ".join(parts) + "; }\n").encode()


class LaunchRecords:
    """Takes the marks out of standard error: all that comes before ``start`` is not the job's."""

    def __init__(self, word: str) -> None:
        self._start = _MARK + f"{word} start".encode() + _MARK + b"\n"
        self._held = b""
        self.started_at: datetime | None = None
        """When the program began; None as long as it has not."""

    def feed(self, data: bytes, at: datetime) -> bytes:
        """What of ``data`` the job wrote."""
        if self.started_at is not None:
            return data
        self._held += data
        _, mark, rest = self._held.partition(self._start)
        if not mark:
            self._held = self._held[-len(self._start) :]
            return b""
        self._held = b""
        self.started_at = at
        return rest
