"""Telling of a server, under the names of :mod:`orcaops.services.telling` and :mod:`…incidents`."""

import json
from typing import NoReturn

from orcaops.interfaces.cli.remote.answers import page_of
from orcaops.interfaces.cli.remote.connection import Connection, only_there
from orcaops.model.notice import Delivery, DeliveryState, Reached
from orcaops.model.query import DEFAULT_LIMIT, Page


class RemoteTelling:
    """See :class:`orcaops.services.telling.Telling`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def test(self, workspace: str) -> list[Reached]:
        """Let the server send a test notice through its channels."""
        answer = self._connection.ask("POST", "/notices/test", workspace=workspace)
        return list(page_of(Reached, answer.content).items)

    def deliveries(
        self,
        workspace: str,
        *,
        state: DeliveryState | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Delivery]:
        """What was or is on its way."""
        return self._connection.page(
            Delivery,
            "/notices",
            workspace=workspace,
            state=state,
            q=text,
            limit=limit,
            cursor=cursor,
        )

    def retry(self, workspace: str) -> int:
        """Let what was given up be tried again."""
        answer = self._connection.ask("POST", "/notices/retry", workspace=workspace)
        return int(json.loads(answer.content)["count"])

    def deliver(self) -> NoReturn:
        """A server does it by itself."""
        raise only_there("notify send", self._connection.url)


class RemoteIncidents:
    """See :class:`orcaops.services.absorbing.incidents.Incidents`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def automation_paused(self, workspace: str) -> str | None:
        """Why nothing automatic may happen now."""
        answer = self._connection.ask("GET", "/automation", workspace=workspace)
        reason: str | None = json.loads(answer.content)["reason"]
        return reason
