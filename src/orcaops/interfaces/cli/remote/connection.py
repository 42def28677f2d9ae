"""Connection: requests to a server; what it refuses is raised as its services raised it."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from orcaops.interfaces.cli.remote.answers import page_of
from orcaops.model.errors import ErrorCode, OrcaError, forbidden, unavailable
from orcaops.model.query import LARGEST_LIMIT, Page
from orcaops.model.word import Word

if TYPE_CHECKING:
    import httpx2

    from orcaops.config import Settings

W = TypeVar("W", bound=Word)

WAIT_S = 30.0  # how long one request may wait for a run's end
PAGE = 1000  # how much of a list is asked for at once
_UNAUTHORIZED = 401


class Connection:
    """Requests to one server; its problem documents become the errors that its services raised."""

    def __init__(self, settings: "Settings") -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
        self.url = (settings.url or "").rstrip("/")
        self._has_token = bool(settings.token)
        self._client = httpx2.Client(
            base_url=self.url, headers=headers, timeout=httpx2.Timeout(WAIT_S + 15.0)
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

    def put_stream(self, path: str, content: IO[bytes], /, **query: Any) -> None:
        """Send a tar archive."""
        import httpx2

        try:
            answer = self._client.put(
                f"/orcaops{path}",
                params=query,
                content=content,
                headers={"Content-Type": "application/x-tar"},
                timeout=None,
            )
        except httpx2.HTTPError as error:
            raise self._unreachable(str(error)) from None
        self._check(answer)

    def stream(self, path: str, /, **query: Any) -> Iterator[bytes]:
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


def only_there(command: str, where: str) -> OrcaError:
    """The refusal of a command that works where the state lies."""
    return forbidden(
        f"`orcaops {command}` works on the machine of the server only",
        where=where,
        hint="Run it there, or unset ORCAOPS_URL to work on local state.",
    )
