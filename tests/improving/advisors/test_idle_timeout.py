"""Runs that were silent for long before somebody stopped them."""

from orcaops.improving.advisors.idle_timeout import IdleTimeout
from orcaops.model.run import Cause, LogSummary, Run
from orcaops.testing.advisors import a_dossier, a_run, told


def run(number: int, silence_s: float, cause: Cause = Cause.SUCCESS) -> Run:
    return a_run(number, 4000.0, cause=cause, log=LogSummary(longest_silence_s=silence_s))


def test_a_silence_that_no_healthy_run_had_is_proposed() -> None:
    runs = [run(n, 90.0) for n in range(12)]
    (found,) = told(IdleTimeout(), a_dossier([*runs, run(12, 3600.0, Cause.TIMEOUT_TOTAL), run(13, 90.0)]))
    assert found.evidence["proposed_s"] == 900.0
    assert found.evidence["hung"] == ["job-0012"]
    assert found.evidence["replayed_saving_seconds"] == 2700.0


def test_it_is_silent_where_nobody_hung() -> None:
    runs = [run(n, 90.0) for n in range(12)]
    assert not told(IdleTimeout(), a_dossier([*runs, run(12, 90.0, Cause.COMMAND_FAILED)]))
    assert not told(IdleTimeout(), a_dossier([run(0, 9e3, Cause.CANCELLED)]))
