"""What may have made a run fail, likeliest first."""

from orcaops.learning.failures.classification import Classification
from orcaops.learning.failures.traces.trace import Event
from orcaops.model.run import Cause, Status
from orcaops.services.explaining.debugging import explain

from .conftest import findings, run_of


def test_the_engines_own_failures_are_infrastructure() -> None:
    lost = run_of(status=Status.LOST, cause=Cause.ENGINE_LOST, exit_code=None, message="the engine went away")
    analysis = explain(findings(lost, classification=Classification(0.98)))
    assert analysis.likely_causes[0].category == "infrastructure"
    assert "orcaops jobs rerun now" in analysis.next_steps


def test_a_silent_crash_is_told_by_its_exit_code() -> None:
    cause = explain(findings(run_of(exit_code=139))).likely_causes[0]
    assert "segmentation fault" in cause.title
    assert "exit code 139" in cause.why


def test_a_line_is_explained_once_by_the_pattern_that_takes_most_of_it() -> None:
    analysis = explain(findings(run_of(), ("FAIL: test_total (app.tests.Cart.test_total)", "other line")))
    assert [cause.pattern_id for cause in analysis.likely_causes] == ["python.unittest-failed"]
    assert "python -m unittest app.tests.Cart.test_total" in analysis.suggested_fixes[0].action


def test_a_silent_crash_is_told_by_the_signal_that_ended_it() -> None:
    for lines in ((), ("start",)):
        cause = explain(findings(run_of(exit_code=None, signal=11), lines)).likely_causes[0]
        assert "segmentation fault" in cause.title
        assert "signal 11" in cause.why
        assert [quote.text for quote in cause.quotes] == list(lines)


def test_a_harmless_line_is_no_second_cause_beside_the_engines_word() -> None:
    waiting = run_of(status=Status.TIMED_OUT, cause=Cause.TIMEOUT_TOTAL)
    causes = explain(findings(waiting, ("waiting for db",))).likely_causes
    assert [cause.category for cause in causes] == ["timeout"]
    assert causes[0].quotes[0].text == "waiting for db"


def test_a_known_failure_says_where_it_was_raised() -> None:
    event = Event("python", 0, 1, 1, exception="KeyError", frame="app.py:load")
    cause = explain(findings(run_of(), ("KeyError: 'port'",), events=[event])).likely_causes[0]
    assert cause.pattern_id == "python.exception"
    assert cause.description.endswith("Raised in app.py:load.")
