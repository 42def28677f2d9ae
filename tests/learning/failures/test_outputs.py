"""What tools print is explained where they fail, and left alone where they do not."""

from pathlib import Path

import pytest

from orcaops.learning.failures.causes import find_causes
from orcaops.learning.failures.harmless import harmless
from orcaops.learning.failures.knowledge import KnowledgeBase, shipped_patterns

OUTPUTS = Path(__file__).parent / "outputs"
KB = KnowledgeBase.shipped()


def outputs(file: str) -> list[tuple[str, str]]:
    written = (OUTPUTS / file).read_text("utf-8").split("\n### ")[1:]
    return [(head, text) for head, _, text in (one.partition("\n") for one in written)]


def _name(text: str) -> str:
    return text.split("\n", maxsplit=1)[0][:40]


@pytest.mark.parametrize(("head", "text"), outputs("failing.txt"), ids=_name)
def test_a_failure_is_explained_and_its_placeholders_are_filled(head: str, text: str) -> None:
    causes = find_causes(enumerate(text.split("\n")), known=KB.specific)
    found = KB.explain((line.offset, line.text) for line in causes.ranked[:10])
    specific = [one for one in found if not one.catch_all]
    assert specific
    told = "\n".join(part for one in specific for part in (one.title, *one.solutions))
    assert head.partition("|")[2].strip() in told


@pytest.mark.parametrize(("head", "text"), outputs("passing.txt"), ids=_name)
def test_what_passes_is_not_explained(head: str, text: str) -> None:
    found = KB.matcher.scan([text.encode()])
    assert [name for name, places in found.items() if not places[0].catch_all] == []


def test_no_shipped_example_is_called_harmless() -> None:
    assert [one for pattern in shipped_patterns() for one in pattern.examples if harmless(one)] == []
