"""MCP over streamable HTTP, to be mounted into a server that knows who may ask."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.types import INVALID_REQUEST
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orcaops.app import App
from orcaops.interfaces.mcp.server import create_server

LARGEST_BODY_BYTES = 16 * 1024 * 1024
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Lifespan = Callable[[], AbstractAsyncContextManager[object]]


def mcp_app(house: App, *, read_only: bool = False) -> tuple[ASGIApp, Lifespan]:
    """The MCP interface as an ASGI application, and what must be entered before its first request.

    Every request stands for itself, in all revisions of the protocol: there are no sessions, so nothing is
    kept for a client that never comes back, and a server may be restarted under its clients. A client that
    drops its stream cancels that request; the job it asked for goes on. Who may ask is decided outside.
    """
    manager = StreamableHTTPSessionManager(
        create_server(house, read_only=read_only), stateless=True, max_request_body_size=LARGEST_BODY_BYTES
    )
    return Entrance(manager.asgi_app), manager.run


class Entrance:
    """What the protocol wants of HTTP before it begins.

    Web pages are answered only if they come from this server or this machine, token or not. There is nothing
    to GET, because nothing is told outside a request, and no session to DELETE. Blanks around the value of a
    header are no part of it, which not every HTTP parser sees to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        scope = dict(scope) | {"headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        refusal = _refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif (body := await _whole(receive)) is None:
            return  # the client has gone; below this it would be told as a fault of ours
        elif len(body) > LARGEST_BODY_BYTES:
            too_large = _error(413, f"A message may have {LARGEST_BODY_BYTES} bytes.")
            await too_large(scope, receive, send)
        else:
            await self._app(scope, _told_first(body, receive), send)


async def _whole(receive: Receive) -> bytes | None:
    """The body of a request, or what shows that it is too large; None if its client goes meanwhile."""
    body, more = bytearray(), True
    while more and len(body) <= LARGEST_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _told_first(body: bytes, receive: Receive) -> Receive:
    """What tells the body, and then what there is to receive beside it."""
    told = False

    async def receive_again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _refusal(scope: Scope) -> ASGIApp | None:
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None and _hostname(origin) not in _HERE | {_hostname(f"//{headers.get('host', '')}")}:
        return _error(403, "This server answers no web pages from elsewhere.")
    if scope["path"].removeprefix(scope.get("root_path", "")).strip("/"):
        return _error(404, "There is nothing here; the protocol is spoken one level up.")
    if scope["method"] != "POST":
        return _error(405, "The Model Context Protocol is spoken here: POST its messages.", Allow="POST")
    return None


def _error(status: int, message: str, **headers: str) -> ASGIApp:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": INVALID_REQUEST, "message": message}}
    return JSONResponse(error, status, headers=headers)


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
