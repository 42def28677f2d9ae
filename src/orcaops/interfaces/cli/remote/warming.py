"""What stands ready on a server, under the names of :mod:`orcaops.services.warming`."""

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.model.readiness import WarmPlan, WarmStatus


class RemoteWarming:
    """See :class:`orcaops.services.warming.Warming`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def status(self, workspace: str) -> WarmStatus:
        """What stands ready, and what it has brought."""
        return WarmStatus.from_stored(self._connection.ask("GET", "/warm", workspace=workspace).content)

    def plan(self, workspace: str) -> WarmPlan:
        """What would be held now."""
        return WarmPlan.from_stored(self._connection.ask("GET", "/warm/plan", workspace=workspace).content)
