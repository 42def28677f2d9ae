"""Applying: a recommendation that OrcaOps can carry out by itself becomes an approved optimization."""

from orcaops.model.errors import OrcaError
from orcaops.model.optimization import State
from orcaops.model.override import OptimizedField
from orcaops.model.recommendation import Recommendation
from orcaops.services.optimizations import Optimizations

_FIELDS = frozenset(str(field) for field in OptimizedField)


class Applying:
    """Carries recommendations out. Nobody's specification is edited: the change is laid over jobs."""

    def __init__(self, optimizations: Optimizations) -> None:
        self._optimizations = optimizations

    def __call__(self, recommendation: Recommendation, by: str) -> str | None:
        """Approve the change that is proposed for this field of the job; a sentence, None if there is none.

        The optimizer works out its own values and steps, which may be more careful than the recommendation's.
        """
        change = recommendation.change
        if change is None or change.field not in _FIELDS:
            return None
        page = self._optimizations.optimizations(
            recommendation.workspace, state=State.PROPOSED, key=recommendation.key
        )
        proposed = [each for each in page.items if str(each.field) == change.field]
        if not proposed:
            return None
        try:
            approved = self._optimizations.approve(
                recommendation.workspace,
                proposed[0].id,
                by=by,
                reason=f"recommendation {recommendation.id} was applied",
            )
        except OrcaError:
            return None  # its field is switched off, or somebody was quicker
        return (
            f"approved as optimization {approved.id}, which tries it on a part of the runs first: "
            f"orcaops optimizations show {approved.id}"
        )
