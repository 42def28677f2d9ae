"""Sandboxing: what an executor offers that can keep a container for commands to follow."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Literal, Protocol, runtime_checkable

from orcaops.model.sandbox import SandboxSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSandbox:
    """A sandbox as the engine has it."""

    sandbox_id: str
    workspace: str
    engine_ref: str
    state: Literal["running", "stopped"]


class SandboxGone(Exception):  # noqa: N818 - it is an answer, not a fault
    """The engine has no such sandbox (any more)."""


class Sandboxes(Protocol):
    """The sandboxes of one installation in one engine. All methods raise ``OrcaError`` where it fails."""

    def create(self, sandbox_id: str, spec: SandboxSpec) -> tuple[str, str]:
        """Make and start one; its id in the engine and its image's digest. If it fails, nothing is left."""

    def stop(self, sandbox_id: str, grace_s: float) -> None:
        """End everything that runs in it; its files stay. Raises :class:`SandboxGone`."""

    def start(self, sandbox_id: str) -> None:
        """Start one that was stopped. Raises :class:`SandboxGone`."""

    def remove(self, sandbox_id: str) -> None:
        """Remove it with all that is in it, if it is there."""

    def found(self) -> list[FoundSandbox]:
        """All that the engine has of this installation."""

    def put(self, sandbox_id: str, folder: str, tar: IO[bytes] | Iterable[bytes]) -> None:
        """Unpack a tar stream in an existing folder. Raises :class:`SandboxGone`, ``not_found``."""

    def get(self, sandbox_id: str, path: str) -> AbstractContextManager[Iterator[bytes]]:
        """A tar stream of what lies at a path. Raises :class:`SandboxGone`, ``not_found``."""


@runtime_checkable
class Sandboxable(Protocol):
    """An executor whose jobs may run in sandboxes: those with ``spec.sandbox``."""

    sandboxes: Sandboxes
