"""Failures of a server, under the names of :mod:`orcaops.services.failures`."""

from typing import TYPE_CHECKING

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.paths import job_path

if TYPE_CHECKING:
    from orcaops.model.debug import DebugAnalysis, Prompt
    from orcaops.model.remedy import Action, RemedyTaken


class RemoteFailures:
    """See :class:`orcaops.services.failures.Failures`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def debug(self, workspace: str, job_id: str, *, ai: bool = False) -> "DebugAnalysis":
        """Why a run failed."""
        from orcaops.model.debug import DebugAnalysis

        return self._connection.word(
            DebugAnalysis, "GET", f"{job_path(job_id)}/debug", workspace=workspace, ai="true" if ai else None
        )

    def prompt(self, workspace: str, job_id: str) -> "Prompt":
        """What a language model would be sent."""
        from orcaops.model.debug import Prompt

        return self._connection.word(Prompt, "GET", f"{job_path(job_id)}/debug/prompt", workspace=workspace)


class RemoteRemediation:
    """See :class:`orcaops.services.remediation.Remediation`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fix(
        self,
        workspace: str,
        job_id: str,
        action: "Action | None" = None,
        *,
        by: str,  # noqa: ARG002 - the server knows who asks
    ) -> "RemedyTaken":
        """Take a proposed action."""
        from orcaops.model.remedy import RemedyTaken

        body = {} if action is None else {"action": action}
        return self._connection.word(
            RemedyTaken, "POST", f"{job_path(job_id)}/debug/fix", workspace=workspace, body=body
        )
