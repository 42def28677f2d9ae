"""RemoteApp: the services of a server, under the same names as those of this process.

Commands do not care which they hold. What only the server's own machine can do (``gc``,
``relearn``, ``exam``) says so.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import quote

from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.model.errors import ErrorCode, OrcaError, forbidden, not_found, unavailable
from orcaops.model.forecast import Forecast
from orcaops.model.identity import is_id
from orcaops.model.job import JobSpec
from orcaops.model.logline import LogLine, Stream
from orcaops.model.prediction import Abstained, Forecasts
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Artifact, Run
from orcaops.model.summary import Summary
from orcaops.model.word import Word

if TYPE_CHECKING:
    import httpx2

    from orcaops.config import Settings
    from orcaops.model.debug import DebugAnalysis, PatternMatch
    from orcaops.model.pattern import FailurePattern
    from orcaops.services.upkeep import Check

W = TypeVar("W", bound=Word)

_WAIT_S = 30.0  # how long one request may wait for a run's end
_ABSORBED_WITHIN_S = 3.0  # what was unusual is known only once the server has learned from the run
_PAGE = 1000

_UNAUTHORIZED = 401
_PLURALS = {"job": "jobs", "anomaly": "anomalies", "recommendation": "recommendations"}


class Connection:
    """Requests to one server; its problem documents become the errors that its services raised."""

    def __init__(self, settings: "Settings") -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
        self.url = (settings.url or "").rstrip("/")
        self._has_token = bool(settings.token)
        self._client = httpx2.Client(
            base_url=self.url, headers=headers, timeout=httpx2.Timeout(_WAIT_S + 15.0)
        )

    def ask(self, method: str, path: str, *, body: Any = None, **query: Any) -> "httpx2.Response":
        """The answer to a request.

        Raises what the server's service raised, ``unavailable`` if none answers.
        """
        import httpx2

        given = {name: value for name, value in query.items() if value is not None}
        try:
            answer = self._client.request(method, f"/orcaops{path}", params=given, json=body)
        except httpx2.InvalidURL:
            raise self._unreachable("it is no URL") from None
        except httpx2.HTTPError as error:
            raise self._unreachable(str(error)) from None
        self._check(answer)
        return answer

    def post_file(self, path: str, file: Path, **query: Any) -> "httpx2.Response":
        """Send a file as it is."""
        import httpx2

        try:
            with file.open("rb") as content:
                answer = self._client.post(
                    f"/orcaops{path}",
                    params={name: value for name, value in query.items() if value is not None},
                    content=content,
                    headers={"Content-Type": "application/octet-stream"},
                    timeout=None,
                )
        except httpx2.HTTPError as error:
            raise self._unreachable(str(error)) from None
        self._check(answer)
        return answer

    def stream(self, path: str, **query: Any) -> Iterator[bytes]:
        """The pieces of a long answer as they come."""
        import httpx2

        try:
            with self._client.stream("GET", f"/orcaops{path}", params=query, timeout=None) as answer:
                if answer.is_error:
                    answer.read()
                self._check(answer)
                yield from answer.iter_bytes()
        except httpx2.HTTPError as error:
            raise self._unreachable(str(error)) from None

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _check(self, answer: "httpx2.Response") -> None:
        if not answer.is_error:
            return
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        if answer.status_code == _UNAUTHORIZED:
            raise forbidden(
                "the server wants another token" if self._has_token else "the server wants a token",
                where=self.url,
                hint="Set ORCAOPS_TOKEN to the token that the server was started with.",
            )
        code = problem.get("code", "")
        raise OrcaError(
            ErrorCode(code) if code in set(ErrorCode) else ErrorCode.UNAVAILABLE,
            problem.get("detail") or f"the server answered {answer.status_code}",
            where=problem.get("where") or "",
            hint=problem.get("hint") or "",
        )

    def _unreachable(self, why: str) -> OrcaError:
        return unavailable(
            f"does not answer: {why}",
            where=self.url or "ORCAOPS_URL",
            hint="Check ORCAOPS_URL, and that `orcaops serve` runs there; unset it to work locally.",
        )


class RemoteApp:
    """The services of a server."""

    def __init__(self, settings: "Settings") -> None:
        self._connection = Connection(settings)
        self.settings = settings
        self.jobs = RemoteJobs(self._connection)
        self.insights = RemoteInsights(self._connection)
        self.failures = RemoteFailures(self._connection)
        self.predictions = RemotePredictions(self._connection)
        self.forecasts = RemoteForecasts(self._connection)
        self.advice = RemoteAdvice(self._connection)
        self.history = RemoteHistory(self._connection)
        self.upkeep = RemoteUpkeep(self._connection)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class RemoteJobs:
    """See :class:`orcaops.services.jobs.Jobs`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def submit(self, spec: JobSpec) -> Run:
        """Accept a job."""
        body = spec.model_dump(mode="json", exclude_defaults=True)
        return Run.from_stored(self._connection.ask("POST", "/jobs", body=body).content)

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
            run = self.wait(run.workspace, run.job_id, timeout_s=_WAIT_S)
        deadline = time.monotonic() + _ABSORBED_WITHIN_S
        while run.number is None and time.monotonic() < deadline:
            time.sleep(0.05)
            run = self.get(run.workspace, run.job_id)
        return run

    def get(self, workspace: str, job_id: str) -> Run:
        """One run."""
        return Run.from_stored(self._connection.ask("GET", _job(job_id), workspace=workspace).content)

    def page(
        self, workspace: str, *, q: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Run]:
        """Runs that match."""
        answer = self._connection.ask("GET", "/jobs", workspace=workspace, q=q, limit=limit, cursor=cursor)
        return _page(Run, answer.content)

    def facets(self, workspace: str, *, q: str = "") -> dict[str, dict[str, int]]:
        """How the matches spread."""
        answer = self._connection.ask("GET", "/jobs/facets", workspace=workspace, q=q)
        facets: dict[str, dict[str, int]] = answer.json()["facets"]
        return facets

    def wait(self, workspace: str, job_id: str, *, timeout_s: float) -> Run:
        """The run once it is final, or as it is then."""
        answer = self._connection.ask("GET", _job(job_id), workspace=workspace, wait=timeout_s)
        return Run.from_stored(answer.content)

    def cancel(self, workspace: str, job_id: str, *, by: str) -> Run:  # noqa: ARG002 - the server knows who asks
        """Stop a job."""
        return Run.from_stored(
            self._connection.ask("POST", f"{_job(job_id)}/cancel", workspace=workspace).content
        )

    def rerun(self, workspace: str, job_id: str) -> JobSpec:
        """The specification to run a job again."""
        from orcaops.services.jobs import spec_to_rerun

        return spec_to_rerun(self.get(workspace, job_id))

    def log_lines(self, workspace: str, job_id: str, *, after: int = -1) -> Iterator[LogLine]:
        """What a run has printed so far."""
        cursor: int | None = after
        while cursor is not None:
            answer = self._connection.ask(
                "GET", f"{_job(job_id)}/logs", workspace=workspace, after=cursor, limit=_PAGE
            )
            page = _page(LogLine, answer.content)
            yield from page.items
            cursor = int(page.next_cursor) if page.next_cursor is not None else None

    def log_tail(self, workspace: str, job_id: str, count: int) -> list[LogLine]:
        """The last lines."""
        from collections import deque

        return list(deque(self.log_lines(workspace, job_id), maxlen=count))

    def follow(self, workspace: str, job_id: str, *, after: int = -1) -> Iterator[LogLine | None]:
        """All output, then what comes, until the run is final."""
        pieces = self._connection.stream(f"{_job(job_id)}/logs/stream", workspace=workspace, after=after)
        for name, data in _events(pieces):
            if name == "line":
                yield LogLine.from_stored(data)
            elif name == "end":
                return

    def summary(self, workspace: str, job_id: str) -> Summary:
        """A run told in a few lines."""
        return Summary.from_stored(
            self._connection.ask("GET", f"{_job(job_id)}/summary", workspace=workspace).content
        )

    def artifacts(self, workspace: str, job_id: str) -> tuple[Artifact, ...]:
        """The files that a run left."""
        answer = self._connection.ask("GET", f"{_job(job_id)}/artifacts", workspace=workspace)
        return tuple(Artifact.from_stored(item) for item in answer.json()["items"])

    def artifact(self, workspace: str, job_id: str, path: str) -> Path:
        """A copy of an artifact on this machine."""
        place = Path(tempfile.mkdtemp(prefix="orcaops-artifact-")) / "content"
        with place.open("wb") as file:
            for piece in self._connection.stream(
                f"{_job(job_id)}/artifacts/{quote(path)}", workspace=workspace
            ):
                file.write(piece)
        return place


