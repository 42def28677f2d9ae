"""Advice of a server, under the names of :mod:`orcaops.services.advice`."""

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.paths import path_of
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.recommendation import Nearly, Recommendation


class RemoteAdvice:
    """See :class:`orcaops.services.advice.Advice`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recommendations(
        self,
        workspace: str,
        *,
        state: str | None = "open",
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Recommendation]:
        """Recommendations, the most worthwhile first."""
        return self._connection.page(
            Recommendation,
            "/recommendations",
            workspace=workspace,
            state=state or "all",
            q=text,
            limit=limit,
            cursor=cursor,
        )

    def recommendation(self, workspace: str, recommendation_id: str) -> Recommendation:
        """One recommendation."""
        path = path_of("recommendation", recommendation_id)
        return self._connection.word(Recommendation, "GET", path, workspace=workspace)

    def dismiss(self, workspace: str, recommendation_id: str, *, by: str, reason: str) -> Recommendation:  # noqa: ARG002
        """Say no to it."""
        return self._decide(workspace, recommendation_id, "dismiss", {"reason": reason})

    def apply(self, workspace: str, recommendation_id: str, *, by: str) -> Recommendation:  # noqa: ARG002
        """Note that it has been applied."""
        return self._decide(workspace, recommendation_id, "apply", None)

    def try_out(self, workspace: str, recommendation_id: str, *, by: str) -> Recommendation:  # noqa: ARG002
        """Have the job run once as proposed."""
        return self._decide(workspace, recommendation_id, "try", None)

    def nearly(self, workspace: str) -> list[Nearly]:
        """Jobs that are advised soon."""
        return list(self._connection.every(Nearly, "/recommendations/nearly", workspace))

    def _decide(
        self, workspace: str, recommendation_id: str, verb: str, body: dict[str, str] | None
    ) -> Recommendation:
        path = f"{path_of('recommendation', recommendation_id)}/{verb}"
        return self._connection.word(Recommendation, "POST", path, body=body, workspace=workspace)
