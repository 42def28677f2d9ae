"""Upkeep of a server, under the names of :mod:`orcaops.services.upkeep`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from orcaops.interfaces.cli.remote.connection import Connection, only_there

if TYPE_CHECKING:
    from orcaops.model.check import Check


class RemoteUpkeep:
    """See :class:`orcaops.services.upkeep.Upkeep`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mirror(self, *, force: bool = False) -> None:
        """Nothing: the server keeps its own mirrors."""

    def images(self) -> list[str]:
        """None that we could know of."""
        return []

    def doctor(self) -> "list[Check]":
        """Whether the server answers and takes the token; what it stands on is checked only there."""
        from orcaops.model.check import Check

        self._connection.ask("GET", "/jobs", limit=1)
        hint = "`orcaops doctor` on its machine, or its /readyz, says more."
        return [Check(name="server", state="ok", sentence=f"{self._connection.url} answers", hint=hint)]

    def gc(self, *, dry_run: bool = False) -> NoReturn:  # noqa: ARG002
        """Only there."""
        raise only_there("gc", self._connection.url)

    def relearn(self, progress: Callable[[int], None] | None = None) -> NoReturn:  # noqa: ARG002
        """Only there."""
        raise only_there("relearn", self._connection.url)
