"""ContainerSandboxes: containers that stay, in an engine that speaks the Docker API.

The same hardening, policy and labels as a job's container. Its main process is a shell whose standard
input stays open and silent, so it does nothing until it is stopped. It outlives every OrcaOps process;
the label ``orcaops.sandbox_id`` says whose it is.
"""

import contextlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any

from orcaops.model.errors import OrcaError, conflict, not_found, unavailable
from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Status
from orcaops.model.sandbox import SandboxSpec
from orcaops.running.containers import hosts, podman
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.request import (
    LABEL_JOB,
    LABEL_SANDBOX,
    LABEL_WORKSPACE,
    JobRefusedError,
    limits_ignored,
    sandbox_name,
)
from orcaops.running.containers.sandbox_attempt import SandboxAttempt
from orcaops.running.engine.errors import (
    EngineError,
    EngineFullError,
    EngineGoneError,
    EngineRefusedError,
    ImageMissingError,
)
from orcaops.running.executor import Halt, Observer
from orcaops.running.sandboxing import FoundSandbox, SandboxGone

_START_ENGINE = "Start the engine, or set DOCKER_HOST; `orcaops doctor` says more."


class ContainerSandboxes:
    """See :class:`orcaops.running.sandboxing.Sandboxes`."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._engine = fleet.engine

    def create(self, sandbox_id: str, spec: SandboxSpec) -> tuple[str, str]:
        """Make and start one; its id in the engine and the digest of its image."""
        container = ""
        with _explained(str(spec.image)):
            try:
                container, warnings = self._create(sandbox_id, spec)
                if ignored := limits_ignored(warnings):
                    raise JobRefusedError(f"the engine would not keep a limit: {' '.join(ignored)}")
                podman.open_root(self._engine, container)
                self._engine.start(container)
                facts = self._engine.inspect(container)
                return container, self._engine.identity(facts["Image"], spec.image).digest
            except BaseException:
                if container:
                    with contextlib.suppress(EngineError):
                        self.remove(sandbox_id)
                raise

    def stop(self, sandbox_id: str, grace_s: float) -> None:
        """End everything that runs in it; its files stay."""
        container = self.container_of(sandbox_id)
        with _explained(sandbox_id):
            self._engine.stop(container, grace_s)

    def start(self, sandbox_id: str) -> None:
        """Start one that was stopped."""
        container = self.container_of(sandbox_id)
        with _explained(sandbox_id):
            self._engine.start(container)

    def remove(self, sandbox_id: str) -> None:
        """Remove it with all that is in it, if it is there; and nobody else's."""
        try:
            container = self.container_of(sandbox_id)
        except SandboxGone:
            return
        with _explained(sandbox_id):
            self._engine.remove(container)
        self._fleet.hosts.take_back(sandbox_name(sandbox_id))
        group = self._fleet.groups.of(sandbox_id)
        if group is not None and group.exists():
            group.remove()

    def found(self) -> list[FoundSandbox]:
        """All that the engine has of this installation."""
        with _explained("docker"):
            labelled = self._engine.containers(self._fleet.label)
        return [
            FoundSandbox(
                sandbox_id=labels[LABEL_SANDBOX],
                workspace=labels.get(LABEL_WORKSPACE, ""),
                engine_ref=ref,
                state="running" if state in ("running", "paused", "restarting") else "stopped",
            )
            for ref, state, labels in labelled
            if LABEL_SANDBOX in labels
        ]

    def put(self, sandbox_id: str, folder: str, tar: IO[bytes] | Iterable[bytes]) -> None:
        """Unpack a tar stream in an existing folder; the engine never leaves the container's own root.

        Raises ``conflict`` where a file would take the place of a folder, or a folder that of a file.
        """
        container = self.container_of(sandbox_id)
        with _explained(folder, refused="A slash at the end of the target copies into it."):
            if not self._engine.put_archive(container, folder, tar):
                raise not_found(
                    f"there is no folder {folder!r} in the sandbox",
                    where=folder,
                    hint="Make it first: orcaops sandbox exec … -- mkdir -p …",
                )

    @contextlib.contextmanager
    def get(self, sandbox_id: str, path: str) -> Iterator[Iterator[bytes]]:
        """A tar stream of what lies at a path."""
        container = self.container_of(sandbox_id)
        with _explained(path):
            archive = self._engine.archive(container, path)
        if archive is None:
            raise not_found(f"there is nothing at {path!r} in the sandbox", where=path)
        with _explained(path), archive as pieces:
            yield pieces

    def container_of(self, sandbox_id: str, *, workspace: str | None = None) -> str:
        """The id of a sandbox's container; nothing that only has its name. Raises :class:`SandboxGone`."""
        with _explained(sandbox_id):
            try:
                facts = self._engine.inspect(sandbox_name(sandbox_id))
            except EngineRefusedError as error:
                raise SandboxGone(str(error)) from error
        labels = facts["Config"].get("Labels") or {}
        ours = self._fleet.has(labels) and labels.get(LABEL_SANDBOX) == sandbox_id
        if not ours or (workspace is not None and labels.get(LABEL_WORKSPACE) != workspace):
            raise SandboxGone(f"the container {sandbox_name(sandbox_id)} is somebody else's")
        return str(facts["Id"])

    def job_in(self, run: Run, spec: JobSpec, observer: Observer, halt: Halt) -> SandboxAttempt:
        """A job that is to run in the sandbox that it names."""
        sandbox = spec.sandbox or ""
        container = ""
        # The attempt itself finds out and says so.
        with contextlib.suppress(SandboxGone, EngineError, OrcaError):
            container = self.container_of(sandbox, workspace=run.workspace)
        return SandboxAttempt(
            self._engine,
            run,
            spec,
            container or f"orcaops-no-sandbox-{sandbox}",
            self._fleet.groups.of(sandbox) if container else None,
            secrets.token_hex(8),
            observer,
            halt,
        )

    def _create(self, sandbox_id: str, spec: SandboxSpec) -> tuple[str, list[str]]:
        name = sandbox_name(sandbox_id)
        body = self._body(sandbox_id, spec, name)
        try:
            return hosts.create(self._engine, name, body)
        except ImageMissingError:
            self._engine.pull(str(spec.image), lambda: False)
            return hosts.create(self._engine, name, body)
        except BaseException:
            self._fleet.hosts.take_back(name)
            raise

    def _body(self, sandbox_id: str, spec: SandboxSpec, name: str) -> dict[str, Any]:
        nobody = Run(
            job_id=sandbox_id,
            key="",
            status=Status.QUEUED,
            submitted_at=datetime.now(UTC),
            workspace=spec.workspace,
        )
        body, _ = self._fleet.request(nobody, spec.as_job(), "", name=name, owner=sandbox_id)
        labels = {label: value for label, value in body["Labels"].items() if label != LABEL_JOB}
        return body | {
            "Labels": labels | {LABEL_SANDBOX: sandbox_id},
            "Entrypoint": ["sh"],
            "Cmd": [],
            "OpenStdin": True,
            "AttachStdout": False,
            "AttachStderr": False,
        }


@contextlib.contextmanager
def _explained(where: str, *, refused: str = "") -> Iterator[None]:
    """Turns what engines raise into what services raise; ``refused`` is the hint where one said no."""
    try:
        yield
    except ImageMissingError as error:
        raise not_found(
            f"the image {where!r} is not on this engine and could not be pulled: {error}",
            where="image",
            hint="Check its name with `docker images`, or bring it here with `docker pull`.",
        ) from error
    except EngineGoneError as error:
        raise unavailable(str(error), where=where, hint=_START_ENGINE) from error
    except EngineFullError as error:
        raise unavailable(str(error), where=where, hint="`docker system df` says what takes it.") from error
    except (EngineError, JobRefusedError) as error:
        raise conflict(f"the engine refused: {error}", where=where, hint=refused) from error
