"""Handing a run over to a warm process (``warm.py``), and leaving one behind for the next run."""

# What is imported here, every `orcaops run` in a container waits for.
import array
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence

from orcaops.interfaces.cli.endings import on_endings

PATIENCE_S = 2.0  # for a warm process to take over; it answers within milliseconds or not at all
LENGTH = struct.Struct("!I")
CODE = struct.Struct("!i")
_CREDENTIALS = struct.Struct("3i")
TAKEN = b"+"
forked = False
"""Whether this process is a run that was handed over: it leaves nothing behind."""


def wanted() -> bool:
    """Whether warm processes are wanted at all."""
    return os.environ.get("ORCAOPS_RUN_WARM", "1").lower() not in ("0", "false", "no")


def hand_over(arguments: Sequence[str]) -> int | None:
    """Let the warm process do it; its exit code, or None if there is none that can."""
    if not wanted():
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        try:
            connection.settimeout(PATIENCE_S)
            connection.connect(address())
            if not is_ours(connection):
                return None
            _send_request(connection, arguments)
            if connection.recv(1) != TAKEN:
                return None
        except OSError:
            return None
        connection.settimeout(None)
        return _wait(connection)


def leave_one_behind() -> None:
    """Start a warm process for the next run, unless there is one."""
    if forked or not wanted():
        return
    import subprocess

    with contextlib.suppress(OSError):
        subprocess.Popen(
            [sys.executable, "-c", "from orcaops.interfaces.cli.warm import serve; serve()"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )


def _send_request(connection: socket.socket, arguments: Sequence[str]) -> None:
    umask = os.umask(0)
    os.umask(umask)
    request = {
        "arguments": list(arguments),
        "environment": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109
        "umask": umask,
    }
    body = json.dumps(request).encode("utf-8", "surrogateescape")
    streams = array.array("i", [0, 1, 2])
    connection.sendmsg([LENGTH.pack(len(body))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    connection.sendall(body)


def _wait(connection: socket.socket) -> int:
    """Pass signals on until the exit code comes; 128 and the last of them, or 137, if the fork was killed."""
    last: int = signal.SIGKILL

    def pass_on(number: int, _frame: object) -> None:
        nonlocal last
        last = number
        with contextlib.suppress(OSError):
            connection.sendall(bytes([number]))

    on_endings(pass_on)
    answer = b""
    while len(answer) < CODE.size:
        piece = connection.recv(CODE.size - len(answer))
        if not piece:
            return 128 + last
        answer += piece
    code: int = CODE.unpack(answer)[0]
    return code


def address() -> str:
    """The socket of this user's warm process for exactly this program: a change of any file makes another."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    program = [sys.executable, sys.version, package, *sorted(_files(package))]
    return f"{folder()}/{zlib.crc32(repr(program).encode('utf-8', 'surrogateescape')):08x}.sock"


def _files(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, entry.stat().st_mtime_ns
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _files(entry.path)


def folder() -> str:
    """Where the sockets of this user's warm processes lie."""
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - checked to be ours
    return f"{base}/orcaops-warm-{os.getuid()}"


def is_ours(connection: socket.socket) -> bool:
    """Whether the other side belongs to this user: environments are not given to strangers."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(raw)[1] == os.getuid())
