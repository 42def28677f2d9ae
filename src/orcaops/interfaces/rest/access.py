"""Access: who may ask at all. Stands before everything, the mounted applications included.

With a token, every request must show it. Without one the server listens on loopback only and takes
whoever reaches it for its user; then a web page in that user's browser must be kept out: its requests
carry a foreign ``Host`` (after DNS rebinding) or a foreign ``Origin``.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orcaops.guarding.tokens import Token, bearer_token
from orcaops.interfaces.rest.problems import problem

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""What a load balancer asks; it says nothing about jobs."""


class AccessMiddleware:
    """Lets through who may ask, and answers the others.

    ``hosts`` are further names by which an open server may be asked for.
    """

    def __init__(self, app: ASGIApp, *, token: Token | None, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._token = token
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a problem, or hand on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["path"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, path: str, headers: Headers) -> Response | None:
        if path in OPEN_PATHS:
            return None
        if self._token is not None:
            return self._without_token(headers)
        return self._from_elsewhere(headers)

    def _without_token(self, headers: Headers) -> Response | None:
        assert self._token is not None
        shown = headers.get("authorization")
        if self._token.admits(bearer_token(shown)):
            return None
        if shown is None:
            return problem(
                "unauthenticated",
                "this server asks for a token",
                where="Authorization",
                hint="Send `Authorization: Bearer <token>`; for the commands set ORCAOPS_TOKEN.",
            )
        return problem(
            "unauthenticated",
            "this is not this server's token",
            where="Authorization",
            hint="Send `Authorization: Bearer <token>` with the token that the server was started with.",
            headers={"WWW-Authenticate": 'Bearer realm="orcaops", error="invalid_token"'},
        )

    def _from_elsewhere(self, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._is_here(_hostname(f"//{host}")):
            return problem(
                "forbidden",
                "without a token this server answers to loopback names only",
                where="Host",
                hint="Ask for 127.0.0.1 or localhost, or start the server with a token.",
            )
        origin = headers.get("origin")
        if origin is not None and not self._is_here(_hostname(origin)):
            return problem(
                "forbidden",
                "without a token this server answers no web pages from elsewhere",
                where="Origin",
                hint="Start the server with a token.",
            )
        return None

    def _is_here(self, name: str | None) -> bool:
        return name is not None and (is_loopback(name) or name in self._hosts)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine itself, without asking any name server.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.org", "")]
    [True, True, True, False, False, False]
    """
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
