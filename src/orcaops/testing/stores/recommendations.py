"""What every store must hold of recommendations."""
# ruff: noqa: D102  the name of a check says what it checks

from typing import Any

from orcaops.model.errors import ErrorCode
from orcaops.model.recommendation import Priority, Recommendation
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START, all_pages, refused


class RecommendationsConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_recommendations(self, store: Store) -> None:
        def recommendation(name: str, score: float, **changes: Any) -> Recommendation:
            return Recommendation(
                id=name,
                type="cost",
                priority=Priority.LOW,
                title="t",
                description="d",
                impact="i",
                action="a",
                created_at=START,
                key="k",
                advisor="adv",
                field="memory",
                score=score,
                **changes,
            )

        with store.write() as transaction:
            transaction.recommendations.put_many([recommendation(f"r{n}", n % 3) for n in range(7)])
            transaction.recommendations.decide("default", "r5", "dismissed")
            transaction.recommendations.put_many([recommendation("r5", 9.5)])
        with store.read() as transaction:
            assert transaction.recommendations.get("default", "r5").state == "dismissed"
            listed = all_pages(
                lambda cursor: transaction.recommendations.page("default", limit=2, cursor=cursor)
            )
            assert [r.score for r in listed] == [9.5, 2, 1, 1, 0, 0, 0]
            for text, found in (("", 7), ("k", 7), ("K", 0), ("*", 7), ("k_", 0)):
                assert transaction.recommendations.page("default", text=text).total == found, text
            assert [r.id for r in transaction.recommendations.page("default", state="dismissed").items] == [
                "r5"
            ]
        with refused(ErrorCode.NOT_FOUND), store.write() as transaction:
            transaction.recommendations.decide("default", "r9", "applied")

    def test_what_is_no_longer_proposed_is_withdrawn(self, store: Store) -> None:
        def recommendation(name: str, key: str, **changes: Any) -> Recommendation:
            return Recommendation(
                id=name,
                type="cost",
                priority=Priority.LOW,
                title="t",
                description="d",
                impact="i",
                action="a",
                created_at=START,
                key=key,
                advisor="adv",
                field="memory",
                **changes,
            )

        with store.write() as transaction:
            transaction.recommendations.put_many(
                [recommendation(f"r{n}", "k") for n in range(4)]
                + [recommendation("other-key", "K"), recommendation("elsewhere", "k", workspace="other")]
            )
            transaction.recommendations.decide("default", "r3", "applied")
            transaction.recommendations.withdraw("default", "k", keep=["r1", "never"])

        def left(workspace: str) -> set[str]:
            with store.read() as transaction:
                return {each.id for each in transaction.recommendations.page(workspace).items}

        assert left("default") == {"r1", "r3", "other-key"}
        with store.write() as transaction:
            transaction.recommendations.withdraw("default", "k", keep=[])
        assert left("default") == {"r3", "other-key"}
        assert left("other") == {"elsewhere"}
