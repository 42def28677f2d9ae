"""Tests of a server, under the names of :mod:`orcaops.services.test_results`."""

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.paths import job_path
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.test_case import TestCase


class RemoteTests:
    """See :class:`orcaops.services.test_results.TestResults`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(
        self,
        workspace: str,
        job_id: str,
        *,
        status: str | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[TestCase]:
        """The tests of a run."""
        return self._connection.page(
            TestCase,
            f"{job_path(job_id)}/tests",
            workspace=workspace,
            status=status,
            q=text,
            limit=limit,
            cursor=cursor,
        )
