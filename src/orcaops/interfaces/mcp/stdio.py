"""MCP over standard input and output, for a client that starts this process and talks to it alone."""

import contextlib
import io
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import BinaryIO

import anyio

from orcaops.app import App

log = logging.getLogger(__name__)

_PIECE = 65536
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_stdio(open_house: Callable[[], App], *, read_only: bool = False) -> None:
    """Answer until standard input ends, or SIGTERM or SIGINT comes; blocks.

    The house is opened by ``open_house``, started, and closed at the end. From the first moment on, what
    anything prints goes to standard error: standard output carries nothing but the protocol. Jobs in
    containers go on after the end and are adopted by the next start. Must be called in the main thread.
    """
    with _protocol_streams() as (source, sink):
        house = open_house()
        try:
            house.start()
            anyio.run(_serve, house, source, sink, read_only)
        finally:
            house.close()


async def _serve(house: App, source: BinaryIO, sink: BinaryIO, read_only: bool) -> None:
    from mcp.server.stdio import stdio_server

    from orcaops.interfaces.mcp.server import create_server

    server = create_server(house, read_only=read_only)
    stdin = anyio.wrap_file(io.TextIOWrapper(source, encoding="utf-8", errors="replace"))
    stdout = anyio.wrap_file(io.TextIOWrapper(sink, encoding="utf-8"))
    async with stdio_server(stdin, stdout) as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


@contextlib.contextmanager
def _protocol_streams() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The client's two streams, for the protocol alone.

    Descriptors 0 and 1 are pointed at nothing and at standard error, for this process and for those that it
    starts. A signal ends the source as the client would, so that there is one orderly end.
    """
    sys.stdout.flush()
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    ours, theirs = socket.socketpair()

    def end(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            theirs.shutdown(socket.SHUT_WR)

    def pump() -> None:
        with contextlib.suppress(OSError):  # ended by a signal
            while piece := os.read(incoming, _PIECE):
                theirs.sendall(piece)
        end(0, None)

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    threading.Thread(target=pump, name="standard-input", daemon=True).start()
    try:
        with ours.makefile("rb") as source, os.fdopen(outgoing, "wb") as sink:
            yield source, sink
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
