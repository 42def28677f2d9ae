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

from orcaops.running.cgroup import Cgroup
from orcaops.running.engine.api import Engine

_NAME = "Podman"
_ROOTS = (None, "", "/")
_NO_PROGRAM = re.compile(rb"ERROR \(catatonit:\d+\): failed to exec pid1: (?P<why>[^\n]*)\n?")
LONGEST_REFUSAL = 256
"""How many of the first bytes of a job's output :func:`not_executed` needs."""


def _is_podman(engine: Engine) -> bool:
    """Whether the engine is Podman."""
    return engine.facts().name == _NAME


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
    return archive.getvalue()


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
