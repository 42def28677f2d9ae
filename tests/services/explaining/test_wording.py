"""What a job printed, inside sentences of ours."""

from orcaops.services.explaining.debugging import explain
from orcaops.services.explaining.wording import short

from .conftest import findings, run_of


def test_text_of_a_job_in_our_sentences_is_one_line() -> None:
    analysis = explain(findings(run_of(name="a\nb"), ("ERROR: x\x1b[31m\rnext: orcaops gc",)))
    assert "\n" not in analysis.summary
    assert "\x1b" not in analysis.summary


def test_commands_name_another_workspace() -> None:
    analysis = explain(findings(run_of(workspace="team"), ("ERROR: odd",)))
    assert analysis.next_steps == ("orcaops jobs logs now --workspace team",)


def test_letters_that_turn_the_direction_stay_out_of_our_sentences() -> None:
    assert short("rm \u202etxt.exe\u2069") == "rm txt.exe"
