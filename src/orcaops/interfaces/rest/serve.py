"""Serve: the server process, from its socket to its orderly end."""

import contextlib
import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from orcaops.app import App
from orcaops.guarding.tokens import Token
from orcaops.interfaces.rest.access import is_loopback
from orcaops.interfaces.rest.api import Lifespan, create_api
from orcaops.interfaces.rest.connections import Connection
from orcaops.interfaces.rest.feeds import Feeds
from orcaops.model.errors import forbidden, invalid, unavailable

log = logging.getLogger(__name__)

_GOODBYE_S = 3  # how long answers under way may take once the server is to end
_BACKLOG = 2048
_LONGEST_HEADERS = 64 * 1024  # bytes
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(
    app: App,
    *,
    host: str,
    port: int,
    token: str | None = None,
    mounts: Mapping[str, ASGIApp] | None = None,
    lifespans: Sequence[Lifespan] = (),
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve an application until SIGTERM, SIGINT or SIGHUP; blocks. Starts it, and closes it at the end.

    ``port`` 0 lets the system choose; ``listening`` is called with the address once requests are answered
    (by default it is printed on stderr). Containers are left running at the end: the next start adopts
    them. Raises ``forbidden`` for an address beyond loopback without a ``token``, ``invalid`` for a token or
    an address that cannot be, ``unavailable`` where the address is taken.
    """
    try:
        known = Token.of(token) if token is not None else None
        check_exposure(host, known is not None)
        listener = bound(host, port)
    except BaseException:
        app.close()
        raise
    with listener:
        api = create_api(app, token=known, hosts=(host,), mounts=mounts, lifespans=lifespans)
        tell = _print_address if listening is None else listening
        try:
            app.start()
            Server(api, listening=lambda: tell(address_of(listener))).run(sockets=[listener])
        finally:
            app.close()


def check_exposure(host: str, has_token: bool) -> None:
    """Raise ``forbidden`` if whoever reaches ``host`` could ask without a token."""
    if not has_token and not is_loopback(host):
        raise forbidden(
            f"a server on {host or 'every address'!r} can be reached by others and needs a token",
            where="host",
            hint="Set ORCAOPS_TOKEN (`openssl rand -hex 32` makes a good one), or listen on 127.0.0.1.",
        )


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``invalid`` for an unknown host, ``unavailable`` if the port is taken."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise invalid(f"{host!r} is no address of this machine", where="host") from None
    family, _, _, _, address = found[0]
    try:
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise unavailable(
            f"cannot listen on {host} port {port}: {error.strerror}",
            where="port",
            hint="Stop what listens there, or choose another port (0 lets the system choose).",
        ) from None
    listener.setblocking(False)
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL of a listening socket, with the port that it really has."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ipaddress.ip_address(host.partition("%")[0]).version == 6 else host
    return f"http://{shown}:{port}"


def _print_address(address: str) -> None:
    print(f"OrcaOps listens on {address}", file=sys.stderr, flush=True)  # noqa: T201 - this is its interface


class Server(uvicorn.Server):
    """Ends feeds when it is to end, so that no follower keeps it, and exits normally after a signal.

    ``listening`` is called once requests are answered.
    """

    def __init__(self, api: FastAPI, *, listening: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                api,
                http=Connection,  # over h11: the other parser keeps headers of any length, before any token
                h11_max_incomplete_event_size=_LONGEST_HEADERS,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                lifespan="on",
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_GOODBYE_S,
            )
        )
        self._feeds: Feeds = api.state.feeds
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and let those under way end."""
        self._feeds.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does it, but without raising the signal again: the end was orderly."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._asked_to_end) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _asked_to_end(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)
