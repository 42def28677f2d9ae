"""The contract of what keeps runs that are to be confirmed: see :mod:`orcaops.recording.store`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

ConfirmationState = Literal["wanted", "declined", "running", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A run that is to be run once more, and what became of it.

    ``job_id`` is the run in doubt, ``anomaly_id`` the anomaly that it began or belongs to, if it is for
    one; ``because`` says why, or why not; ``rerun_id`` is the run that was made to confirm.
    """

    workspace: str
    job_id: str
    anomaly_id: str | None
    state: ConfirmationState
    because: str
    at: datetime
    rerun_id: str | None = None


class ConfirmationRepository(Protocol):
    """Runs to be confirmed: at most one entry for each, for ever, so that none is confirmed twice."""

    def want(self, confirmation: Confirmation) -> None:
        """Note that a run is to be confirmed; one that is known stays as it is."""

    def wanted(self, since: datetime, limit: int) -> list[Confirmation]:
        """Those that wait since that time or later, oldest first."""

    def keep(self, confirmation: Confirmation) -> None:
        """Replace one."""

    def of_rerun(self, workspace: str, rerun_id: str) -> Confirmation | None:
        """What a rerun was made to confirm."""

    def of_run(self, workspace: str, job_id: str) -> Confirmation | None:
        """What is known of a run in doubt."""

    def begun_since(self, at: datetime) -> int:
        """How many reruns were submitted since then, over all workspaces."""
