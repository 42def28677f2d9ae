"""What is made of findings: one answer of bounded length."""

from orcaops.model.anomaly import Anomaly
from orcaops.model.debug import PastFailure
from orcaops.model.run import Context, Status
from orcaops.services.explaining.debugging import MOST_BYTES, explain

from .conftest import AT, findings, run_of


def test_the_same_commit_that_passed_is_a_hint_of_flakiness() -> None:
    passed = run_of("before", status=Status.SUCCEEDED, context=Context(commit="c1"))
    again = run_of(context=Context(commit="c1"))
    analysis = explain(findings(again, ("ERROR: odd",), last_success=passed))
    assert analysis.flaky == "the same commit passed in before, and no known circumstance has changed"


def test_the_answer_stays_short_and_keeps_the_decisive_line() -> None:
    lines = ("ModuleNotFoundError: No module named 'yaml'", *(f'ERROR {n} \\\\"é' * 60 for n in range(30)))
    past = [
        PastFailure(job_id=f"past-{n}", submitted_at=AT, text="é" * 200, same=True, ended_by="x")
        for n in range(20)
    ]
    analysis = explain(findings(run_of(), lines, past=past))
    assert len(analysis.model_dump_json().encode()) <= MOST_BYTES
    assert analysis.likely_causes[0].quotes[0].text == lines[0]
    assert analysis.suggested_fixes
    assert analysis.next_steps


def test_an_incident_is_told_once() -> None:
    def seen(kind: str, title: str) -> Anomaly:
        return Anomaly(
            id=kind,
            job_id="now",
            type=kind,
            severity="warning",
            title=title,
            description="",
            detected_at=AT,
            detector=kind,
            key="k",
            workspace="default",
        )

    anomalies = [seen("incident", "Incident: 9 jobs fail together"), seen("duration", "Took 3 × as long")]
    analysis = explain(findings(run_of(), ("ERROR: odd",), anomalies=anomalies))
    assert analysis.incident == "Incident: 9 jobs fail together"
    assert analysis.unusual == ("Took 3 × as long",)
