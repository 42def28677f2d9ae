"""Connection: requests to a server; what it refuses is raised as its services raised it."""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from orcaops.interfaces.cli.output import note
from orcaops.interfaces.cli.remote.answers import events_in, page_of
from orcaops.interfaces.cli.remote.patience import AwayError, Patience
from orcaops.model.errors import ErrorCode, OrcaError, forbidden, unavailable
from orcaops.model.query import LARGEST_LIMIT, Page
from orcaops.model.word import Word

if TYPE_CHECKING:
    import httpx2

    from orcaops.config import Settings

W = TypeVar("W", bound=Word)
T = TypeVar("T")

WAIT_S = 30.0  # how long one request may wait for a run's end
PAGE = 1000  # how much of a list is asked for at once
_SILENCE_S = WAIT_S + 15.0  # after which a server that says nothing is taken for gone
_CONNECT_S = 10.0
_UNAUTHORIZED = 401
_HINT = "Check ORCAOPS_URL, and that `orcaops serve` runs there; unset it to work locally."


class Connection:
    """Requests to one server; its problem documents become the errors that its services raised."""

    def __init__(self, settings: "Settings") -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
        self.url = (settings.url or "").rstrip("/")
        self.patience = Patience(settings.url_wait)
        self._settings = settings
        self._has_token = bool(settings.token)
        self._client = httpx2.Client(
            base_url=self.url, headers=headers, timeout=httpx2.Timeout(_SILENCE_S, connect=_CONNECT_S)
        )

    def afresh(self) -> "Connection":
        """Another connection to the same server, which waits for nobody that it has not reached itself.

        Raises ``AwayError`` if the server is being waited for on this one.
        """
        if self.patience.waiting:
            raise self._unreachable("it is being waited for")
        return Connection(self._settings)

    def ask(self, method: str, path: str, *, body: Any = None, **query: Any) -> "httpx2.Response":
        """The answer to a request. What changes something is done once, however often it has to be asked for.

        Raises what the server's service raised, ``unavailable`` if none answers.
        """
        headers = _once() if method == "POST" else None
        if method == "DELETE":  # whether one that was cut off has been done, no answer to another tells
            return self._send(method, path, json=body, params=_given(query))
        return self.patiently(
            lambda: self._send(method, path, json=body, params=_given(query), headers=headers)
        )

    def patiently(self, attempt: Callable[[], T]) -> T:
        """What ``attempt`` gives, made again while the server is away. The one place that waits for it."""
        try:
            while True:
                try:
                    return attempt()
                except AwayError as away:
                    self.patience.bear(away)
        except (KeyboardInterrupt, SystemExit):
            if self.patience.waiting:
                note(self.patience.left_alone(), "warn")
            raise

    def word(self, word: type[W], method: str, path: str, *, body: Any = None, **query: Any) -> W:
        """The one word that a request is answered with."""
        return word.from_stored(self.ask(method, path, body=body, **query).content)

    def page(self, word: type[W], path: str, **query: Any) -> Page[W]:
        """The page of a list of these words; an empty filter is none."""
        given = {name: value for name, value in query.items() if value != ""}
        return page_of(word, self.ask("GET", path, **given).content)

    def every(self, word: type[W], path: str, workspace: str) -> tuple[W, ...]:
        """Everything in the list at ``path``, page after page."""
        found: list[W] = []
        cursor: str | None = None
        while True:
            page = self.page(word, path, workspace=workspace, limit=LARGEST_LIMIT, cursor=cursor)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return tuple(found)

    def post_file(self, path: str, file: Path, **query: Any) -> "httpx2.Response":
        """Send a file as it is."""
        headers = {"Content-Type": "application/octet-stream", **_once()}

        def attempt() -> "httpx2.Response":
            with file.open("rb") as content:
                return self._send(
                    "POST", path, params=_given(query), content=content, headers=headers, timeout=None
                )

        return self.patiently(attempt)

    def put_stream(self, path: str, content: IO[bytes], /, **query: Any) -> None:
        """Send a tar archive."""

        def attempt() -> "httpx2.Response":
            content.seek(0)
            headers = {"Content-Type": "application/x-tar"}
            return self._send("PUT", path, params=query, content=content, headers=headers, timeout=None)

        self.patiently(attempt)

    def stream(self, path: str, /, **query: Any) -> Iterator[bytes]:
        """The pieces of a long answer as they come; raises ``AwayError`` where it breaks off."""
        yield from self._pieces(path, query, silence_s=None)

    def events(self, path: str, resumed: Callable[[], dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
        """Server-sent events as (name, data), until whoever asks has enough.

        Where the server goes away they are asked for again, with the query that ``resumed`` gives then.
        """
        stream: Iterator[tuple[str, bytes]] | None = None

        def attempt() -> tuple[str, bytes]:
            nonlocal stream
            if stream is None:
                stream = events_in(self._pieces(path, resumed(), silence_s=_SILENCE_S))
            try:
                return next(stream)
            except StopIteration:
                stream = None
                raise self._unreachable("its answer broke off", under_way=True) from None
            except AwayError:
                stream = None
                raise

        while True:
            yield self.patiently(attempt)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _send(self, method: str, path: str, **request: Any) -> "httpx2.Response":
        import httpx2

        with self._troubles(httpx2):
            answer = self._client.request(method, f"/orcaops{path}", **request)
        self._check(answer)
        return answer

    def _pieces(self, path: str, query: dict[str, Any], *, silence_s: float | None) -> Iterator[bytes]:
        import httpx2

        timeout = httpx2.Timeout(silence_s, connect=_CONNECT_S)
        with (
            self._troubles(httpx2),
            self._client.stream("GET", f"/orcaops{path}", params=query, timeout=timeout) as answer,
        ):
            if answer.is_error:
                answer.read()
            self._check(answer)
            yield from answer.iter_bytes()

    @contextlib.contextmanager
    def _troubles(self, httpx2: Any) -> Iterator[None]:
        """What may happen to a request on its way, as errors of ours."""
        try:
            yield
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise unavailable(
                "does not answer: it is no URL", where=self.url or "ORCAOPS_URL", hint=_HINT
            ) from None
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise self._unreachable(str(error)) from None
        except httpx2.HTTPError as error:
            raise self._unreachable(str(error), under_way=True) from None

    def _check(self, answer: "httpx2.Response") -> None:
        problem = _problem_of(answer) if answer.is_error else {}
        code = problem.get("code", "")
        if answer.is_server_error and not code:  # a proxy says so, or a server that ends: it may be done
            raise self._unreachable(f"somebody answered {answer.status_code} for it", under_way=True)
        if code == ErrorCode.UNAVAILABLE and answer.request.method == "GET":  # what it stands on is away
            raise self._unreachable(problem.get("detail", ""))
        if problem.get("where") == "Idempotency-Key":  # keys are ours alone: it is the same request
            raise self._unreachable("it is still at work on this", under_way=True)
        self.patience.answered()
        if not answer.is_error:
            return
        if answer.status_code == _UNAUTHORIZED:
            raise forbidden(
                "the server wants another token" if self._has_token else "the server wants a token",
                where=self.url,
                hint="Set ORCAOPS_TOKEN to the token that the server was started with.",
            )
        raise OrcaError(
            ErrorCode(code) if code in set(ErrorCode) else ErrorCode.UNAVAILABLE,
            problem.get("detail") or f"the server answered {answer.status_code}",
            where=problem.get("where") or "",
            hint=problem.get("hint") or "",
        )

    def _unreachable(self, why: str, *, under_way: bool = False) -> AwayError:
        return AwayError(
            f"does not answer: {why}", where=self.url or "ORCAOPS_URL", hint=_HINT, under_way=under_way
        )


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _once() -> dict[str, str]:
    """What makes a request one that may be sent again."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def _problem_of(answer: "httpx2.Response") -> dict[str, Any]:
    """The problem document of our server; nothing, if somebody else answered."""
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def only_there(command: str, where: str) -> OrcaError:
    """The refusal of a command that works where the state lies."""
    return forbidden(
        f"`orcaops {command}` works on the machine of the server only",
        where=where,
        hint="Run it there, or unset ORCAOPS_URL to work on local state.",
    )