class RemoteInsights:
    """See :class:`orcaops.services.insights.Insights`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def baselines(
        self, workspace: str, *, text: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Baseline]:
        """Baselines, latest update first."""
        answer = self._connection.ask(
            "GET", "/baselines", workspace=workspace, q=text, limit=limit, cursor=cursor
        )
        return _page(Baseline, answer.content)

    def baseline(self, workspace: str, key: str) -> Baseline:
        """One baseline."""
        answer = self._connection.ask("GET", f"/baselines/{quote(key, safe='')}", workspace=workspace)
        return Baseline.from_stored(answer.content)

    def each_baseline(self, workspace: str) -> Iterator[Baseline]:
        """All baselines."""
        cursor: str | None = None
        while True:
            page = self.baselines(workspace, limit=_PAGE, cursor=cursor)
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def reset_baseline(self, workspace: str, key: str, *, by: str, reason: str | None = None) -> None:  # noqa: ARG002
        """Forget what is normal for a key."""
        self._connection.ask(
            "DELETE", f"/baselines/{quote(key, safe='')}", workspace=workspace, reason=reason
        )

    def anomalies(
        self,
        workspace: str,
        *,
        filters: dict[str, str] | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Anomaly]:
        """Anomalies, latest first."""
        asked = {
            "workspace": workspace,
            "q": text or None,
            "limit": limit,
            "cursor": cursor,
            **(filters or {}),
        }
        return _page(Anomaly, self._connection.ask("GET", "/anomalies", **asked).content)

    def anomaly(self, workspace: str, anomaly_id: str) -> Anomaly:
        """One anomaly."""
        answer = self._connection.ask("GET", _place("anomaly", anomaly_id), workspace=workspace)
        return Anomaly.from_stored(answer.content)

    def anomalies_of(self, workspace: str, job_id: str) -> list[Anomaly]:
        """The anomalies that a run began or belongs to."""
        return list(self.anomalies(workspace, filters={"job_id": job_id}).items)

    def acknowledge(self, workspace: str, anomaly_id: str, *, by: str, note: str | None = None) -> Anomaly:  # noqa: ARG002
        """Note that somebody has seen it."""
        return self._decide(workspace, anomaly_id, "acknowledge", {"note": note})

    def resolve(self, workspace: str, anomaly_id: str, *, by: str, resolution: str) -> Anomaly:  # noqa: ARG002
        """Note what ended it."""
        return self._decide(workspace, anomaly_id, "resolve", {"resolution": resolution})

    def reopen(self, workspace: str, anomaly_id: str, *, by: str, note: str | None = None) -> Anomaly:  # noqa: ARG002
        """Take it back."""
        return self._decide(workspace, anomaly_id, "reopen", {"note": note})

    def _decide(self, workspace: str, anomaly_id: str, verb: str, body: dict[str, str | None]) -> Anomaly:
        path = f"{_place('anomaly', anomaly_id)}/{verb}"
        return Anomaly.from_stored(self._connection.ask("POST", path, body=body, workspace=workspace).content)


class RemoteFailures:
    """See :class:`orcaops.services.failures.Failures`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def debug(self, workspace: str, job_id: str) -> "DebugAnalysis":
        """Why a run failed."""
        from orcaops.model.debug import DebugAnalysis

        answer = self._connection.ask("GET", f"{_job(job_id)}/debug", workspace=workspace)
        return DebugAnalysis.from_stored(answer.content)

    def patterns(
        self, *, text: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> "Page[FailurePattern]":
        """Known failures by id."""
        from orcaops.model.pattern import FailurePattern

        answer = self._connection.ask("GET", "/patterns", q=text, limit=limit, cursor=cursor)
        return _page(FailurePattern, answer.content)

    def pattern(self, pattern_id: str) -> "FailurePattern":
        """One known failure."""
        cursor: str | None = None
        while True:
            page = self.patterns(text=pattern_id, limit=_PAGE, cursor=cursor)
            for pattern in page.items:
                if pattern.id == pattern_id:
                    return pattern
            if (cursor := page.next_cursor) is None:
                raise not_found(
                    f"there is no pattern {pattern_id!r}", where="pattern", hint="List them: orcaops kb list"
                )

    def match(self, chunks: Iterable[bytes]) -> "tuple[PatternMatch, ...]":
        """The known failures in a text that lies here, by what this program knows itself."""
        from orcaops.learning.failures.knowledge import KnowledgeBase
        from orcaops.services.diagnosis import matches_in

        return matches_in(KnowledgeBase.shipped(), chunks)


class RemotePredictions:
    """See :class:`orcaops.services.predictions.Predictions`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def predict(self, spec: JobSpec) -> Forecasts:
        """What is expected of a job."""
        body = spec.model_dump(mode="json", exclude_defaults=True)
        return Forecasts.from_stored(self._connection.ask("POST", "/predictions", body=body).content)


class RemoteForecasts:
    """See :class:`orcaops.services.forecasts.Forecasts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def forecast(
        self, workspace: str, *, hours: int = 48, at: datetime | None = None
    ) -> Forecast | Abstained:
        """The hours ahead."""
        if at is not None:
            raise _only_there("forecast --at", self._connection.url)
        answer = self._connection.ask("GET", "/forecast", workspace=workspace, hours=hours)
        word = Abstained if "abstention" in answer.json() else Forecast
        return word.from_stored(answer.content)


class RemoteAdvice:
    """See :class:`orcaops.services.advice.Advice`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recommendations(
        self,
        workspace: str,
        *,
        state: str | None = "open",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Recommendation]:
        """Recommendations, the most worthwhile first."""
        answer = self._connection.ask(
            "GET", "/recommendations", workspace=workspace, state=state or "all", limit=limit, cursor=cursor
        )
        return _page(Recommendation, answer.content)

    def recommendation(self, workspace: str, recommendation_id: str) -> Recommendation:
        """One recommendation."""
        path = _place("recommendation", recommendation_id)
        return Recommendation.from_stored(self._connection.ask("GET", path, workspace=workspace).content)

    def dismiss(self, workspace: str, recommendation_id: str, *, by: str, reason: str) -> Recommendation:  # noqa: ARG002
        """Say no to it."""
        return self._decide(workspace, recommendation_id, "dismiss", {"reason": reason})

    def apply(self, workspace: str, recommendation_id: str, *, by: str) -> Recommendation:  # noqa: ARG002
        """Note that it has been applied."""
        return self._decide(workspace, recommendation_id, "apply", None)

    def _decide(
        self, workspace: str, recommendation_id: str, verb: str, body: dict[str, str] | None
    ) -> Recommendation:
        path = f"{_place('recommendation', recommendation_id)}/{verb}"
        answer = self._connection.ask("POST", path, body=body, workspace=workspace)
        return Recommendation.from_stored(answer.content)


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

    def examine(self, workspace: str) -> NoReturn:
        """Only there."""
        raise _only_there("exam", workspace)

    def examine_file(self, path: Path, format_name: str) -> NoReturn:
        """Only there."""
        raise _only_there("exam", f"{path} ({format_name})")


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
        from orcaops.services.upkeep import Check

        self._connection.ask("GET", "/jobs", limit=1)
        hint = "`orcaops doctor` on its machine, or its /readyz, says more."
        return [Check(name="server", state="ok", sentence=f"{self._connection.url} answers", hint=hint)]

    def gc(self, *, dry_run: bool = False) -> NoReturn:  # noqa: ARG002
        """Only there."""
        raise _only_there("gc", self._connection.url)

    def relearn(self, progress: Callable[[int], None] | None = None) -> NoReturn:  # noqa: ARG002
        """Only there."""
        raise _only_there("relearn", self._connection.url)


def _only_there(command: str, where: str) -> OrcaError:
    return forbidden(
        f"`orcaops {command}` works on the machine of the server only",
        where=where,
        hint="Run it there, or unset ORCAOPS_URL to work on local state.",
    )


def _job(job_id: str) -> str:
    return _place("job", job_id)


def _place(noun: str, known_by: str) -> str:
    """The path of one thing. Raises ``not_found`` for what cannot be the id of any, as the services do."""
    if not is_id(known_by):
        raise not_found(
            f"there is no {noun} {known_by!r}",
            where="id",
            hint=f"'orcaops {_PLURALS[noun]} list' shows them.",
        )
    return f"/{_PLURALS[noun]}/{quote(known_by, safe='')}"


def _page(word: type[W], content: bytes) -> Page[W]:
    document = json.loads(content)
    return Page[W](
        items=tuple(word.from_stored(item) for item in document["items"]),
        next_cursor=document.get("next_cursor"),
        total=document.get("total"),
    )


def _events(pieces: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """Server-sent events as (name, data); comments are passed over."""
    rest = b""
    for piece in pieces:
        *events, rest = (rest + piece).split(b"\n\n")
        for event in events:
            fields = dict(
                line.split(b": ", 1) for line in event.split(b"\n") if b": " in line and line[:1] != b":"
            )
            if b"data" in fields:
                yield fields.get(b"event", b"message").decode(), fields[b"data"]
