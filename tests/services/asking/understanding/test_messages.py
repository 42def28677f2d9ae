"""What a log said is found without quotes: by the name of an error, or behind what runs failed with."""

import pytest

from orcaops.services.asking.understanding.messages import told_with, with_quotes


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("jobs with ModuleNotFoundError", '"ModuleNotFoundError"'),
        ("runs with econnrefused today", '"econnrefused"'),
        ("anything with java.lang.OutOfMemoryError since monday", '"java.lang.OutOfMemoryError"'),
        ("how to fix TypeError: x is not a function?", "“TypeError: x is not a function”"),
        ("have we seen KeyError: 'a' before", "“KeyError: 'a'”"),
    ],
)
def test_names_of_errors(question: str, quoted: str) -> None:
    assert quoted in with_quotes(question)


@pytest.mark.parametrize(
    "question", ["which errors are new", "error rate of deploy", "the last error", "an error"]
)
def test_the_word_error_is_no_name(question: str) -> None:
    assert with_quotes(question) == question


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("which jobs failed with permission denied ⟨t⟩", "permission denied"),
        ("failures with a segmentation fault on ⟨N0⟩", "segmentation fault"),
        ("runs with connection reset errors ⟨t⟩", "connection reset"),
        ("jobs with high memory", None),
        ("jobs with exit code 3", None),
        ("jobs with blue eyes", None),
        ("builds failing with ⟨N0⟩", None),
    ],
)
def test_what_runs_failed_with(words: str, said: str | None) -> None:
    assert told_with(words) == said
