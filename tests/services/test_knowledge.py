"""Knowledge: what is known is looked up, taught, proposed and carried elsewhere; solutions are counted."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import re2

from orcaops.app import App
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.pattern import PatternTaught, ProposalEdited
from orcaops.model.run import Run, Status
from orcaops.model.solution import SolutionTaught


def test_patterns_come_in_pages(app: App) -> None:
    first = app.knowledge.patterns("default", limit=100)
    assert first.total is not None
    assert first.total >= 250
    ids, page = [one.id for one in first.items], first
    while page.next_cursor is not None:
        page = app.knowledge.patterns("default", limit=100, cursor=page.next_cursor)
        ids += [one.id for one in page.items]
    assert ids == sorted(set(ids))
    assert len(ids) == first.total


def test_patterns_are_searched_by_a_part_of_their_words(app: App) -> None:
    found = app.knowledge.patterns("default", text="MODULE-not").items
    assert "python.module-not-found" in {one.id for one in found}
    assert app.knowledge.patterns("default", text="no such thing anywhere").items == ()


def test_a_cursor_of_no_page_is_not_found(app: App) -> None:
    with pytest.raises(OrcaError) as caught:
        app.knowledge.patterns("default", cursor="nonsense")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_one_pattern(app: App) -> None:
    assert app.knowledge.pattern("default", "disk.full").infrastructure
    with pytest.raises(OrcaError) as caught:
        app.knowledge.pattern("default", "no.such")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_matches_are_filled_and_placed(app: App) -> None:
    log = b"starting\n\x1b[31mModuleNotFoundError: No module named 'requests'\x1b[0m\nfailed\n"
    (match,) = app.knowledge.match("default", [log[:20], log[20:]])
    assert match.pattern_id == "python.module-not-found"
    assert match.solutions[0] == "Install missing module: pip install requests"
    assert match.line.offset == len(b"starting\n")
    assert match.line.text == "ModuleNotFoundError: No module named 'requests'"


def test_an_empty_text_matches_nothing(app: App) -> None:
    assert app.knowledge.match("default", []) == ()


def lease_lost(app: App, number: int, *, say: str = "worker {n} dropped its lease on db-{n}, error 7") -> Run:
    line = say.format(n=number)
    return app.jobs.run(
        JobSpec(shell=f"echo '{line}' >&2; exit 3", name="w", commit=f"c{number}", executor="process")
    )


def passed(app: App, line: str = "fine", **more: object) -> Run:
    return app.jobs.run(
        JobSpec.model_validate({"shell": f"echo '{line}'", "name": "w", "executor": "process"} | more)
    )


LEASE = PatternTaught(
    pattern=r"worker (\d+) dropped its lease",
    title="Worker {1} dropped its lease",
    examples=("worker 4 dropped its lease",),
    solutions=("Try it again",),
    category="database",
    id="acme.lease",
)


def test_a_taught_pattern_explains_what_failed_before_and_after(app: App) -> None:
    first = lease_lost(app, 1)
    assert app.knowledge.coverage("default").explained == 0
    seen: list[tuple[int, int]] = []
    made = app.knowledge.teach("default", LEASE, by="me", progress=lambda done, of: seen.append((done, of)))
    assert (made.occurrences, made.source) == (1, "taught")
    assert seen == [(1, 1), (1, 1)]  # its log, then what is kept of it
    second = lease_lost(app, 2)
    covered = app.knowledge.coverage("default")
    assert (covered.failures, covered.explained, covered.share) == (2, 2, 1.0)
    assert covered.by_pattern == {"acme.lease": 2}
    analysis = app.failures.debug("default", second.job_id)
    assert analysis.likely_causes[0].pattern_id == "acme.lease"
    assert analysis.likely_causes[0].title == "Worker 2 dropped its lease"
    (same,) = app.knowledge.similar("default", second.job_id)
    assert (same.job_id, same.same) == (first.job_id, True), "teaching changes no signature"
    with pytest.raises(OrcaError):
        app.knowledge.pattern("other", "acme.lease")
    app.knowledge.forget("default", "acme.lease", by="me")
    assert app.knowledge.coverage("default").explained == 0


def test_relearning_gives_the_same_diagnoses_with_what_was_taught_since(app: App) -> None:
    lease_lost(app, 1)
    passed(app)
    lease_lost(app, 2)
    app.knowledge.teach("default", LEASE, by="me")
    lease_lost(app, 3)
    passed(app)
    live = opinions(app)
    app.upkeep.relearn()
    assert opinions(app) == live
    assert len(live) >= 6


def opinions(app: App) -> list[str]:
    with app.store.read() as transaction:
        return [
            *(one.model_dump_json() for one in transaction.diagnoses.each()),
            *(one.model_dump_json() for one in transaction.diagnoses.each_trial()),
            *(one.model_dump_json() for one in transaction.anomalies.each()),
            *(repr(key) + memory.hex() for key, memory in transaction.memories.each()),
        ]


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"pattern": "lease ("}, ErrorCode.INVALID, "pattern"),
        ({"pattern": ".*"}, ErrorCode.CONFLICT, "ordinary"),
        ({"pattern": "x*"}, ErrorCode.CONFLICT, "ordinary"),
        ({"pattern": r"(?=lease)lease"}, ErrorCode.INVALID, "RE2"),
        ({"pattern": "(((lease){1,99}){1,9}x){1,99}"}, ErrorCode.INVALID, ""),
        ({"title": "Lease {9} was lost"}, ErrorCode.CONFLICT, "{9} stands for nothing"),
        ({"solutions": ("Take lease {9} again",)}, ErrorCode.CONFLICT, "{9} stands for nothing"),
        ({"examples": ("something else",)}, ErrorCode.CONFLICT, "example"),
        ({"counter_examples": ("worker 9 dropped its lease",)}, ErrorCode.CONFLICT, "counter-example"),
        (
            {"pattern": "(AKIAIOSFODNN7EXAMPLE) lease", "examples": ("AKIAIOSFODNN7EXAMPLE lease",)},
            ErrorCode.INVALID,
            "secret",
        ),
    ],
)
def test_what_cannot_be_taught_is_told_why(
    app: App, changes: dict[str, object], code: ErrorCode, where: str
) -> None:
    with pytest.raises(OrcaError) as caught:
        app.knowledge.teach("default", LEASE.model_copy(update=changes), by="me")
    assert caught.value.code is code
    assert where in str(caught.value)
    assert app.knowledge.export("default").patterns == ()


def test_a_shipped_pattern_is_not_replaced(app: App) -> None:
    with pytest.raises(OrcaError) as caught:
        app.knowledge.teach("default", LEASE.model_copy(update={"id": "disk.full"}), by="me")
    assert caught.value.code is ErrorCode.CONFLICT


def test_secrets_in_examples_are_masked(app: App) -> None:
    secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    taught = LEASE.model_copy(
        update={"pattern": r"lease of (\S+) is gone", "examples": (f"lease of {secret} is gone",)}
    )
    made = app.knowledge.teach("default", taught, by="me")
    assert secret not in made.model_dump_json()


def test_what_recurs_unexplained_is_proposed_edited_and_accepted(app: App) -> None:
    for number in range(1, 3):
        lease_lost(app, number)
    assert app.knowledge.proposals("default") == (), "two are no group yet"
    lease_lost(app, 3)
    (proposal,) = app.knowledge.proposals("default")
    assert proposal.pattern is not None
    assert (proposal.occurrences, proposal.circumstances) == (3, 3)
    assert re2.search(proposal.pattern, "worker 99 dropped its lease on db-99, error 7")
    edited = app.knowledge.edit(
        "default", proposal.id, ProposalEdited(title="The lease is gone", category="database"), by="me"
    )
    assert (edited.title, edited.edited, edited.pattern) == ("The lease is gone", True, proposal.pattern)
    with pytest.raises(OrcaError):
        app.knowledge.edit("default", proposal.id, ProposalEdited(pattern="("), by="me")
    with pytest.raises(OrcaError, match="stands for nothing"):
        app.knowledge.edit("default", proposal.id, ProposalEdited(solutions=("restart {8}",)), by="me")
    made = app.knowledge.accept("default", proposal.id, by="me")
    assert (made.title, made.source, made.occurrences) == ("The lease is gone", "learned", 3)
    assert app.knowledge.proposals("default") == ()
    with pytest.raises(OrcaError) as caught:
        app.knowledge.accept("default", proposal.id, by="me")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_what_passing_runs_print_too_is_no_pattern(app: App) -> None:
    passed(app, "worker 5 dropped its lease on db-5, error: 7")
    for number in range(1, 4):
        lease_lost(app, number, say="worker {n} dropped its lease on db-{n}, error: 7")
    (proposal,) = app.knowledge.proposals("default")
    assert proposal.pattern is None
    assert "passing" in proposal.why
    with pytest.raises(OrcaError, match="no expression"):
        app.knowledge.accept("default", proposal.id, by="me")


def test_a_dismissed_proposal_is_not_made_again(app: App) -> None:
    for number in range(1, 4):
        lease_lost(app, number)
    (proposal,) = app.knowledge.proposals("default")
    with pytest.raises(OrcaError):
        app.knowledge.dismiss("default", proposal.id, by="me", reason=" ")
    app.knowledge.dismiss("default", proposal.id, by="me", reason="we do that on purpose")
    lease_lost(app, 4)
    assert app.knowledge.proposals("default") == ()


def test_a_pattern_that_passing_runs_show_loses_rank(app: App) -> None:
    app.knowledge.teach("default", LEASE.model_copy(update={"pattern": "dropped (its) lease"}), by="me")
    run = lease_lost(app, 1)
    before = app.failures.debug("default", run.job_id).likely_causes[0]
    for number in range(3):
        passed(app, f"{'x' * number} dropped its lease, error: none")
    after = app.failures.debug("default", run.job_id).likely_causes[0]
    assert after.confidence < before.confidence
    assert "passing runs show it too" in after.why
    assert app.knowledge.coverage("default").firing_on_passing == {"acme.lease": 3}
    assert app.knowledge.pattern("default", "acme.lease").passing_hits == 3


def test_a_passing_run_may_show_it_in_a_line_that_sounds_like_no_error(app: App) -> None:
    passed(app, "worker 1 dropped its lease")
    app.knowledge.teach("default", LEASE.model_copy(update={"pattern": "dropped (its) lease"}), by="me")
    lease_lost(app, 1)
    passed(app, "worker 2 dropped its lease")
    passed(app, "all is well")
    assert app.knowledge.coverage("default").firing_on_passing == {"acme.lease": 1}


def test_a_pattern_that_has_been_silent_for_long_is_stale(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.knowledge.teach("default", LEASE, by="me")
    lease_lost(app, 1)
    assert app.knowledge.coverage("default").stale == ()
    growth = app.knowledge.growth
    monkeypatch.setattr(growth, "_clock", lambda: datetime.now(UTC) + timedelta(days=200))
    assert app.knowledge.coverage("default").stale == ("acme.lease",)
    assert app.knowledge.pattern("default", "acme.lease").stale


def test_what_was_taught_is_carried_to_another_house(
    app: App, open_app: Callable[..., App], tmp_path: Path
) -> None:
    app.knowledge.teach("default", LEASE, by="me")
    app.knowledge.teach_solution(
        "default", SolutionTaught(text="Empty /var", pattern_id="disk.full"), by="me"
    )
    document = app.knowledge.export("default")
    other = open_app(tmp_path / "other")
    done = other.knowledge.import_("default", document, by="you")
    assert (done.patterns, done.solutions, done.problems) == (1, 1, ())
    again = other.knowledge.import_("default", document, by="you")
    assert (again.patterns, again.solutions, again.known) == (0, 0, 2)
    assert other.knowledge.export("default") == document
    other.upkeep.relearn()
    assert other.knowledge.export("default") == document
    bad = document.model_copy(
        update={"patterns": (document.patterns[0].model_copy(update={"id": "a.b", "pattern": "("}),)}
    )
    assert len(other.knowledge.import_("default", bad, by="you").problems) == 1


def test_feedback_counts_and_the_last_word_of_one_person_does(app: App) -> None:
    app.knowledge.teach("default", LEASE.model_copy(update={"solutions": ("Ask them",)}), by="me")
    run = lease_lost(app, 1)
    fix = next(one for one in app.failures.debug("default", run.job_id).suggested_fixes if one.solution_id)
    assert fix.solution_id is not None
    for helped in (True, False, True):
        seen = app.knowledge.feedback(
            "default", fix.solution_id, helped=helped, by="me", job_id=run.job_id, note="so"
        )
    assert (seen.n, seen.helped) == (1, 1)
    other = app.knowledge.feedback("default", fix.solution_id, helped=False, by="you", job_id=run.job_id)
    assert (other.n, other.helped) == (2, 1)
    (shown,) = app.knowledge.solutions("default", "acme.lease")
    assert (shown.effect.n, shown.effect.helped) == (2, 1)
    for unknown in ("nothing", "a" * 20):
        with pytest.raises(OrcaError) as caught:
            app.knowledge.feedback("default", unknown, helped=True, by="me")
        assert caught.value.code is ErrorCode.NOT_FOUND


def test_what_was_changed_before_it_passed_is_suggested_with_counts(app: App) -> None:
    for number in range(3):
        failing = JobSpec(
            command=("sh", "-c", "test -n \"$READY\" || { echo 'FATAL: not ready' >&2; exit 4; }"), name="r"
        )
        run = app.jobs.run(failing)
        app.jobs.run(failing.model_copy(update={"env": {"READY": str(number)}}))
    run = app.jobs.run(failing)
    analysis = app.failures.debug("default", run.job_id)
    first = analysis.suggested_fixes[0]
    assert first.action == "Set the environment variable READY"
    assert first.effect is not None
    assert (first.effect.n, first.effect.helped) == (3, 3)
    assert "ended this in 3 of 3 cases" in first.why
    assert [one.what for one in analysis.similar_past_failures[0].changed] == ["environment variable READY"]
    assert first.solution_id is not None
    said = app.knowledge.feedback("default", first.solution_id, helped=True, by="me", job_id=run.job_id)
    assert said.n == 1


def test_advice_for_a_signature_is_shown_with_the_next_such_failure(app: App) -> None:
    run = lease_lost(app, 1)
    signature = app.failures.debug("default", run.job_id).signature
    app.knowledge.teach_solution(
        "default", SolutionTaught(text="Ask the database people", signature=signature), by="me"
    )
    again = app.failures.debug("default", lease_lost(app, 2).job_id)
    assert "Ask the database people" in [fix.action for fix in again.suggested_fixes]
    with pytest.raises(OrcaError):
        app.knowledge.teach_solution("default", SolutionTaught(text="x", signature="none"), by="me")


def test_a_failure_is_explained_after_its_log_has_gone(app: App) -> None:
    run = app.jobs.run(
        JobSpec(shell="echo \"ModuleNotFoundError: No module named 'yaml'\" >&2; exit 1", name="m")
    )
    folder = app.settings.home / "logs"
    assert app.failures.debug("default", run.job_id).likely_causes[0].quotes
    shutil.rmtree(folder)
    analysis = app.failures.debug("default", run.job_id)
    assert analysis.likely_causes[0].pattern_id == "python.module-not-found"
    assert all(not cause.quotes for cause in analysis.likely_causes), "what is not found is not quoted"


def test_an_import_brings_evidence_and_again_adds_nothing(app: App, tmp_path: Path) -> None:
    file = tmp_path / "h.jsonl"
    file.write_text(
        "".join(
            json.dumps(
                {
                    "name": "b",
                    "command": "make",
                    "started_at": f"2026-03-01T12:{minute:02}:00Z",
                    "submitted_at": f"2026-03-01T12:{minute:02}:00Z",
                    "duration_s": 5,
                    "status": "failed" if minute % 2 else "succeeded",
                    "exit_code": minute % 2,
                    "log": "error: out of luck, number 7\n" if minute % 2 else "fine, no error: at all\n",
                }
            )
            + "\n"
            for minute in range(20)
        )
    )
    app.history.import_file(file, "jsonl", workspace="default")
    covered = app.knowledge.coverage("default")
    assert (covered.failures, covered.silent) == (10, 0)
    (group,) = covered.unexplained
    assert group.count == 10
    with app.store.read() as transaction:
        assert transaction.evidence.passing("default", 9)
        assert all(one.ended_by for one in list(transaction.diagnoses.each())[:-1])
    live = opinions(app)
    app.history.import_file(file, "jsonl", workspace="default")
    app.upkeep.relearn()
    assert opinions(app) == live


def test_evidence_that_cannot_be_taken_costs_no_record(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("orcaops.learning.failures.evidence.find_causes_of_failure", broken)
    run = lease_lost(app, 1)
    assert run.status is Status.FAILED
    assert app.knowledge.coverage("default").silent == 1
