"""What was decided, laid over what is found."""

from datetime import UTC, datetime, timedelta
from typing import Any

from orcaops.improving.decided import once_each, trials_of, tried, with_decisions
from orcaops.model.baseline import Baseline
from orcaops.model.decision import Decision
from orcaops.model.recommendation import Change, Priority, Recommendation, Saving
from orcaops.model.run import Cause, Phase, PhaseName, Run, Status
from orcaops.testing.advisors import a_run

AT = datetime(2026, 1, 1, tzinfo=UTC)


def found(score: float = 10.0, before: int = 4, after: int = 1, **fields: Any) -> Recommendation:
    made = {
        "id": "r1",
        "type": "cost",
        "priority": Priority.LOW,
        "title": "Less",
        "description": "It is too much.",
        "impact": "Saves some.",
        "action": "--memory 1",
        "created_at": AT,
        "key": "name:a",
        "advisor": "made_up",
        "field": "memory",
        "score": score,
        "change": Change(field="memory", before=before, after=after),
    }
    return Recommendation.model_validate(made | fields)


def decided(verb: str, about: Recommendation, number: int = 1, **details: str) -> Decision:
    return Decision(
        id=f"d{number}",
        subject="recommendation",
        subject_id=about.id,
        verb=verb,
        by="somebody",
        at=AT,
        reason="a reason",
        details={"recommendation": about.model_dump(mode="json"), **details},
    )


def test_dismissed_until_the_score_has_doubled() -> None:
    then = found(10.0)
    for score, state in ((10.0, "dismissed"), (19.9, "dismissed"), (20.0, "open"), (1.0, "dismissed")):
        (shown,) = with_decisions([found(score)], [decided("dismiss", then)])
        assert shown.state == state
        assert "a reason" in (shown.remark or "")


def test_what_saves_next_to_nothing_does_not_come_back_for_twice_that() -> None:
    for then, now, state in (
        (0.0, 1e-6, "dismissed"),
        (0.01, 0.4, "dismissed"),
        (0.0, 1.0, "open"),
        (0.01, 1.5, "open"),
    ):
        assert with_decisions([found(now)], [decided("dismiss", found(then))])[0].state == state


def test_more_runs_within_a_day_are_no_busier_job() -> None:
    then = found(10.0, frequency=70.0)
    for hours, state in ((3, "dismissed"), (25, "open")):
        busier = found(30.0, frequency=210.0, created_at=AT + timedelta(hours=hours))
        assert with_decisions([busier], [decided("dismiss", then)])[0].state == state
    saves_more = found(60.0, frequency=210.0, created_at=AT + timedelta(hours=3))
    assert with_decisions([saves_more], [decided("dismiss", then)])[0].state == "open"


def test_dismissed_again_it_waits_for_twice_as_much_again() -> None:
    decisions = [decided("dismiss", found(10.0)), decided("dismiss", found(20.0), 2)]
    assert with_decisions([found(30.0)], decisions)[0].state == "dismissed"
    assert with_decisions([found(40.0)], decisions)[0].state == "open"


def test_what_is_decided_stays_when_nothing_is_found_any_more() -> None:
    (applied,) = with_decisions([], [decided("apply", found())])
    assert (applied.state, applied.score, applied.remark) == ("applied", 10.0, "a reason")
    (dismissed,) = with_decisions([], [decided("apply", found()), decided("dismiss", found(), 2)])
    assert dismissed.state == "dismissed"


def test_the_next_step_is_another_one() -> None:
    taken = [decided("apply", found(before=4, after=2))]
    assert [each.state for each in with_decisions([found(before=4, after=2)], taken)] == ["applied"]
    again, kept = with_decisions([found(before=2, after=1)], taken)
    assert (again.state, kept.state, kept.id) == ("open", "applied", "r1")
    third = with_decisions([found(before=1, after=0)], [*taken, decided("apply", again, 2)])
    assert len({each.id for each in third}) == 3


