"""Every shipped pattern matches its examples, none of its counter-examples, and no ordinary line."""

from collections import Counter

import pytest

from orcaops.learning.failures.expressions import compiled
from orcaops.learning.failures.knowledge import KnowledgeBase, shipped_patterns
from orcaops.learning.failures.matcher import CATCH_ALL, filled
from orcaops.model.identity import is_id
from orcaops.model.pattern import FailurePattern

PATTERNS = shipped_patterns()


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda one: one.id)
def test_a_shipped_pattern_keeps_its_own_promises(pattern: FailurePattern) -> None:
    program = compiled(pattern.pattern, where=pattern.id)
    assert is_id(pattern.id)
    assert pattern.examples
    assert pattern.counter_examples
    assert pattern.solutions
    assert pattern.description
    for example in pattern.examples:
        found = program.search(example)
        assert found is not None, example
        for text in (pattern.title, pattern.description, *pattern.solutions):
            told = filled(text, found.groups())
            assert told
            assert not any(f"{{{number}}}" in told for number in range(1, 10))
    for example in pattern.counter_examples:
        assert program.search(example) is None, example


def test_there_are_enough_patterns_with_ids_of_their_own() -> None:
    assert len(PATTERNS) >= 250
    assert not [one for one, count in Counter(pattern.id for pattern in PATTERNS).items() if count > 1]


def test_placeholders_name_groups_that_exist() -> None:
    for pattern in PATTERNS:
        groups = compiled(pattern.pattern).groups
        for text in (pattern.title, pattern.description, *pattern.solutions):
            for number in range(groups + 1, 10):
                assert f"{{{number}}}" not in text, pattern.id


def test_few_patterns_are_catch_alls() -> None:
    assert sum(CATCH_ALL in pattern.tags for pattern in PATTERNS) <= 20


@pytest.mark.parametrize(
    ("line", "category", "solution"),
    [
        (
            "ModuleNotFoundError: No module named 'yaml'",
            "dependency",
            "Install missing module: pip install yaml",
        ),
        (
            "Cannot connect to redis on port 6379",
            "network",
            "Check if service redis is running and accessible on port 6379",
        ),
        ("MemoryError", "oom", "Increase memory limit or optimize memory usage"),
        ("Killed", "oom", "Increase memory limit or optimize memory usage"),
        ("OOMKilled", "oom", "Increase memory limit or optimize memory usage"),
    ],
)
def test_the_specification_s_examples_are_explained_as_it_says(
    line: str, category: str, solution: str
) -> None:
    match = KnowledgeBase.shipped().explain([(0, line)])[0]
    assert match.pattern.category == category
    assert solution in match.solutions
