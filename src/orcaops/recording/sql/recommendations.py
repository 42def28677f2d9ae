# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Recommendations: what could be improved, as rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from orcaops.model.errors import not_found
from orcaops.model.query import Page
from orcaops.model.recommendation import Recommendation
from orcaops.recording.sql.cursors import digest_of
from orcaops.recording.sql.paging import mentions, page_of_rows
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.tables import recommendations
from orcaops.recording.sql.upserts import upsert

_WHOLE = select(
    recommendations.c.id, recommendations.c.score, recommendations.c.state, recommendations.c.record
)
_WITHDRAW = delete(recommendations).where(
    recommendations.c.workspace == bindparam("of_workspace"),
    recommendations.c.key == bindparam("of_key"),
    recommendations.c.state == "open",
    recommendations.c.id.not_in(bindparam("ids", expanding=True)),
)


class Recommendations:
    """See :class:`orcaops.recording.store.RecommendationRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, workspace: str, recommendation_id: str) -> Recommendation:
        here = (recommendations.c.workspace == workspace) & (recommendations.c.id == clean(recommendation_id))
        row = self._connection.execute(_WHOLE.where(here)).one_or_none()
        if row is None:
            raise _no_recommendation(recommendation_id)
        return _recommendation(row)

    def put_many(self, new: Sequence[Recommendation]) -> None:
        upsert(
            self._connection,
            recommendations,
            [
                {
                    "workspace": each.workspace,
                    "id": each.id,
                    "key": clean(each.key),
                    "score": each.score,
                    "state": each.state,
                    "record": record_of(each),
                }
                for each in new
            ],
            key=("workspace", "id"),
            replace=("key", "score", "record"),
        )

    def page(
        self,
        workspace: str,
        *,
        state: str | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Recommendation]:
        matching = _WHOLE.where(recommendations.c.workspace == workspace)
        if state is not None:
            matching = matching.where(recommendations.c.state == state)
        if text:
            matching = matching.where(mentions(self._connection, text, recommendations.c.key))
        digest = digest_of("recommendations", workspace, state, text)
        best_first = (recommendations.c.score, recommendations.c.id)
        return page_of_rows(
            self._connection, matching, best_first, _recommendation, digest=digest, limit=limit, cursor=cursor
        )

    def of_key(self, workspace: str, key: str) -> list[Recommendation]:
        here = (recommendations.c.workspace == workspace) & (recommendations.c.key == clean(key))
        best_first = (recommendations.c.score.desc(), recommendations.c.id.desc())
        rows = self._connection.execute(_WHOLE.where(here).order_by(*best_first)).all()
        return [_recommendation(row) for row in rows]

    def withdraw(self, workspace: str, key: str, keep: Iterable[str]) -> None:
        asked = {"of_workspace": workspace, "of_key": clean(key), "ids": [clean(each) for each in keep]}
        self._connection.execute(_WITHDRAW, asked)

    def decide(self, workspace: str, recommendation_id: str, state: str) -> None:
        here = (recommendations.c.workspace == workspace) & (recommendations.c.id == clean(recommendation_id))
        decided = update(recommendations).where(here).values(state=state)
        if not self._connection.execute(decided).rowcount:
            raise _no_recommendation(recommendation_id)


def _recommendation(row: Row[*tuple[Any, ...]]) -> Recommendation:
    return Recommendation.from_stored(row.record, state=row.state)


def _no_recommendation(recommendation_id: str) -> Exception:
    return not_found(
        f"there is no recommendation {recommendation_id[:130]!r}",
        where="id",
        hint="`orcaops recommendations list` shows them.",
    )