def test_a_decision_without_the_recommendation_still_holds() -> None:
    old = decided("dismiss", found()).model_copy(update={"details": {}})
    assert with_decisions([found(1e9)], [old])[0].state == "dismissed"
    assert with_decisions([], [old]) == []


def usually(seconds: float | None, longest_s: float | None = None) -> Baseline:
    return Baseline(
        key="name:a", sample_count=20, duration_p50=seconds, duration_p95=longest_s, last_updated=AT
    )


def outcome(
    *runs: Run, usual_s: float | None = 60.0, longest_s: float | None = None, **fields: Any
) -> Recommendation:
    decisions = [decided("try", found(), n, job_id=run.job_id) for n, run in enumerate(runs)]
    usual = usually(usual_s, longest_s)
    known = {run.job_id: run for run in runs}
    shown = tried(found(**fields), trials_of(decisions, "r1"), known, usual)
    assert shown.evidence["trial_job_ids"] == [run.job_id for run in runs]
    return shown


def trial(*runs: Run, **fields: Any) -> str:
    shown = outcome(*runs, **fields)
    assert shown.trial is not None
    return shown.trial.state


def test_one_trial_is_not_refuted_by_chance_nor_by_less_than_what_is_saved() -> None:
    saving = Saving(
        unit="seconds",
        per_run=10.0,
        low=9.0,
        high=11.0,
        runs_per_day=1,
        per_day=10,
        per_day_low=9,
        per_day_high=11,
    )
    assert trial(a_run(1, 0.2), usual_s=0.1) == "refuted"
    assert trial(a_run(1, 0.2), usual_s=0.1, longest_s=0.25) == "confirmed"
    assert trial(a_run(1, 0.2), usual_s=0.1, saving=saving) == "confirmed"
    assert trial(a_run(1, 90.0), saving=saving) == "refuted"


def test_what_was_refuted_is_worth_nothing_and_stays_dismissed() -> None:
    shown = outcome(a_run(1, 90.0), priority=Priority.HIGH, impact_score=3.0)
    assert (shown.score, shown.impact_score, shown.priority) == (0.0, 0.0, Priority.LOW)
    assert "refuted: with the change" in (shown.remark or "")
    assert with_decisions([shown], [decided("dismiss", shown)])[0].state == "dismissed"
    praised = outcome(a_run(1, 50.0))
    assert (praised.score, praised.remark) == (10.0, None)


def test_a_trial_tells_how_large_the_image_is_and_how_long_it_took_to_come() -> None:
    pulled = {PhaseName.PULL: Phase(started_at=AT, duration_s=1.5)}
    run = a_run(1, 50.0, image="slim", image_size_bytes=50 * 1024**2, phases=pulled)
    told = outcome(run, change=Change(field="image", before="large", after="slim")).trial
    assert told is not None
    assert told.sentence.startswith("on slim (50.0 MiB, pulled in 1.50 s) it succeeded in 50.0 s")
    plain = outcome(run).trial
    assert plain is not None
    assert plain.sentence.startswith("with the change it succeeded in 50.0 s")


def test_a_trial_is_confirmed_refuted_or_still_running() -> None:
    assert trial(a_run(1, 50.0)) == "confirmed"
    assert trial(a_run(1, 90.0)) == "refuted"
    assert trial(a_run(1, 90.0), usual_s=None) == "confirmed"
    assert trial(a_run(1, 1.0, cause=Cause.COMMAND_FAILED, exit_code=1)) == "refuted"
    assert trial(a_run(1).changed(status=Status.RUNNING)) == "running"
    assert tried(found(), [], {}, usually(60.0)) == found()
    gone = tried(found(), ["gone"], {}, usually(60.0)).trial
    assert gone is not None
    assert gone.state == "untried"


def test_the_same_change_is_proposed_once() -> None:
    slim, slow = found(1.0, id="r2", advisor="slim"), found(5.0, id="r3", advisor="slow")
    assert once_each([slim, slow, found(2.0, after=3)]) == [slow, found(2.0, after=3)]
