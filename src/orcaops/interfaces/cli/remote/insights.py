"""Insights of a server, under the names of :mod:`orcaops.services.insights`."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from orcaops.interfaces.cli.remote.answers import page_of
from orcaops.interfaces.cli.remote.connection import PAGE, Connection
from orcaops.interfaces.cli.remote.paths import path_of
from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.model.query import DEFAULT_LIMIT, Page


class RemoteInsights:
    """See :class:`orcaops.services.insights.Insights`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def baselines(
        self,
        workspace: str,
        *,
        text: str = "",
        tests_of: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Baseline]:
        """Baselines, latest update first."""
        return self._connection.page(
            Baseline, "/baselines", workspace=workspace, q=text, tests_of=tests_of, limit=limit, cursor=cursor
        )

    def baseline(self, workspace: str, key: str) -> Baseline:
        """One baseline."""
        return self._connection.word(
            Baseline, "GET", f"/baselines/{quote(key, safe='')}", workspace=workspace
        )

    def each_baseline(self, workspace: str) -> Iterator[Baseline]:
        """All baselines, in the order of their keys."""
        found: dict[str, Baseline] = {}
        cursor: str | None = None
        while True:
            page = self.baselines(workspace, limit=PAGE, cursor=cursor)
            found |= {each.key: each for each in page.items}
            if (cursor := page.next_cursor) is None:
                break
        # As bytes, which is how a database orders them.
        yield from (found[key] for key in sorted(found, key=str.encode))

    def reset_baseline(self, workspace: str, key: str, *, by: str, reason: str | None = None) -> None:  # noqa: ARG002
        """Forget what is normal for a key."""
        self._connection.ask(
            "DELETE", f"/baselines/{quote(key, safe='')}", workspace=workspace, reason=reason
        )

    def anomalies(
        self,
        workspace: str,
        *,
        filters: dict[str, str] | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Anomaly]:
        """Anomalies, latest first."""
        asked = {
            "workspace": workspace,
            "q": text or None,
            "limit": limit,
            "cursor": cursor,
            **(filters or {}),
        }
        return page_of(Anomaly, self._connection.ask("GET", "/anomalies", **asked).content)

    def anomaly(self, workspace: str, anomaly_id: str) -> Anomaly:
        """One anomaly."""
        return self._connection.word(Anomaly, "GET", path_of("anomaly", anomaly_id), workspace=workspace)

    def anomalies_of(self, workspace: str, job_id: str) -> list[Anomaly]:
        """The anomalies that a run began or belongs to."""
        return list(self.anomalies(workspace, filters={"job_id": job_id}).items)

    def acknowledge(self, workspace: str, anomaly_id: str, *, by: str, note: str | None = None) -> Anomaly:  # noqa: ARG002
        """Note that somebody has seen it."""
        return self._decide(workspace, anomaly_id, "acknowledge", {"note": note})

    def resolve(
        self,
        workspace: str,
        anomaly_id: str,
        *,
        by: str,  # noqa: ARG002
        resolution: str,
        not_a_problem: bool = False,
    ) -> Anomaly:
        """Note what ended it."""
        said = {"resolution": resolution, "not_a_problem": not_a_problem}
        return self._decide(workspace, anomaly_id, "resolve", said)

    def reopen(self, workspace: str, anomaly_id: str, *, by: str, note: str | None = None) -> Anomaly:  # noqa: ARG002
        """Take it back."""
        return self._decide(workspace, anomaly_id, "reopen", {"note": note})

    def _decide(self, workspace: str, anomaly_id: str, verb: str, body: Mapping[str, object]) -> Anomaly:
        path = f"{path_of('anomaly', anomaly_id)}/{verb}"
        return self._connection.word(Anomaly, "POST", path, body=body, workspace=workspace)
