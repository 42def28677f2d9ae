"""Sandboxes: containers that stay, with commands in them, files in and out, and a limit to their stay.

Every command in a sandbox is a run, with its log, its usage and its prediction, like any other; the
record of a sandbox stays when the sandbox is gone. A sandbox outlives every process of ours: what the
records say and what the engine has are compared at every start and every minute of a server.
"""

import contextlib
import logging
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from orcaops.guarding.policy import Policy, apply, check
from orcaops.improving.dossier import IdleSandbox
from orcaops.model.check import Check
from orcaops.model.errors import ErrorCode, OrcaError, conflict, invalid, not_found, unavailable
from orcaops.model.job import JobSpec
from orcaops.model.quantities import show_duration
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.run import Run
from orcaops.model.sandbox import SANDBOX_NAME, Sandbox, SandboxSpec, SandboxState
from orcaops.recording.redaction import redact_spec
from orcaops.recording.store import Store, Transaction
from orcaops.running.executor import Executor
from orcaops.running.sandbox_files import checked, packed, unpacked
from orcaops.running.sandboxing import Sandboxable, SandboxGone
from orcaops.running.sandboxing import Sandboxes as Engines
from orcaops.services.signing import Signing

log = logging.getLogger(__name__)

BY_ITSELF = "orcaops"
_INTERRUPTED_AFTER = timedelta(hours=1)
_SHORTEST = 6  # letters of an id that stand for all of it
_CREATING = SandboxState.CREATING
_OF_THE_SANDBOX = ("memory", "cpus", "pids", "network")


