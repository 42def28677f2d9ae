"""Once: a decision that arrives twice under one ``Idempotency-Key`` is made once.

Every route that changes something by a decision reads its request, and hands the verb of a service with
its arguments to a :data:`Once`, which answers with the word that the verb gave, now or the first time.
"""

from collections.abc import Callable
from typing import Annotated, Concatenate, ParamSpec

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from orcaops.services.answers import Answers

P = ParamSpec("P")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A text of your choice: the same request with the same key is done once, within a day.",
    ),
]


class DoneOnce:
    """Does what one request asks for, once for its ``key``; ``path`` is what it was sent to."""

    def __init__(self, answers: Answers, path: str, key: str | None) -> None:
        self._answers = answers
        self._path = path
        self._key = key

    def __call__(
        self,
        do: Callable[Concatenate[str, P], BaseModel],
        workspace: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """The word that ``do(workspace, …)`` gives, or gave before, as a response.

        The arguments tell requests of one path apart, so they say all that a request asks for. Raises
        ``conflict`` for a key that belongs to another request.
        """
        request = repr((self._path, args, sorted(kwargs.items()))).encode("utf-8", "replace")
        answer = self._answers.once(
            workspace,
            self._key,
            request,
            lambda: do(workspace, *args, **kwargs).model_dump_json().encode(),
        )
        return Response(answer, media_type="application/json")


async def done_once(request: Request, idempotency_key: IdempotencyKey = None) -> DoneOnce:
    """How this request is done once."""
    return DoneOnce(request.app.state.answers, request.url.path, idempotency_key)


Once = Annotated[DoneOnce, Depends(done_once)]
