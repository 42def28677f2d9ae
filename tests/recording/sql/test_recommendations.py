"""Recommendations: those of one score are each shown once."""

from orcaops.model.recommendation import Priority, Recommendation
from orcaops.recording.store import Store
from orcaops.testing.stores import START, all_pages


def test_equal_scores(store: Store) -> None:
    many = [
        Recommendation(
            id=f"r{n}", type="cost", priority=Priority.LOW, title="t", description="d", impact="i",
            action="a",
            created_at=START, key="k", advisor="a", field="memory", score=0.5, evidence={"n": n},
        )
        for n in range(30)
    ]  # fmt: skip
    with store.write() as transaction:
        transaction.recommendations.put_many(many)
        listed = all_pages(lambda cursor: transaction.recommendations.page("default", limit=7, cursor=cursor))
        assert sorted(listed, key=lambda each: int(each.id[1:])) == many
        assert transaction.recommendations.page("default", limit=7).total == 30


def test_those_of_one_key_in_any_state(store: Store) -> None:
    def one(name: str, key: str, score: float, workspace: str = "default") -> Recommendation:
        return Recommendation(
            id=name, type="cost", priority=Priority.LOW, title="t", description="d", impact="i",
            action="a", workspace=workspace,
            created_at=START, key=key, advisor="a", field="memory", score=score, evidence={},
        )  # fmt: skip

    with store.write() as transaction:
        repository = transaction.recommendations
        repository.put_many(
            [one("a", "k", 0.1), one("b", "k", 0.9), one("c", "other", 1.0), one("d", "k", 1.0, "w")]
        )
        repository.decide("default", "b", "dismissed")
        assert [(each.id, each.state) for each in repository.of_key("default", "k")] == [
            ("b", "dismissed"),
            ("a", "open"),
        ]
        assert repository.of_key("default", "none") == []
