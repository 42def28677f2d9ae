"""History of a server, under the names of :mod:`orcaops.services.history`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from orcaops.interfaces.cli.remote.connection import Connection, only_there


class RemoteHistory:
    """See :class:`orcaops.services.history.History`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def import_file(
        self,
        path: Path,
        format_name: str | None,
        *,
        workspace: str,
        progress: Callable[[int], None] | None = None,
        learning: object = None,  # noqa: ARG002 - it comes in one answer
    ) -> Any:
        """Send a file to be imported."""
        from orcaops.services.history import Imported

        answer = self._connection.post_file("/jobs/import", path, workspace=workspace, format=format_name)
        done = Imported(**answer.json())
        if progress is not None:
            progress(done.added + done.known)
        return done

    def export(self, workspace: str, format_name: str, *, q: str = "") -> Iterator[bytes]:
        """The runs that match, in pieces."""
        yield from self._connection.stream("/jobs/export", workspace=workspace, format=format_name, q=q)

    def examine(self, workspace: str, *, progress: object = None) -> NoReturn:  # noqa: ARG002
        """Only there."""
        raise only_there("exam", self._connection.url)

    def examine_file(self, path: Path, format_name: str, *, progress: object = None) -> NoReturn:  # noqa: ARG002
        """Only there."""
        raise only_there("exam", self._connection.url)
