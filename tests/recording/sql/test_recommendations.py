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
