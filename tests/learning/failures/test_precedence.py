"""Of several known failures that one goes first that says why."""

from pathlib import Path

import pytest

from orcaops.learning.failures.causes import CauseLine, Causes, Cluster, find_causes
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.matcher import Match
from orcaops.learning.failures.precedence import causes_first
from orcaops.model.pattern import FailurePattern

KB = KnowledgeBase.shipped()
FIRST = Path(__file__).parent / "outputs" / "first.txt"
OUTPUTS = [one.partition("\n") for one in FIRST.read_text("utf-8").split("\n### ")[1:]]


@pytest.mark.parametrize(("head", "_", "text"), OUTPUTS, ids=lambda part: part.split("|")[0].strip()[:20])
def test_what_tools_really_printed_is_told_by_its_cause_first(head: str, _: str, text: str) -> None:
    causes = find_causes(enumerate(text.split("\n")), known=KB.specific)
    told = causes_first(KB.explain((line.offset, line.text) for line in causes.ranked[:10]), causes)
    assert told[0].title == head.partition("|")[2].strip()


def match(name: str, offset: int, *tags: str) -> Match:
    pattern = FailurePattern(id=name, pattern=name, category="c", title="t", description="d", tags=tags)
    return Match(pattern, offset, name)


def clustered(*clusters: tuple[int, ...]) -> Causes:
    made = [Cluster(1.0, tuple(CauseLine(n, n, "x", 1.0) for n in offsets)) for offsets in clusters]
    return Causes(clusters=tuple(made))


def test_a_general_one_gives_way_within_its_cluster_only() -> None:
    found = [
        match("what", 1, "general"),
        match("elsewhere", 9),
        match("why", 2),
        match("all", 3, "catch-all"),
    ]
    ordered = causes_first(found, clustered((1, 2, 3), (9,)))
    assert [one.pattern.id for one in ordered] == ["why", "elsewhere", "what", "all"]
    apart = causes_first(found, clustered((1,), (2, 3), (9,)))
    assert [one.pattern.id for one in apart] == ["what", "elsewhere", "why", "all"]


def test_lines_without_clusters_tell_of_one_event() -> None:
    found = [match("what", 1, "general"), match("why", 900)]
    assert [one.pattern.id for one in causes_first(found, Causes())] == ["why", "what"]


def test_a_general_one_is_left_out_on_a_line_that_another_explains() -> None:
    found = [match("why", 1), match("what", 1, "general"), match("all", 1, "catch-all")]
    assert [one.pattern.id for one in causes_first(found, Causes())] == ["why", "all"]
