import pytest

from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.pattern import FailurePattern

DISK = FailurePattern(
    id="acme.disk",
    pattern=r"acme: disk (\w+) is gone",
    category="disk",
    title="Disk {1} is gone",
    description="The disk was pulled.",
    solutions=("Put {1} back",),
    examples=("acme: disk sda is gone",),
    counter_examples=("acme: disk sda is fine",),
)


def test_teaching_gives_a_new_knowledge() -> None:
    empty = KnowledgeBase()
    taught = empty.teach(DISK)
    assert taught.explain([(3, "acme: disk sdb is gone")])[0].solutions == ("Put sdb back",)
    assert empty.patterns == ()
    assert taught.teach(DISK.model_copy(update={"title": "other"})).get("acme.disk").title == "other"
    assert taught.without("acme.disk").patterns == ()
    assert KnowledgeBase.shipped().merged([DISK]).get("acme.disk") is DISK
    assert taught.specific("acme: disk sda is gone")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"examples": ("something else",)}, ErrorCode.CONFLICT),
        ({"counter_examples": ("acme: disk sda is gone",)}, ErrorCode.CONFLICT),
        ({"pattern": "(?!a)"}, ErrorCode.INVALID),
    ],
)
def test_a_pattern_must_keep_its_own_promises(change: dict[str, object], code: ErrorCode) -> None:
    with pytest.raises(OrcaError) as caught:
        KnowledgeBase().teach(DISK.model_copy(update=change))
    assert caught.value.code is code
    assert "acme.disk" in caught.value.where


def test_an_unknown_id_is_not_found() -> None:
    with pytest.raises(OrcaError) as caught:
        KnowledgeBase().get("nothing")
    assert caught.value.code is ErrorCode.NOT_FOUND