class Sandboxes:
    """The use cases around sandboxes. Every method names the workspace it works in."""

    def __init__(
        self,
        store: Store,
        executors: Mapping[str, Executor],
        *,
        policy: Policy,
        host: str | None,
        idle_limit_s: float,
        lifetime_s: float,
        clean_idle: bool,
        most: int,
        templates: Mapping[str, Mapping[str, Any]],
        grace_s: float,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._executors = executors
        self._policy = policy
        self._host = host
        self._idle_limit_s = idle_limit_s
        self._lifetime_s = lifetime_s
        self._clean_idle = clean_idle
        self._most = most
        self._templates = templates
        self._grace_s = grace_s
        self._clock = clock
        self._new_id = new_id
        self._signing = Signing(clock, new_id)

    def create(self, spec: SandboxSpec, *, by: str) -> Sandbox:
        """Make a sandbox and start it.

        Raises ``invalid`` without an image, for an unknown template or a name that could not be written in
        `orcaops sandbox copy`, ``forbidden`` by policy, ``conflict`` when the workspace has as many as it
        may have, ``not_found`` for an image that cannot be had.
        """
        spec = self._filled(spec)
        if spec.name is not None and not re.fullmatch(SANDBOX_NAME, spec.name):
            raise invalid(
                f"a sandbox cannot be called {spec.name!r}",
                where="name",
                hint="Letters, digits, '.', '_' and '-', a letter or a digit first, 128 at most.",
            )
        name, engine = self._engine()
        allowed = apply(self._policy, spec.as_job())
        check(self._policy, allowed.model_copy(update={"executor": name}))
        spec = spec.model_copy(update={"memory": allowed.memory, "cpus": allowed.cpus, "pids": allowed.pids})
        now = self._clock()
        sandbox = Sandbox(
            id=self._new_id(),
            workspace=spec.workspace,
            name=spec.name,
            image=str(spec.image),
            state=SandboxState.CREATING,
            spec=spec.model_copy(update={"env": redact_spec(spec.as_job()).env}),
            created_at=now,
            created_by=by,
            used_at=now,
            expires_at=now + timedelta(seconds=spec.lifetime or self._lifetime_s),
            idle_limit_s=spec.idle_limit or self._idle_limit_s,
            host=self._host,
        )
        with self._store.write() as transaction:
            here = transaction.sandboxes.living_to_add(spec.workspace)
            if len(here) >= self._most:
                raise conflict(
                    f"the workspace has {len(here)} sandboxes already",
                    where="sandboxes.most",
                    hint="Remove one (`orcaops sandbox list`), or raise sandboxes.most.",
                )
            if spec.name is not None and spec.name in {each.name for each in here}:
                raise conflict(f"there is a sandbox called {spec.name!r} already", where="name")
            transaction.sandboxes.put(sandbox)
        try:
            ref, digest = engine.create(sandbox.id, spec)
        except BaseException as error:
            self._end(sandbox, SandboxState.LOST, f"it could not be made: {error}")
            raise
        made = sandbox.model_copy(
            update={"state": SandboxState.RUNNING, "engine_ref": ref, "image_digest": digest}
        )
        with self._store.write() as transaction:
            transaction.sandboxes.put(made)
            self._note(transaction, made, "create", by, None)
        return self._now(made, ())

    def page(
        self,
        workspace: str,
        *,
        gone: bool = False,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Sandbox]:
        """Sandboxes, the newest first; with ``gone`` also those of which nothing is left.

        ``text`` is a part of the id, the name or the image.
        """
        with self._store.read() as transaction:
            page = transaction.sandboxes.page(workspace, gone=gone, text=text, limit=limit, cursor=cursor)
            running = transaction.runs.open_runs()
        items = tuple(self._now(each, running) for each in page.items)
        return Page[Sandbox](items=items, next_cursor=page.next_cursor, total=page.total)

    def idle(self, workspace: str) -> list[IdleSandbox]:
        """Those of a workspace that nobody has used for longer than their idle limit."""
        with self._store.read() as transaction:
            living = [each for each in transaction.sandboxes.living() if each.workspace == workspace]
            running = transaction.runs.open_runs() if living else []
        now = [self._now(each, running) for each in living]
        return [
            IdleSandbox(
                sandbox_id=each.id,
                name=each.name,
                idle_s=each.idle_s or 0.0,
                idle_limit_s=each.idle_limit_s,
                memory_bytes=each.spec.memory,
            )
            for each in now
            if self._is_idle(each)
        ]

    def get(self, workspace: str, sandbox_id: str) -> Sandbox:
        """One sandbox, by its id, by the beginning of it, or by its name. Raises ``not_found``."""
        with self._store.read() as transaction:
            sandbox = _named(transaction, workspace, sandbox_id)
            return self._now(sandbox, transaction.runs.open_runs())

    def stop(self, workspace: str, sandbox_id: str, *, by: str) -> Sandbox:
        """End everything that runs in it; its files stay, and `start` goes on with them."""
        return self._turn(workspace, sandbox_id, SandboxState.STOPPED, by)

    def start(self, workspace: str, sandbox_id: str, *, by: str) -> Sandbox:
        """Start one that was stopped."""
        return self._turn(workspace, sandbox_id, SandboxState.RUNNING, by)

    def remove(self, workspace: str, sandbox_id: str, *, by: str, reason: str | None = None) -> Sandbox:
        """Remove it with all that is in it; its record and its runs stay. One that is gone stays so."""
        sandbox = self.get(workspace, sandbox_id)
        if sandbox.state.final:
            return sandbox
        self._engine()[1].remove(sandbox.id)
        return self._end(sandbox, SandboxState.REMOVED, reason or f"removed by {by}", by=by)

    def put(self, workspace: str, sandbox_id: str, folder: str, tar: IO[bytes] | Iterable[bytes]) -> None:
        """Unpack a tar stream in a folder of the sandbox. Raises ``invalid`` if anything in it leads out."""
        sandbox = self._usable(workspace, sandbox_id)
        with checked(tar) as clean, self._lost_if_gone(sandbox):
            self._engine()[1].put(sandbox.id, _absolute(folder), clean)
        self._touch(sandbox)

    @contextlib.contextmanager
    def fetch(self, workspace: str, sandbox_id: str, path: str) -> Iterator[Iterator[bytes]]:
        """A tar stream of what lies at a path of the sandbox."""
        sandbox = self._usable(workspace, sandbox_id)
        with self._lost_if_gone(sandbox), self._engine()[1].get(sandbox.id, _absolute(path)) as pieces:
            yield pieces
        self._touch(sandbox)

    def copy_in(self, workspace: str, sandbox_id: str, source: Path, target: str) -> None:
        """Copy a file or folder of this machine in; below ``target`` if that ends with a slash.

        Raises ``conflict`` where a file would take the place of a folder, or a folder that of a file.
        """
        folder, name = posixpath.split(_absolute(target))
        with packed(source, name or source.resolve().name) as tar:
            self.put(workspace, sandbox_id, folder, tar)

    def copy_out(self, workspace: str, sandbox_id: str, path: str, destination: Path, *, into: bool) -> int:
        """Copy a file or folder out, below ``destination`` with ``into``; the number of its files."""
        place = destination / posixpath.basename(path.rstrip("/")) if into else destination
        with self.fetch(workspace, sandbox_id, path) as pieces:
            return unpacked(pieces, place)

    def inside(self, spec: JobSpec) -> JobSpec:
        """A job for a sandbox with what the sandbox decides; any other job as it is.

        Raises ``conflict`` where there is no such sandbox, it is stopped, or the job asks for its own image,
        limits, network or mounts.
        """
        if spec.sandbox is None:
            return spec
        try:
            sandbox = self._usable(spec.workspace, spec.sandbox)
        except OrcaError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            raise conflict(error.message, where="sandbox", hint=error.hint) from None
        own = {name: getattr(sandbox.spec, name) for name in _OF_THE_SANDBOX} | {"image": sandbox.image}
        for name, value in own.items():
            if getattr(spec, name) not in (None, value):
                raise conflict(
                    f"a command in a sandbox has the {name} of the sandbox",
                    where=name,
                    hint=f"Leave {name} out, or run a job of its own without a sandbox.",
                )
        if spec.mounts:
            raise conflict("nothing can be mounted into a sandbox that is there already", where="mounts")
        self._touch(sandbox, executions=1)
        return spec.model_copy(
            update=own | {"sandbox": sandbox.id, "executor": spec.executor or self._engine()[0]}
        )

    def used(self, run: Run) -> None:
        """A run has ended: if it was in a sandbox, that is in use until now."""
        if run.sandbox is None:
            return
        with contextlib.suppress(OrcaError):
            self._touch(self.get(run.workspace, run.sandbox))

    def sweep(self, *, dry_run: bool = False) -> list[str]:
        """Compare records and engine, and remove what has had its time; a sentence for each change.

        A sandbox whose lifetime is over goes; an idle one goes if the settings allow it. One that the engine
        has no more is lost; a container without a record is what a crash has left. Touches nothing
        that does not carry the labels of this installation. Raises ``unavailable``.
        """
        try:
            _, engine = self._engine()
        except OrcaError:
            return []
        # The records before the engine: what is made meanwhile is not lost. And after it: nor is it nobody's.
        with self._store.read() as transaction:
            made = {each.id for each in transaction.sandboxes.living() if each.state is not _CREATING}
        found = {each.sandbox_id: each for each in engine.found()}
        with self._store.read() as transaction:
            living = [each for each in transaction.sandboxes.living() if each.host in (None, self._host)]
            others = {each.id for each in transaction.sandboxes.living()}
            running = transaction.runs.open_runs()
        told = []
        for sandbox in (self._now(each, running) for each in living):
            there = found.pop(sandbox.id, None)
            if there is None and sandbox.state is not _CREATING and sandbox.id not in made:
                continue
            for state, reason in self._due(sandbox, there.state if there else None):
                told.append(f"sandbox {sandbox.id}: {reason}")
                if dry_run:
                    continue
                if state is SandboxState.STOPPED:
                    with self._store.write() as transaction:
                        _change(transaction, sandbox, state=state)
                    continue
                if there is not None:
                    engine.remove(sandbox.id)
                self._end(sandbox, state, reason, by=BY_ITSELF)
        for sandbox_id in found.keys() - others:
            told.append(f"sandbox {sandbox_id}: a container without a record")
            if not dry_run:
                engine.remove(sandbox_id)
        return told

    def checks(self) -> Iterator[Check]:
        """For ``doctor``: how many there are, and which nobody uses."""
        with self._store.read() as transaction:
            running = transaction.runs.open_runs()
            living = [self._now(each, running) for each in transaction.sandboxes.living()]
        idle = [each for each in living if self._is_idle(each)]
        if idle:
            names = ", ".join(each.name or each.id for each in idle[:3])
            yield Check(
                name="sandboxes",
                state="warning",
                sentence=f"{len(idle)} of {len(living)} sandboxes are idle: {names}",
                hint="`orcaops sandbox remove ID`; or sandboxes.clean_idle = true, and a server does it.",
            )
        elif living:
            yield Check(name="sandboxes", state="ok", sentence=f"{len(living)} sandboxes, none is idle")

    def _due(self, sandbox: Sandbox, there: str | None) -> Iterator[tuple[SandboxState, str]]:
        """What is to become of a sandbox now, and why; at most one thing."""
        now = self._clock()
        if sandbox.state is SandboxState.CREATING:
            if now - sandbox.created_at > _INTERRUPTED_AFTER:
                yield SandboxState.LOST, "making it was interrupted"
        elif there is None:
            yield SandboxState.LOST, "the engine has it no more"
        elif now >= sandbox.expires_at:
            lived_s = (sandbox.expires_at - sandbox.created_at).total_seconds()
            yield SandboxState.REMOVED, f"its lifetime of {show_duration(lived_s)} is over"
        elif self._clean_idle and self._is_idle(sandbox):
            idle = show_duration(round(sandbox.idle_s or 0.0))
            yield SandboxState.REMOVED, f"nobody used it for {idle}"
        elif there == "stopped" and sandbox.state is SandboxState.RUNNING:
            yield SandboxState.STOPPED, "it was stopped from outside"

    def _is_idle(self, sandbox: Sandbox) -> bool:
        return not sandbox.executing and (sandbox.idle_s or 0.0) > sandbox.idle_limit_s

    def _now(self, sandbox: Sandbox, running: Iterable[Run]) -> Sandbox:
        executing = sum(run.sandbox == sandbox.id and run.workspace == sandbox.workspace for run in running)
        until = sandbox.ended_at or self._clock()
        idle_s = 0.0 if executing else max(0.0, (until - sandbox.used_at).total_seconds())
        return sandbox.model_copy(update={"executing": executing, "idle_s": idle_s})

    def _usable(self, workspace: str, sandbox_id: str) -> Sandbox:
        sandbox = self.get(workspace, sandbox_id)
        if sandbox.state.final:
            raise conflict(f"the sandbox is gone: {sandbox.reason}", where=sandbox.id)
        if sandbox.state is not SandboxState.RUNNING:
            raise conflict(
                f"the sandbox is {sandbox.state.value}",
                where=sandbox.id,
                hint=f"Start it: orcaops sandbox start {sandbox.id}",
            )
        return sandbox

    def _turn(self, workspace: str, sandbox_id: str, state: SandboxState, by: str) -> Sandbox:
        sandbox = self.get(workspace, sandbox_id)
        if sandbox.state.final:
            raise conflict(f"the sandbox is gone: {sandbox.reason}", where=sandbox.id)
        engine = self._engine()[1]
        with self._lost_if_gone(sandbox):
            if state is SandboxState.STOPPED:
                engine.stop(sandbox.id, self._grace_s)
            else:
                engine.start(sandbox.id)
        with self._store.write() as transaction:
            changed = _change(transaction, sandbox, state=state, used_at=self._clock())
            verb = "stop" if state is SandboxState.STOPPED else "start"
            self._note(transaction, changed, verb, by, None)
        return self._now(changed, ())

    @contextlib.contextmanager
    def _lost_if_gone(self, sandbox: Sandbox) -> Iterator[None]:
        try:
            yield
        except SandboxGone as error:
            self._end(sandbox, SandboxState.LOST, "the engine has it no more")
            raise conflict(
                f"the sandbox is gone: {error}",
                where=sandbox.id,
                hint="Make another one: orcaops sandbox create …",
            ) from error

    def _touch(self, sandbox: Sandbox, *, executions: int = 0) -> None:
        with self._store.write() as transaction:
            now = transaction.sandboxes.get(sandbox.workspace, sandbox.id)
            _change(transaction, now, used_at=self._clock(), executions=now.executions + executions)

    def _end(self, sandbox: Sandbox, state: SandboxState, reason: str, *, by: str | None = None) -> Sandbox:
        with self._store.write() as transaction:
            before = transaction.sandboxes.get(sandbox.workspace, sandbox.id)
            ended = _change(transaction, before, state=state, ended_at=self._clock(), reason=reason)
            if by is not None and not before.state.final:
                self._note(transaction, ended, "remove", by, reason)
        return self._now(ended, ())

    def _note(
        self, transaction: Transaction, sandbox: Sandbox, verb: str, by: str, reason: str | None
    ) -> None:
        self._signing.sign(transaction, sandbox.workspace, "sandbox", sandbox.id, verb, by=by, reason=reason)

    def _filled(self, spec: SandboxSpec) -> SandboxSpec:
        """What was asked for, on top of its template."""
        if spec.template is not None:
            template = self._templates.get(spec.template)
            if template is None:
                known = ", ".join(sorted(self._templates)) or "none"
                raise not_found(
                    f"there is no template {spec.template!r}",
                    where="template",
                    hint=f"Configured here: {known} (sandboxes.templates).",
                )
            asked = spec.model_dump(exclude_unset=True)
            try:
                spec = SandboxSpec.model_validate({**template, **asked})
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                raise invalid(
                    f"the template {spec.template!r} cannot be: {place}: {first['msg']}",
                    where="sandboxes.templates",
                ) from None
        if spec.image is None:
            raise invalid("a sandbox needs an image", where="image", hint="Give --image, or --template.")
        return spec

    def _engine(self) -> tuple[str, Engines]:
        able = [(name, each) for name, each in self._executors.items() if isinstance(each, Sandboxable)]
        if not able:
            raise conflict("no executor here can keep a sandbox", where="executor")
        for name, executor in able:
            if self._executors[name].probe().usable:
                return name, executor.sandboxes
        raise unavailable(
            "no container engine answers, and sandboxes are containers",
            where="executor",
            hint="Start the engine; `orcaops doctor` says more.",
        )


def _change(transaction: Transaction, sandbox: Sandbox, **changes: object) -> Sandbox:
    """Change these fields of a sandbox as it is now; one that is gone stays so."""
    now = transaction.sandboxes.get(sandbox.workspace, sandbox.id)
    if now.state.final:
        return now
    changed = now.model_copy(update=changes)
    transaction.sandboxes.put(changed)
    return changed


def _named(transaction: Transaction, workspace: str, wanted: str) -> Sandbox:
    """By id; else the living one of that name, or the only one whose id begins so."""
    living = [each for each in transaction.sandboxes.living() if each.workspace == workspace]
    fitting = [each for each in living if each.name == wanted] or [
        each for each in living if len(wanted) >= _SHORTEST and each.id.startswith(wanted)
    ]
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        raise not_found(
            f"{len(fitting)} sandboxes are called {wanted!r}", where="id", hint="Say more of the id."
        )
    return transaction.sandboxes.get(workspace, wanted)


def _absolute(path: str) -> str:
    """A path inside a sandbox: from its root, without climbing. Raises ``invalid``."""
    if not path.startswith("/") or ".." in path.split("/") or "\x00" in path:
        raise invalid(
            f"{path[:120]!r} is no path from the sandbox's root",
            where="path",
            hint="Write it from the root and without '..': /srv/data",
        )
    folder = path.endswith("/") and path != "/"
    return posixpath.normpath(path) + ("/" if folder else "")
