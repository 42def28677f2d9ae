"""Times that come again are told by hour or weekday, and are not taken for the last one."""

import pytest

from orcaops.services.asking.understanding.recurring import recurring


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("how often does etl fail at night", "hour-of-day"),
        ("average wait during working hours", "hour-of-day"),
        ("failures in the mornings", "hour-of-day"),
        ("failures on weekends", "weekday"),
        ("what breaks on mondays", "weekday"),
        ("does lint fail every friday", "weekday"),
    ],
)
def test_what_comes_again(text: str, by: str) -> None:
    found, rest = recurring(text)
    assert found is not None
    assert found.by == by
    assert "⟨r⟩" in rest
    assert found.said not in rest


@pytest.mark.parametrize(
    "text",
    ["failures on monday", "over the weekend", "last night", "failures by weekday", "yesterday at night"],
)
def test_what_was_once(text: str) -> None:
    assert recurring(text) == (None, text)
