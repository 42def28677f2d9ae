"""The warm process: has everything imported, and forks for each run that is handed over to it.

The fork gets the arguments, the environment, the working directory and the three standard streams of the
``orcaops run`` that asked, and then does what that process would have done: it runs the job, learns from it
and ends with its exit code. Signals are passed on to it; if the one that asked is killed, so is the fork. The
warm process itself keeps no state, opens no database and has no threads. It ends when nobody has
asked for ten minutes, or when the installed program has changed. ``ORCAOPS_RUN_WARM=0`` does without it.
"""

# What is imported here, every `orcaops run` in a container waits for.
import array
import contextlib
import json
import os
import signal
import socket
import stat
import struct
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import NoReturn

IDLE_S = 600.0
_LOOK_S = 30.0  # how soon it ends when the program has changed
_PATIENCE_S = 2.0  # for a warm process to take over; it answers within milliseconds or not at all
_LENGTH = struct.Struct("!I")
_CODE = struct.Struct("!i")
_CREDENTIALS = struct.Struct("3i")
_TAKEN = b"+"
_forked = False


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
            connection.settimeout(_PATIENCE_S)
            connection.connect(_address())
            if not _is_ours(connection):
                return None
            _send_request(connection, arguments)
            if connection.recv(1) != _TAKEN:
                return None
        except OSError:
            return None
        connection.settimeout(None)
        return _wait(connection)


def leave_one_behind() -> None:
    """Start a warm process for the next run, unless there is one."""
    if _forked or not wanted():
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
    connection.sendmsg([_LENGTH.pack(len(body))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    connection.sendall(body)


def _wait(connection: socket.socket) -> int:
    """Pass signals on until the exit code comes; 137 if the fork was killed."""

    def pass_on(number: int, _frame: object) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(bytes([number]))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    answer = b""
    while len(answer) < _CODE.size:
        piece = connection.recv(_CODE.size - len(answer))
        if not piece:
            return 128 + signal.SIGKILL
        answer += piece
    code: int = _CODE.unpack(answer)[0]
    return code


def _address() -> str:
    """The socket of this user's warm process for exactly this program: a change of any file makes another."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    program = [sys.executable, sys.version, package, *sorted(_files(package))]
    return f"{_folder()}/{zlib.crc32(repr(program).encode('utf-8', 'surrogateescape')):08x}.sock"


def _files(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, entry.stat().st_mtime_ns
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _files(entry.path)


def _folder() -> str:
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - checked to be ours
    return f"{base}/orcaops-warm-{os.getuid()}"


def _is_ours(connection: socket.socket) -> bool:
    """Whether the other side belongs to this user: environments are not given to strangers."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(raw)[1] == os.getuid())


def serve() -> None:
    """Be the warm process."""
    import fcntl
    import gc

    folder = _folder()
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)  # noqa: PTH102 - pathlib is not imported yet
    status = os.lstat(folder)
    if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077:
        return
    address = _address()
    lock = os.open(f"{address}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # there is one
    _import_everything()
    gc.collect()
    gc.freeze()  # forks share these pages as long as nobody writes to them
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _remove(address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(64)
        listener.settimeout(_LOOK_S)
        last = time.monotonic()
        try:
            while _address() == address and time.monotonic() - last < IDLE_S:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                last = time.monotonic()
                with connection:
                    if _is_ours(connection) and os.fork() == 0:
                        listener.close()
                        os.close(lock)
                        _be_the_run(connection)
        finally:
            _remove(address)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - pathlib is not imported yet


def _import_everything() -> None:
    import docker
    import sqlalchemy.dialects.sqlite

    import orcaops.app
    import orcaops.interfaces.cli.main
    import orcaops.interfaces.cli.run
    import orcaops.interfaces.cli.telling
    import orcaops.recording.sql.store

    del docker, sqlalchemy, orcaops


def _be_the_run(connection: socket.socket) -> NoReturn:
    """In the fork: become the process that asked, and end as it would have ended."""
    global _forked  # noqa: PLW0603 - a process is a fork or it is not
    _forked = True
    code = 125
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        arguments = _become(connection)
        connection.sendall(_TAKEN)
        import threading

        threading.Thread(target=_obey, args=(connection,), daemon=True).start()
        code = _run(arguments)
    finally:
        with contextlib.suppress(OSError):
            connection.sendall(_CODE.pack(code))
        os._exit(code)


def _become(connection: socket.socket) -> list[str]:
    connection.settimeout(_PATIENCE_S)
    size = array.array("i").itemsize
    head, ancillary, _, _ = connection.recvmsg(_LENGTH.size, socket.CMSG_SPACE(3 * size))
    for number, (_, _, data) in enumerate(ancillary):
        if number == 0:
            for target, stream in enumerate(array.array("i", data)):
                os.dup2(stream, target)
                os.close(stream)
    body = b""
    (length,) = _LENGTH.unpack(head)
    while len(body) < length:
        piece = connection.recv(min(1 << 20, length - len(body)))
        if not piece:
            raise EOFError
        body += piece
    connection.settimeout(None)
    request = json.loads(body.decode("utf-8", "surrogateescape"))
    os.environ.clear()
    os.environ.update(request["environment"])
    os.umask(request["umask"])
    os.chdir(request["folder"])
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    arguments: list[str] = request["arguments"]
    return arguments


def _obey(connection: socket.socket) -> None:
    """Take the signals that are passed on; when whoever asked is gone, end as suddenly."""
    while True:
        try:
            number = connection.recv(1)
        except OSError:
            number = b""
        if not number:
            os.kill(os.getpid(), signal.SIGKILL)
        os.kill(os.getpid(), number[0])


def _run(arguments: Sequence[str]) -> int:
    from orcaops.interfaces.cli.main import main

    try:
        main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    else:
        code = 0
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return code


if __name__ == "__main__":
    serve()
