"""MCP over standard input and output, for a client that starts this process and talks to it alone."""

import contextlib
import io
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterable, Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import BinaryIO

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from orcaops.app import App

_PIECE = 65536
_LAST_ANSWERS_S = 3.0  # how long calls under way may take once standard input has ended
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve_stdio(open_house: Callable[[], App], *, read_only: bool = False) -> None:
    """Answer until standard input ends, or SIGTERM, SIGINT or SIGHUP comes; blocks.

    The house is opened by ``open_house``, started, and closed at the end. From the first moment on, what
    anything prints goes to standard error: standard output carries nothing but the protocol. Jobs in
    containers go on after the end and are adopted by the next start. Must be called in the main thread.
    """
    with _protocol_streams() as streams:
        house = open_house()
        try:
            house.start()
            anyio.run(_serve, house, streams, read_only)
        except* BrokenPipeError:
            pass  # the client has gone: an end like any other
        finally:
            house.close()


async def _serve(house: App, streams: "_Streams", read_only: bool) -> None:
    from mcp.server.stdio import stdio_server
    from mcp.shared.message import SessionMessage
    from mcp.types import (
        PARSE_ERROR,
        ErrorData,
        JSONRPCError,
        JSONRPCNotification,
        JSONRPCRequest,
        JSONRPCResponse,
        RequestId,
    )

    from orcaops.interfaces.mcp.server import create_server

    server = create_server(house, read_only=read_only, one_client=True)
    stdin = anyio.wrap_file(io.TextIOWrapper(streams.source, encoding="utf-8", errors="replace"))
    stdout = anyio.wrap_file(io.TextIOWrapper(streams.sink, encoding="utf-8"))
    to_server, asked = anyio.create_memory_object_stream[SessionMessage | Exception]()
    answers, from_server = anyio.create_memory_object_stream[SessionMessage]()
    owed: set[RequestId] = set()
    unreadable = JSONRPCError(
        jsonrpc="2.0",
        id=None,
        error=ErrorData(
            code=PARSE_ERROR, message="This line is no message: send one JSON-RPC object per line."
        ),
    )

    async def take_in(received: AsyncIterable[SessionMessage | Exception]) -> None:
        async with to_server, answers.clone() as unasked:
            async for item in received:
                if isinstance(item, Exception):  # which the SDK passes over in silence
                    await unasked.send(SessionMessage(unreadable))
                message = item.message if isinstance(item, SessionMessage) else None
                if isinstance(message, JSONRPCRequest):
                    owed.add(message.id)
                elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
                    owed.discard((message.params or {}).get("requestId", ""))
                await to_server.send(item)
            # Whoever pipes requests in, and is done, still wants their answers.
            with anyio.move_on_after(_LAST_ANSWERS_S):
                while owed and not streams.signalled:
                    await anyio.sleep(0.01)

    async def hand_out(sent: MemoryObjectSendStream[SessionMessage]) -> None:
        async with sent:
            async for item in from_server:
                await sent.send(item)
                if isinstance(item.message, JSONRPCResponse | JSONRPCError) and item.message.id is not None:
                    owed.discard(item.message.id)

    async with stdio_server(stdin, stdout) as (received, sent), anyio.create_task_group() as group:
        group.start_soon(take_in, received)
        group.start_soon(hand_out, sent)
        await server.run(asked, answers, server.create_initialization_options())


@dataclass(slots=True)
class _Streams:
    """The client's two streams, and whether a signal has ended the first."""

    source: BinaryIO
    sink: BinaryIO
    signalled: bool = False


@contextlib.contextmanager
def _protocol_streams() -> Iterator[_Streams]:
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
    with ours, ours.makefile("rb") as source, os.fdopen(outgoing, "wb") as sink:
        streams = _Streams(source, sink)

        def end(_number: int, _frame: FrameType | None) -> None:
            streams.signalled = True
            with contextlib.suppress(OSError):
                theirs.shutdown(socket.SHUT_WR)

        heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, end) for number in heeded}
        # A thread of its own, because a read that waits cannot be called off.
        threading.Thread(target=_pump, args=(incoming, theirs), name="standard-input", daemon=True).start()
        try:
            yield streams
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _pump(incoming: int, outlet: socket.socket) -> None:
    with contextlib.suppress(OSError):  # ended by a signal
        while piece := os.read(incoming, _PIECE):
            outlet.sendall(piece)
        outlet.shutdown(socket.SHUT_WR)
