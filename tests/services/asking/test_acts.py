"""Orders are no questions: each has the command that carries it out, and no question is taken for one."""

import pytest

from orcaops.services.asking.acts import asked_act


@pytest.mark.parametrize(
    ("order", "command"),
    [
        ("delete all failed runs from last week", "orcaops gc --dry-run"),
        ("can you rerun the failed unit-tests", "orcaops jobs rerun JOB"),
        ("please cancel all running jobs", "orcaops jobs cancel JOB"),
        ("I want you to delete the logs of nightly-etl", "orcaops gc --dry-run"),
        ("stop train-model now", "orcaops jobs cancel JOB"),
        ("increase the memory of train-model to 4 GB", "orcaops run --memory SIZE --timeout TIME -- COMMAND"),
        ("run unit-tests on main", "orcaops run -- COMMAND"),
        ("reset the baseline of lint", "orcaops baselines reset KEY"),
        ("how do I cancel a job?", "orcaops jobs cancel JOB"),
        ("send me an email when deploy fails", ""),
    ],
)
def test_an_order_and_its_command(order: str, command: str) -> None:
    act = asked_act(order)
    assert act is not None
    assert act.command == command


@pytest.mark.parametrize(
    "question",
    [
        "run times of deploy",
        "deploy runs that failed",
        "cancel rate this week",
        "build failures since monday",
        "test failures on main",
        "which jobs were restarted?",
        "how do I fix lint",
        "how can we reduce the cost of etl",
        "could you tell me which jobs failed",
        "release/2.1 failures",
        "change in memory since 12 november",
    ],
)
def test_a_question_is_no_order(question: str) -> None:
    assert asked_act(question) is None
