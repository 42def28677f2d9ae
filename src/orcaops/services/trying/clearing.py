"""Clearing: a recommendation to remove an idle sandbox is carried out."""

from orcaops.model.errors import conflict
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Recommendation
from orcaops.services.sandboxes import Sandboxes


class Clearing:
    """Removes the sandbox that a recommendation names, if still nobody uses it."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._sandboxes = sandboxes

    def __call__(self, recommendation: Recommendation, by: str) -> str | None:
        """Remove it; a sentence, None where the recommendation is of something else.

        Raises ``conflict`` where it has been used since it was advised.
        """
        change = recommendation.change
        if change is None or change.field != "sandbox" or change.after is not None:
            return None
        workspace, sandbox_id = recommendation.workspace, str(change.before)
        sandbox = self._sandboxes.get(workspace, sandbox_id)
        if sandbox.state.final:
            return f"sandbox {sandbox_id} was gone already: {sandbox.reason}"
        if sandbox_id not in {each.sandbox_id for each in self._sandboxes.idle(workspace)}:
            used = "a command runs in it"
            if not sandbox.executing:
                used = f"it was used {show_duration(sandbox.idle_s or 0.0)} ago"
            raise conflict(
                f"the sandbox is not idle any more: {used}",
                where=sandbox_id,
                hint=f"Remove it nevertheless: orcaops sandbox remove {sandbox_id}",
            )
        reason = f"recommendation {recommendation.id} was applied by {by}"
        self._sandboxes.remove(workspace, sandbox_id, by=by, reason=reason)
        return f"sandbox {sandbox_id} was removed"

    def decline(self, recommendation: Recommendation, by: str, reason: str) -> None:
        """Nothing removes it by itself because of a recommendation."""
