import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.required_words import ignores_case, required_words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("disk is gone", ("disk is gone",)),
        (r"^disk (\w+) is gone$", (" is gone",)),
        (r"(?:^|\s)E(?:TIMEDOUT|CONNRESET)\b", ("ECONNRESET", "ETIMEDOUT")),
        (r"exit code:? [1-9]\d*", ("exit code 0", "exit code: 0")),
        (r"[Cc]annot find", ("Cannot find", "cannot find")),
        (r"_{5,} ERROR", ("_____ ERROR",)),
        (r"(?:\S+\.sh|bash): line \d+", (".sh: line 0", "bash: line 0")),
        (r"(?P<tool>pip) is missing", ("pip is missing",)),
        (r"a|b", ()),
        (r"\w+", ()),
        (r"(?:disk)? .*", ()),
        (r"(?:disk)* ", ()),
        (r"(?=disk)", ()),
        (r"\pL+ disk", ()),
        (r"\Qdisk\E", ()),
        (r"disk\x41", ()),
        (r"disk)", ()),
        (r"(disk", ()),
        (r"[disk", ()),
        ("disk\\", ()),
        ("(?:a|" * 400 + "disk" + ")" * 400, ()),
    ],
)
def test_the_words_are_those_that_tell_most(expression: str, words: tuple[str, ...]) -> None:
    assert required_words(expression) == words


def test_an_expression_may_ignore_case() -> None:
    told = {one: ignores_case(one) for one in ("(?i)disk", "(?mi)disk", "disk (?i)", "(?m)disk")}
    assert told == {"(?i)disk": True, "(?mi)disk": True, "disk (?i)": False, "(?m)disk": False}


def test_almost_every_shipped_pattern_has_words() -> None:
    """A pattern without them costs a look at every line of a log."""
    without = [one.id for one in KnowledgeBase.shipped().patterns if not required_words(one.pattern)]
    assert without == []


_LETTERS = {
    **{letter: letter for letter in "disk 7"},
    r"\.": ".",
    r"\d": "0123",
    r"\w": "a_9",
    r"\s": " \t",
    ".": "x.5",
    "[ab]": "ab",
    "[^a]": "b/",
    "[1-9]": "19",
    r"[\w.]": "k.",
}
_COUNTS = {"": (1, 1), "?": (0, 1), "+": (1, 4), "*": (0, 4), "{2}": (2, 2), "{1,3}": (1, 3), "{2,}": (2, 5)}
_COUNT = st.sampled_from(["", "", "", *_COUNTS])


@st.composite
def _expression_and_text(draw: st.DrawFn, depth: int = 2) -> tuple[str, str]:
    """A regular expression and a text that it matches."""
    expression, text = "", ""
    for _ in range(draw(st.integers(1, 6))):
        count = draw(_COUNT)
        times = draw(st.integers(*_COUNTS[count]))
        if depth and draw(st.booleans()):
            choices = draw(st.lists(_expression_and_text(depth - 1), min_size=1, max_size=3))
            expression += f"({'|'.join(one for one, _ in choices)}){count}"
            text += "".join(draw(st.sampled_from(choices))[1] for _ in range(times))
        else:
            part = draw(st.sampled_from(sorted(_LETTERS)))
            expression += part + count
            text += "".join(draw(st.sampled_from(_LETTERS[part])) for _ in range(times))
    return expression, text


@settings(max_examples=300)
@given(_expression_and_text())
def test_every_text_that_matches_holds_a_word(one: tuple[str, str]) -> None:
    import re2

    expression, text = one
    assert re2.fullmatch(expression, text)
    words = required_words(expression)
    alike = re.sub("[0-9]", "0", text)
    assert not words or any(word in alike for word in words)
