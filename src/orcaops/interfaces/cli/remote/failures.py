"""Failures of a server, under the names of :mod:`orcaops.services.failures`."""

from typing import TYPE_CHECKING

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.paths import job_path

if TYPE_CHECKING:
    from orcaops.model.debug import DebugAnalysis


class RemoteFailures:
    """See :class:`orcaops.services.failures.Failures`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def debug(self, workspace: str, job_id: str) -> "DebugAnalysis":
        """Why a run failed."""
        from orcaops.model.debug import DebugAnalysis

        answer = self._connection.ask("GET", f"{job_path(job_id)}/debug", workspace=workspace)
        return DebugAnalysis.from_stored(answer.content)
