"""Call: one request of an agent, and what answering it may use."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar, get_args

from anyio import CapacityLimiter, to_thread
from mcp.server.session import ServerSession
from mcp.types import (
    LoggingLevel,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    RequestId,
)
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS

from orcaops.app import App

P = ParamSpec("P")
T = TypeVar("T")

BY = "mcp"
"""Whose decisions these are, until people have names."""

_QUICK = 16  # questions to the store at the same time, over all calls
_SLOW = 64  # calls that wait inside a service (a cancellation) at the same time


@dataclass(frozen=True, slots=True)
class Desk:
    """The services of the house, with the threads in which they are asked.

    Services are synchronous. What takes long has threads of its own, so that a quick question never
    queues behind it.
    """

    house: App
    quick: CapacityLimiter
    slow: CapacityLimiter
    journal: "Journal"

    @classmethod
    def of(cls, house: App) -> "Desk":
        """A desk for an application."""
        return cls(house, CapacityLimiter(_QUICK), CapacityLimiter(_SLOW), Journal())


@dataclass(slots=True)
class Journal:
    """The least serious kind of message that a client wants in its log."""

    least: LoggingLevel = "info"

    def takes(self, level: LoggingLevel) -> bool:
        """Whether messages of this level are wanted."""
        return _LEVELS.index(level) >= _LEVELS.index(self.least)


_LEVELS: tuple[LoggingLevel, ...] = get_args(LoggingLevel)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the services, and the way back to whoever asked.

    ``session`` is the SDK's: it tells progress to clients that asked for it, and nothing to others.
    """

    desk: Desk
    session: ServerSession
    request_id: RequestId | None = None

    @property
    def house(self) -> App:
        """The services."""
        return self.desk.house

    def workspace(self, asked: str | None) -> str:
        """The workspace that was asked for, or the one that the server was started for."""
        return asked or self.house.settings.workspace

    async def ask(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a service answers to a quick question. Raises what it raises."""
        return await to_thread.run_sync(partial(do, *args, **kwargs), limiter=self.desk.quick)

    async def wait_for(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a service answers that may take long. If the call is cancelled, what was begun goes on."""
        return await to_thread.run_sync(
            partial(do, *args, **kwargs), limiter=self.desk.slow, abandon_on_cancel=True
        )

    async def progress(self, done: float, message: str) -> None:
        """Tell how far this call has come; ``done`` only grows."""
        await self.session.report_progress(done, message=message)

    async def note(self, text: str, level: LoggingLevel = "info") -> None:
        """Write a line into the client's log, in the revisions of the protocol that have one."""
        if self.session.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS and self.desk.journal.takes(level):
            message = LoggingMessageNotificationParams(level=level, logger="orcaops", data=text)
            await self.session.send_notification(
                LoggingMessageNotification(params=message), related_request_id=self.request_id
            )
