"""Incidents: while many unrelated jobs fail together, nothing happens by itself.

Whatever acts without being asked (retries, confirming reruns, canaries, holding things ready) asks here
first: during an incident it would load what is broken, and learn from what has nothing to do with the job.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from orcaops.model.anomaly import Anomaly
from orcaops.model.check import Check
from orcaops.recording.store import Store, Transaction

_FORGOTTEN = timedelta(hours=2)


class Incidents:
    """Whether automation is paused, and why."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def automation_paused(self, workspace: str) -> str | None:
        """Why nothing automatic may happen in a workspace now; None if it may.

        An incident pauses from its detection until it closes by itself, somebody resolves it, or nothing has
        failed for two hours: where nothing runs at all, nothing closes it.
        """
        with self._store.read() as transaction:
            return self.paused_in(transaction, workspace)

    def paused_in(self, transaction: Transaction, workspace: str) -> str | None:
        """The same within a transaction."""
        incident = self._lasting(transaction, workspace)
        if incident is None:
            return None
        return (
            f"{incident.title} (since {incident.detected_at:%Y-%m-%d %H:%M} UTC, {incident.id}):"
            " everything automatic pauses until it is over or resolved"
        )

    def checks(self) -> Iterator[Check]:
        """For ``doctor``: each workspace in which automation is paused."""
        paused = self.paused()
        for workspace, (incident_id, reason) in paused.items():
            yield Check(
                name="automation",
                state="warning",
                sentence=f"paused in workspace {workspace}: {reason}",
                hint=f"`orcaops anomalies resolve {incident_id} --resolution '…'` ends the pause.",
            )
        if not paused:
            yield Check(name="automation", state="ok", sentence="no incident pauses it")

    def paused(self) -> dict[str, tuple[str, str]]:
        """The workspaces in which automation is paused, each with the incident's id and the reason."""
        found = {}
        with self._store.read() as transaction:
            for workspace in transaction.runs.workspaces():
                incident = self._lasting(transaction, workspace)
                if incident is not None:
                    found[workspace] = (incident.id, self.paused_in(transaction, workspace) or "")
        return found

    def _lasting(self, transaction: Transaction, workspace: str) -> Anomaly | None:
        now = self._clock()
        wanted = {"type": "incident", "open": "true", "resolved": "false"}
        for incident in transaction.anomalies.page(workspace, filters=wanted, limit=5).items:
            if now - (incident.last_seen_at or incident.detected_at) <= _FORGOTTEN:
                return incident
        return None
