"""Jobs of a server, under the names of :mod:`orcaops.services.jobs`."""

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from orcaops.interfaces.cli.remote.answers import page_of
from orcaops.interfaces.cli.remote.connection import PAGE, WAIT_S, Connection
from orcaops.interfaces.cli.remote.paths import job_path
from orcaops.interfaces.cli.remote.patience import AwayError
from orcaops.model.job import JobSpec
from orcaops.model.logline import LogLine, Stream
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.run import Artifact, Run, Status
from orcaops.model.summary import Summary

_ABSORBED_WITHIN_S = 3.0  # what was unusual is known only once the server has learned from the run


class RemoteJobs:
    """See :class:`orcaops.services.jobs.Jobs`."""

    def __init__(self, connection: Connection, copies: ExitStack) -> None:
        """``copies`` removes in the end what was copied to this machine."""
        self._connection = connection
        self._copies = copies

    def submit(self, spec: JobSpec) -> Run:
        """Accept a job."""
        body = spec.model_dump(mode="json", exclude_defaults=True)
        return self._connection.word(Run, "POST", "/jobs", body=body)

    def run(
        self,
        spec: JobSpec,
        *,
        on_accepted: Callable[[Run], None] | None = None,
        on_output: Callable[[Stream, bytes], None] | None = None,
    ) -> Run:
        """Submit a job, pass on its output, and wait for its end; returns its final record."""
        run = self.submit(spec)
        if on_accepted is not None:
            on_accepted(run)
        for line in self.follow(run.workspace, run.job_id):
            if line is not None and on_output is not None:
                on_output(line.stream, line.text.encode() + (b"" if line.partial else b"\n"))
        while not run.status.final:
            run = self.wait(run.workspace, run.job_id, timeout_s=WAIT_S)
        deadline = time.monotonic() + _ABSORBED_WITHIN_S
        with contextlib.suppress(AwayError):  # how it ended is known
            while run.number is None and time.monotonic() < deadline:
                time.sleep(0.05)
                run = self.get(run.workspace, run.job_id)
        return run

    def get(self, workspace: str, job_id: str) -> Run:
        """One run."""
        return self._connection.word(Run, "GET", job_path(job_id), workspace=workspace)

    def page(
        self, workspace: str, *, q: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Run]:
        """Runs that match."""
        return self._connection.page(Run, "/jobs", workspace=workspace, q=q, limit=limit, cursor=cursor)

    def facets(self, workspace: str, *, q: str = "") -> dict[str, dict[str, int]]:
        """How the matches spread."""
        answer = self._connection.ask("GET", "/jobs/facets", workspace=workspace, q=q)
        facets: dict[str, dict[str, int]] = answer.json()["facets"]
        return facets

    def wait(self, workspace: str, job_id: str, *, timeout_s: float) -> Run:
        """The run once it is final, or as it is then."""
        self._connection.patience.job_id = job_id
        return self._connection.word(Run, "GET", job_path(job_id), workspace=workspace, wait=timeout_s)

    def cancel(self, workspace: str, job_id: str, *, by: str) -> Run:  # noqa: ARG002 - the server knows who asks
        """Stop a job."""
        self._connection.patience.job_id = job_id
        with contextlib.closing(self._connection.afresh()) as connection:
            return connection.word(Run, "POST", f"{job_path(job_id)}/cancel", workspace=workspace)

    def rerun(self, workspace: str, job_id: str) -> JobSpec:
        """The specification to run a job again."""
        from orcaops.services.jobs import spec_to_rerun

        return spec_to_rerun(self.get(workspace, job_id))

    def log_lines(self, workspace: str, job_id: str, *, after: int = -1) -> Iterator[LogLine]:
        """What a run has printed so far."""
        cursor: int | None = after
        while cursor is not None:
            answer = self._connection.ask(
                "GET", f"{job_path(job_id)}/logs", workspace=workspace, after=cursor, limit=PAGE
            )
            page = page_of(LogLine, answer.content)
            yield from page.items
            cursor = int(page.next_cursor) if page.next_cursor is not None else None

    def log_tail(self, workspace: str, job_id: str, count: int) -> list[LogLine]:
        """The last lines."""
        from collections import deque

        return list(deque(self.log_lines(workspace, job_id), maxlen=count))

    def follow(self, workspace: str, job_id: str, *, after: int = -1) -> Iterator[LogLine | None]:
        """All output, then what comes, until the run is final."""
        self._connection.patience.job_id = job_id
        events = self._connection.events(
            f"{job_path(job_id)}/logs/stream", lambda: {"workspace": workspace, "after": after}
        )
        for name, data in events:
            if name == "line":
                line = LogLine.from_stored(data)
                after = line.offset
                yield line
            elif name == "end" and Status(json.loads(data)["status"]).final:
                return  # a server that is just taking the job over may have ended the log and not yet the job

    def summary(self, workspace: str, job_id: str) -> Summary:
        """A run told in a few lines."""
        return self._connection.word(Summary, "GET", f"{job_path(job_id)}/summary", workspace=workspace)

    def artifacts(self, workspace: str, job_id: str) -> tuple[Artifact, ...]:
        """The files that a run left."""
        return self._connection.every(Artifact, f"{job_path(job_id)}/artifacts", workspace)

    def artifact(self, workspace: str, job_id: str, path: str) -> Path:
        """A copy of an artifact on this machine, until the end of the command."""
        folder = self._copies.enter_context(tempfile.TemporaryDirectory(prefix="orcaops-artifact-"))
        place = Path(folder) / "content"

        def fetch() -> Path:
            with place.open("wb") as file:
                for piece in self._connection.stream(
                    f"{job_path(job_id)}/artifacts/{quote(path)}", workspace=workspace
                ):
                    file.write(piece)
            return place

        return self._connection.patiently(fetch)
