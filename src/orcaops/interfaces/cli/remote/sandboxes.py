"""Sandboxes of a server, under the names of :mod:`orcaops.services.sandboxes`."""

import posixpath
from pathlib import Path

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.paths import path_of
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.sandbox import Sandbox, SandboxSpec


class RemoteSandboxes:
    """See :class:`orcaops.services.sandboxes.Sandboxes`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, spec: SandboxSpec, *, by: str) -> Sandbox:  # noqa: ARG002 - the server knows who asks
        """Make a sandbox and start it."""
        body = spec.model_dump(mode="json", exclude_defaults=True)
        return self._connection.word(Sandbox, "POST", "/sandboxes", body=body)

    def page(
        self,
        workspace: str,
        *,
        gone: bool = False,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Sandbox]:
        """Sandboxes, the newest first."""
        return self._connection.page(
            Sandbox,
            "/sandboxes",
            workspace=workspace,
            gone=str(gone).lower(),
            q=text,
            limit=limit,
            cursor=cursor,
        )

    def get(self, workspace: str, sandbox_id: str) -> Sandbox:
        """One sandbox."""
        path = path_of("sandbox", sandbox_id)
        return self._connection.word(Sandbox, "GET", path, workspace=workspace)

    def stop(self, workspace: str, sandbox_id: str, *, by: str) -> Sandbox:  # noqa: ARG002 - see create
        """End everything that runs in it."""
        return self._turn(workspace, sandbox_id, "stop")

    def start(self, workspace: str, sandbox_id: str, *, by: str) -> Sandbox:  # noqa: ARG002 - see create
        """Start one that was stopped."""
        return self._turn(workspace, sandbox_id, "start")

    def remove(self, workspace: str, sandbox_id: str, *, by: str) -> Sandbox:  # noqa: ARG002 - see create
        """Remove it with all that is in it."""
        path = path_of("sandbox", sandbox_id)
        return self._connection.word(Sandbox, "DELETE", path, workspace=workspace)

    def copy_in(self, workspace: str, sandbox_id: str, source: Path, target: str) -> None:
        """Copy a file or folder of this machine into the sandbox."""
        from orcaops.running.sandbox_files import packed

        folder, name = posixpath.split(target)
        with packed(source, name or source.resolve().name) as tar:
            path = f"{path_of('sandbox', sandbox_id)}/files"
            self._connection.put_stream(path, tar, workspace=workspace, path=folder or "/")

    def copy_out(self, workspace: str, sandbox_id: str, path: str, destination: Path, *, into: bool) -> int:
        """Copy a file or folder out; the number of its files."""
        from orcaops.running.sandbox_files import unpacked

        place = destination / posixpath.basename(path.rstrip("/")) if into else destination
        files = f"{path_of('sandbox', sandbox_id)}/files"
        return unpacked(self._connection.stream(files, workspace=workspace, path=path), place)

    def _turn(self, workspace: str, sandbox_id: str, verb: str) -> Sandbox:
        path = f"{path_of('sandbox', sandbox_id)}/{verb}"
        return self._connection.word(Sandbox, "POST", path, workspace=workspace)
