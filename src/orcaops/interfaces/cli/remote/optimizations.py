"""Optimizations of a server, under the names of :mod:`orcaops.services.optimizations`."""

import json

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.paths import path_of
from orcaops.model.optimization import Asked, FieldMode, Mode, Optimization, State, asked_about
from orcaops.model.override import OptimizedField
from orcaops.model.query import DEFAULT_LIMIT, Page


class RemoteOptimizations:
    """See :class:`orcaops.services.optimizations.Optimizations`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def optimizations(
        self,
        workspace: str,
        *,
        state: State | None = None,
        key: str | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Optimization]:
        """Changes, the one that moved last first."""
        return self._connection.page(
            Optimization,
            "/optimizations",
            workspace=workspace,
            state=state,
            key=key,
            q=text,
            limit=limit,
            cursor=cursor,
        )

    def optimization(self, workspace: str, optimization_id: str) -> Optimization:
        """One change with its history."""
        path = path_of("optimization", optimization_id)
        return self._connection.word(Optimization, "GET", path, workspace=workspace)

    def waiting(self, workspace: str, key: str) -> tuple[Asked, ...]:
        """The changes of a job that wait for somebody's approval, where people want to be asked."""
        proposed = self.optimizations(workspace, state=State.PROPOSED, key=key).items
        return asked_about(proposed, self.modes(workspace)) if proposed else ()

    def approve(
        self,
        workspace: str,
        optimization_id: str,
        *,
        by: str,  # noqa: ARG002
        reason: str | None = None,
    ) -> Optimization:
        """Let it be tried."""
        return self._decide(workspace, optimization_id, "approve", reason)

    def reject(
        self,
        workspace: str,
        optimization_id: str,
        *,
        by: str,  # noqa: ARG002
        reason: str | None = None,
    ) -> Optimization:
        """Say no to a proposal."""
        return self._decide(workspace, optimization_id, "reject", reason)

    def rollback(
        self,
        workspace: str,
        optimization_id: str,
        *,
        by: str,  # noqa: ARG002
        reason: str | None = None,
    ) -> Optimization:
        """Take a change back."""
        return self._decide(workspace, optimization_id, "rollback", reason)

    def modes(self, workspace: str) -> tuple[FieldMode, ...]:
        """How much may happen by itself, per field."""
        return _modes(self._connection.ask("GET", "/optimization-modes", workspace=workspace).content)

    def set_mode(
        self,
        workspace: str,
        mode: Mode,
        *,
        field: OptimizedField | None = None,
        by: str,  # noqa: ARG002
    ) -> tuple[FieldMode, ...]:
        """Decide how much may happen by itself."""
        body = {"mode": str(mode), **({"field": str(field)} if field is not None else {})}
        answer = self._connection.ask("POST", "/optimization-modes", body=body, workspace=workspace)
        return _modes(answer.content)

    def _decide(self, workspace: str, optimization_id: str, verb: str, reason: str | None) -> Optimization:
        path = f"{path_of('optimization', optimization_id)}/{verb}"
        body = {"reason": reason} if reason is not None else None
        return self._connection.word(Optimization, "POST", path, body=body, workspace=workspace)


def _modes(content: bytes) -> tuple[FieldMode, ...]:
    return tuple(FieldMode.from_stored(item) for item in json.loads(content)["items"])
