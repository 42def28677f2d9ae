"""Podman: what it does otherwise than Docker, made alike, so that a job ends the same on both.

All of it may be asked of any engine: with another than Podman there is nothing to do.
"""

import contextlib
import errno
import io
import os
import re
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from orcaops.model.logline import Stream
from orcaops.running.cgroup import Cgroup
from orcaops.running.containers.output import logged_pieces
from orcaops.running.engine.api import Engine

_NAME = "Podman"
_LOOK_AGAIN_S = 0.5
_ROOTS = (None, "", "/")
_NO_PROGRAM = re.compile(rb"ERROR \(catatonit:\d+\): failed to exec pid1: (?P<why>[^\n]*)\n?")
LONGEST_REFUSAL = 256
"""How many of the first bytes of a job's output :func:`not_executed` needs."""


def _is_podman(engine: Engine) -> bool:
    """Whether the engine is Podman."""
    return engine.facts().name == _NAME


def log_is_told_whole(engine: Engine) -> bool:
    """Whether who follows a container's log is told all of it: Podman leaves lines out, and often the end."""
    return not _is_podman(engine)


def log_looked_up(
    engine: Engine, container: str, since_s: float, is_given_up: Callable[[], bool]
) -> Iterator[tuple[Stream, bytes, datetime]]:
    """What a container's log holds from a time on, and what comes until its end: looked up twice a second."""
    told: list[datetime] = []  # of what the log holds since then, it is not told again
    while not is_given_up():
        runs = engine.inspect(container)["State"]["Running"]
        with contextlib.closing(engine.logs(container, since=f"{since_s:.6f}", follow=False)) as log:
            for piece in islice(logged_pieces(log), len(told), None):
                told.append(piece[2])
                yield piece
        if not runs:
            return
        if told:
            since_s = max(since_s, float(int(told[-1].timestamp())))
            told = [at for at in told if at.timestamp() >= since_s]
        time.sleep(_LOOK_AGAIN_S)


def open_root(engine: Engine, container: str) -> None:
    """Let a container that has not been started write to ``/`` if that is where it works.

    Podman makes the root folder of most images read-only, which a root without capabilities cannot overcome.
    """
    if _is_podman(engine) and engine.inspect(container)["Config"].get("WorkingDir") in _ROOTS:
        engine.put_archive(container, "/", _root_folder())


def _root_folder() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        root = tarfile.TarInfo("./")
        root.type, root.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(root)
    # Podman's reader goes away behind the two blocks that end an archive, while more may be being written.
    return archive.getvalue()[: 3 * tarfile.BLOCKSIZE]


def not_executed(engine: Engine, exit_code: int, output: bytes) -> tuple[int, str] | None:
    """126 or 127, and why, if the container's init says that it could not execute the job; else None.

    Docker tells that when it starts a container; Podman's init is started, ends with 1, and says why:
    ``ERROR (catatonit:6): failed to exec pid1: No such file or directory``.
    """
    told = _NO_PROGRAM.fullmatch(output) if exit_code == 1 and _is_podman(engine) else None
    if told is None:
        return None
    why = told["why"].decode("utf-8", "replace")
    return (127 if why == os.strerror(errno.ENOENT) else 126), why


def tell_all(engine: Engine, group: Cgroup | None, container: str) -> None:
    """Send TERM to every process of a container: Podman's init passes it to its own child only.

    Where the container's control group is not seen nothing is sent: KILL ends the commands after the grace.
    """
    inside = group.child_of(container) if group is not None and _is_podman(engine) else None
    for process in inside.processes() if inside is not None else ():
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            os.kill(process, signal.SIGTERM)
