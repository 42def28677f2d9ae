"""Policy: what may start by itself, what has to be asked, and what has to wait. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from orcaops.improving.optimizations import rest_left
from orcaops.improving.proposals import Proposal
from orcaops.model.decision import Decision
from orcaops.model.optimization import FieldMode, Mode, Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.model.run import Run

FEWEST_RUNS = 20
"""A job with fewer runs than this is asked about."""

SIGNIFICANT = 0.5
"""A limit below this share of what the job asks for itself is asked about."""

MODE_SUBJECT = "optimization_mode"
"""The subject of decisions about modes; the subject's id is the field."""

_PRODUCTION = frozenset(("prod", "production"))


def asks(proposal: Proposal, runs: Sequence[Run]) -> str | None:
    """Why a person has to approve the change; None if it is safe enough to start by itself."""
    if len(runs) < FEWEST_RUNS:
        return f"the job has {len(runs)} runs; {FEWEST_RUNS} are needed to go on without asking"
    if runs and is_production(runs[0]):
        return "the job is labelled as production"
    if proposal.field in (OptimizedField.PULL_POLICY, OptimizedField.RETRIES):
        return "it changes what is run, or how often"
    if proposal.own is None:
        return f"the job sets no {proposal.field}"
    own, after = proposal.own, proposal.after
    if not isinstance(own, int | float) or not isinstance(after, int | float):
        return "it is not a number"
    if after > own:
        return "it is more than the job asks for"
    if after < SIGNIFICANT * own:
        return f"it is less than half of the {proposal.field} that the job asks for"
    return None


def is_production(run: Run) -> bool:
    """Whether a label says so: ``prod`` or ``production``, as a name or a value."""
    return any(
        name.lower() in _PRODUCTION or value.lower() in _PRODUCTION for name, value in run.labels.items()
    )


def starts_by_itself(mode: Mode, why_asked: str | None) -> bool:
    """Whether a proposal needs nobody's approval."""
    return mode is Mode.AUTO and why_asked is None


def obstacle(optimization: Optimization, others: Iterable[Optimization]) -> str | None:
    """Why an approved change cannot start now; None if it can: one change of a job is tried at a time."""
    for other in others:
        if other.id == optimization.id:
            continue
        if other.state.trying or other.state is State.PAUSED or other.measuring:
            return f"{other.field} is being tried"
        if (left := rest_left(other)) > 0:
            return f"a change of {other.field} was taken back; {left} runs of rest are left"
    return None


def modes_of(workspace: str, decisions: Mapping[OptimizedField, Sequence[Decision]]) -> tuple[FieldMode, ...]:
    """The mode of every field: as decided last, else ``suggest``."""
    found = []
    for field in OptimizedField:
        last = decisions[field][-1] if decisions.get(field) else None
        if last is None:
            found.append(FieldMode(workspace=workspace, field=field))
        else:
            mode = Mode(last.details.get("after", Mode.SUGGEST))
            found.append(FieldMode(workspace=workspace, field=field, mode=mode, by=last.by, at=last.at))
    return tuple(found)
