"""``orcaops optimize`` and ``orcaops optimizations``, as people call them."""

from pathlib import Path

import pytest

from orcaops.app import build, now
from orcaops.config import load
from orcaops.model.optimization import Benefit, Optimization
from orcaops.model.override import OptimizedField

from .conftest import Command


@pytest.fixture
def proposed(orcaops: Command, tmp_path: Path) -> Command:
    """The program over a home with one proposal for a job that has run."""
    assert orcaops("run", "--name", "n", "--timeout", "10m", "--", "true").code == 0
    app = build(load())
    try:
        at = now()
        with app.store.write() as transaction:
            transaction.optimizations.put_many(
                [
                    Optimization(
                        id="o1",
                        key="name:n",
                        field=OptimizedField.TIMEOUT,
                        title="Lower the timeout from 10 min to 7 min",
                        reason="The last 30 runs needed at most 7 s.",
                        asks="the job is labelled as production",
                        own=600.0,
                        before=600.0,
                        after=420.0,
                        promised=Benefit(amount=1.5, low=1, high=2, unit="seconds of hung runs", runs=30),
                        counterfactual={"runs": 30, "would_have_been_killed": 0},
                        proposed_at=at,
                        changed_at=at,
                    )
                ]
            )
    finally:
        app.close()
    return orcaops


def test_a_change_is_listed_shown_approved_and_taken_back(proposed: Command) -> None:
    assert "Lower the timeout" in proposed("optimizations", "list").text
    assert proposed("optimizations", "list", "--state", "kept").text == ""
    shown = proposed("optimizations", "show", "o1").text
    assert "30 past runs, of which it would have killed 0" in shown
    assert "asks because  the job is labelled as production" in shown
    approved = proposed("optimizations", "approve", "o1", "--reason", "fine", "--json").document
    assert (approved["state"], approved["history"][-2]["reason"]) == ("canary", "fine")
    back = proposed("optimizations", "rollback", "o1", "--json").document
    assert (back["state"], back["quarantine_runs"]) == ("rolled_back", 20)
    refused = proposed("optimizations", "rollback", "o1")
    assert refused.code != 0
    assert "it cannot roll back" in refused.err


def test_who_runs_the_job_is_told_what_waits_where_that_is_wanted(proposed: Command) -> None:
    quiet = proposed("run", "--name", "n", "--timeout", "10m", "--", "true")
    assert "waits for your approval" not in quiet.err
    proposed("optimize", "--mode", "approve")
    told = proposed("run", "--name", "n", "--timeout", "10m", "--", "true")
    assert "waits for your approval: Lower the timeout from 10 min to 7 min" in told.err


def test_what_waits_is_told_once_and_not_after_every_run(proposed: Command) -> None:
    proposed("optimize", "--mode", "approve")
    runs = [proposed("run", "--name", "n", "--timeout", "10m", "--", "true").err for _ in range(3)]
    assert ["waits for your approval" in told for told in runs] == [True, False, False]
    assert "1 change waits for your approval" in proposed("doctor").text


def test_amounts_are_said_as_people_say_them(proposed: Command) -> None:
    shown = proposed("optimizations", "show", "o1").text
    assert "e-" not in shown.partition("promised")[2].partition("\n")[0]


def test_a_changed_run_says_so(proposed: Command) -> None:
    proposed("optimizations", "approve", "o1")
    for _ in range(4):
        assert "changed:" not in proposed("run", "--name", "n", "--timeout", "10m", "--", "true").err
    changed = proposed("run", "--name", "n", "--timeout", "10m", "--", "true")
    assert "changed: timeout 7 min instead of 10 min" in changed.err


def test_modes(orcaops: Command) -> None:
    assert {each["mode"] for each in orcaops("optimize", "--json").documents} == {"suggest"}
    chosen = orcaops("optimize", "--mode", "off", "--field", "memory", "--json").documents
    assert {each["field"] for each in chosen if each["mode"] == "off"} == {"memory"}
    assert "suggest" in orcaops("optimize").text
    assert orcaops("optimize", "--field", "memory").code == 2
    assert orcaops("optimize", "--mode", "wild").code == 2
