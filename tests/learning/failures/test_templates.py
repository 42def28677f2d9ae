from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.templates import ANY, Templates


def test_lines_that_are_one_message_share_a_template() -> None:
    learner = Templates()
    for user in ("ann", "bob", "eve"):
        last = learner.learn(f"session opened for user {user} by (uid=0)")
    assert last is not None
    assert last.text == f"session opened for user {ANY} by (uid=<n>)"
    assert last.count == 3
    other = learner.learn("disk is full")
    assert other is not None
    assert other.number != last.number
    assert [template.count for template in learner.all()] == [3, 1]


def test_nothing_has_no_template() -> None:
    assert Templates().learn("") is None
    assert Templates().learn(" \x1b[0m ") is None


@given(st.lists(st.text(alphabet="ab 1", max_size=20), max_size=60))
def test_every_line_is_counted_once(lines: list[str]) -> None:
    learner = Templates(children=2)
    learned = sum(learner.learn(line) is not None for line in lines)
    assert sum(template.count for template in learner.all()) == learned
