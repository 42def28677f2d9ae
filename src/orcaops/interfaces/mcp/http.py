"""MCP over streamable HTTP, to be mounted into a server that knows who may ask."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

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

    Web pages are answered only if they come from this server or this machine, token or not. Blanks around
    the value of a header are no part of it, which not every HTTP parser sees to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        scope = dict(scope) | {"headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or _hostname(origin) in _HERE | {_hostname(f"//{headers.get('host', '')}")}:
            await self._app(scope, receive, send)
            return
        error = {"code": -32600, "message": "This server answers no web pages from elsewhere."}
        await JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, 403)(scope, receive, send)


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
