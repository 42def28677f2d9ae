"""The warm process: has everything imported, and forks for each run that is handed over to it.

The fork gets the arguments, the environment, the working directory and the three standard streams of the
``orcaops run`` that asked, and then does what that process would have done: it runs the job, learns from it
and ends with its exit code. Signals are passed on to it; if the one that asked is killed, so is the fork. The
warm process itself keeps no state, opens no database and has no threads. It ends when nobody has
asked for ten minutes, or when the installed program has changed. ``ORCAOPS_RUN_WARM=0`` does without it.
"""

import array
import contextlib
import fcntl
import gc
import json
import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from orcaops.app import import_everything
from orcaops.interfaces.cli import handing_over, run, telling
from orcaops.interfaces.cli.endings import heed_all
from orcaops.interfaces.cli.handing_over import CODE, LENGTH, PATIENCE_S, TAKEN
from orcaops.interfaces.cli.main import main

IDLE_S = 600.0
_LOOK_S = 30.0  # how soon it ends when the program has changed
_READY = (run, telling)  # what a run imports when it is called


def serve() -> None:
    """Be the warm process."""
    folder = Path(handing_over.folder())
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077:
        return
    address = handing_over.address()
    lock = _locked(Path(f"{address}.lock"))
    if lock is None:
        return  # there is one
    _sweep(folder)
    import_everything()
    gc.collect()
    gc.freeze()  # forks share these pages as long as nobody writes to them
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    Path(address).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(64)
        listener.settimeout(_LOOK_S)
        last = time.monotonic()
        try:
            while handing_over.address() == address and time.monotonic() - last < IDLE_S:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                last = time.monotonic()
                with connection:
                    if handing_over.is_ours(connection) and os.fork() == 0:
                        listener.close()
                        os.close(lock)
                        _be_the_run(connection)
        finally:
            _remove(Path(f"{address}.lock"))


def _locked(place: Path) -> int | None:
    """The descriptor of a lock that is ours from now on; None if somebody holds it."""
    while True:
        lock = os.open(place, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(lock).st_ino == place.stat().st_ino:
                return lock
        os.close(lock)  # whoever held it has just removed it


def _sweep(folder: Path) -> None:
    """Remove what warm processes have left that were killed; those of other programs may live."""
    for place in folder.glob("*.lock"):
        lock = _locked(place)
        if lock is not None:
            _remove(place)
            os.close(lock)


def _remove(lock: Path) -> None:
    """Remove the socket and then the lock, which is ours."""
    lock.with_suffix("").unlink(missing_ok=True)
    lock.unlink(missing_ok=True)


def _be_the_run(connection: socket.socket) -> NoReturn:
    """In the fork: become the process that asked, and end as it would have ended."""
    handing_over.forked = True
    code = 125
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        heed_all()
        arguments = _become(connection)
        connection.sendall(TAKEN)
        threading.Thread(target=_obey, args=(connection,), daemon=True).start()
        code = _run(arguments)
    finally:
        with contextlib.suppress(OSError):
            connection.sendall(CODE.pack(code))
        os._exit(code)


def _become(connection: socket.socket) -> list[str]:
    connection.settimeout(PATIENCE_S)
    size = array.array("i").itemsize
    head, ancillary, _, _ = connection.recvmsg(LENGTH.size, socket.CMSG_SPACE(3 * size))
    for number, (_, _, data) in enumerate(ancillary):
        if number == 0:
            for target, stream in enumerate(array.array("i", data)):
                os.dup2(stream, target)
                os.close(stream)
    body = b""
    (length,) = LENGTH.unpack(head)
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
