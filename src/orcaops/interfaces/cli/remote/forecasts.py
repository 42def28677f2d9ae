"""Forecasts of a server, under the names of :mod:`orcaops.services.forecasts`."""

from datetime import datetime

from orcaops.interfaces.cli.remote.connection import Connection, only_there
from orcaops.model.forecast import Forecast
from orcaops.model.prediction import Abstained


class RemoteForecasts:
    """See :class:`orcaops.services.forecasts.Forecasts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def forecast(
        self, workspace: str, *, hours: int = 48, at: datetime | None = None, q: str = ""
    ) -> Forecast | Abstained:
        """The hours ahead."""
        if at is not None:
            raise only_there("forecast --at", self._connection.url)
        answer = self._connection.ask("GET", "/forecast", workspace=workspace, hours=hours, q=q)
        word = Abstained if "abstention" in answer.json() else Forecast
        return word.from_stored(answer.content)
