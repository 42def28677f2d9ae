"""What stands ready on a server, under the names of :mod:`orcaops.services.warming`."""

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.model.readiness import WarmPlan, WarmStatus


class RemoteWarming:
    """See :class:`orcaops.services.warming.Warming`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def status(self, workspace: str) -> WarmStatus:
        """What stands ready, and what it has brought."""
        return self._connection.word(WarmStatus, "GET", "/warm", workspace=workspace)

    def plan(self, workspace: str) -> WarmPlan:
        """What would be held now."""
        return self._connection.word(WarmPlan, "GET", "/warm/plan", workspace=workspace)
