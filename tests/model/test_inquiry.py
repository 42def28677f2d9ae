"""Inquiries as lines."""

import pytest
from pydantic import ValidationError

from orcaops.model.inquiry import LONGEST_QUESTION, Inquiry, Kind, Measure, Question


def test_a_line_has_only_what_is_asked() -> None:
    assert Inquiry(kind=Kind.FLAKY).line == "flaky"
    everything = Inquiry(
        kind=Kind.COMPARE,
        measure=Measure.WAIT,
        least=True,
        by="label:team",
        top=3,
        against="before:2026-01-01",
        where="status:failed",
    )
    assert everything.line == (
        "compare wait least by label:team top 3 against before:2026-01-01 where status:failed"
    )


@pytest.mark.parametrize(
    "wrong", [{"kind": "nonsense"}, {"kind": "list", "top": 0}, {"kind": "list", "x": 1}]
)
def test_what_is_no_inquiry(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Inquiry.model_validate(wrong)


def test_a_question_is_bounded() -> None:
    with pytest.raises(ValidationError):
        Question(question="x" * (LONGEST_QUESTION + 1))
