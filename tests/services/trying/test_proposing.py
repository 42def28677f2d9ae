"""What is proposed of a job, on real local processes."""

from collections.abc import Iterator

import pytest

from orcaops.app import App
from orcaops.improving.proposals import Past, Proposal
from orcaops.model.job import JobSpec
from orcaops.model.optimization import Benefit, Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.services.trying import proposing

QUICK = JobSpec(command=("true",), name="quick", timeout=30.0)


def worth_it(past: Past) -> Iterator[Proposal]:
    yield Proposal(
        field=OptimizedField.TIMEOUT,
        own=30.0,
        before=30.0,
        after=20.0,
        target=20.0,
        title="Lower the timeout from 30 s to 20 s",
        reason=f"The last {len(past.runs)} runs took far less.",
        promised=Benefit(amount=1.0, low=0.5, high=1.5, unit="s", runs=len(past.runs)),
        counterfactual={"runs": len(past.runs)},
        work=past.work,
    )


def proposed(app: App) -> Optimization:
    (only,) = app.optimizations.optimizations("default").items
    return only


@pytest.mark.parametrize("state", [State.SUPERSEDED, State.ROLLED_BACK])
def test_what_ended_is_proposed_anew_while_it_is_worth_it(
    app: App, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    monkeypatch.setattr(proposing, "propose", worth_it)
    for _ in range(5):
        app.jobs.run(QUICK)
    first = proposed(app)
    assert (first.state, first.round, first.reason) == (State.PROPOSED, 1, "The last 5 runs took far less.")
    with app.store.write() as transaction:
        transaction.optimizations.put_many([first.changed(state=state)])
    for _ in range(5):
        app.jobs.run(QUICK)
    again = proposed(app)
    assert (again.state, again.round, again.id) == (State.PROPOSED, 2, first.id)
    assert again.reason == "The last 10 runs took far less."
    assert again.proposed_at > first.proposed_at
    assert again.history[-1].event == "propose"


def test_a_proposal_rests_on_the_runs_of_what_is_run_now(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "propose", worth_it)
    for _ in range(12):
        app.jobs.run(QUICK)
    for _ in range(3):
        app.jobs.run(QUICK.model_copy(update={"command": ("echo", "another")}))
    found = proposed(app)
    assert found.reason == "The last 3 runs took far less."
    assert found.work == "image:host|command:echo another"
