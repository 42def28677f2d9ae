"""Arguments: what requests may carry beside their path, read strictly.

Unknown and repeated parameters are refused, and bodies are validated without bending types: what a
request says is what it means, or it is told why not.
"""

import re
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import from_json, to_json
from starlette.exceptions import HTTPException

from orcaops.app import App
from orcaops.model.errors import invalid
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.query import DEFAULT_LIMIT, LARGEST_LIMIT

LARGEST_BODY_BYTES = 16 * 1024 * 1024  # 4096 arguments of a few kilobytes each, as a specification may have

_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)

Body = TypeVar("Body", bound=BaseModel)
P = ParamSpec("P")
T = TypeVar("T")


def _whole(value: object) -> object:
    """A number as digits only: no ``1_000``, ``1.0`` or blanks, which readers elsewhere take differently."""
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            raise ValueError("a whole number is expected")
        return int(value)
    return value


Digits = BeforeValidator(_whole)
Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT, description="Most items of a page."), Digits]
Cursor = Annotated[str, Field(max_length=2048, description="`next_cursor` of the page before, same filter.")]
Offset = Annotated[int, Field(ge=-1, le=2**63 - 1), Digits]
SearchText = Annotated[str, Field(max_length=4096)]
YesOrNo = Literal["true", "false"]
"""A parameter that is on or off, in these letters only."""
NoteText = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]


class NothingAsked(BaseModel):
    """No parameters: the body says everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(NothingAsked):
    """The parameters of every request that is about something there is."""

    workspace: Workspace = Field(DEFAULT_WORKSPACE, description="Workspace that is asked about.")


class PageAsked(Asked):
    """The parameters of every list; each says what its ``q`` looks at."""

    q: SearchText = Field("", description="A part of what is listed; `*` stands for anything.")
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


async def house(request: Request) -> App:
    """The application whose services answer."""
    app: App = request.app.state.orcaops
    return app


House = Annotated[App, Depends(house)]
JobId = Annotated[
    str,
    Path(description="Id of a job.", min_length=1, max_length=128, examples=["01jd2vq8k3m4n5p6q7r8s9t0vw"]),
]
InWorkspace = Annotated[Asked, Query()]
InPages = Annotated[PageAsked, Query()]
NoQuery = Annotated[NothingAsked, Query()]


async def plain_request(request: Request) -> None:
    """Refuse what no request of ours means: a parameter twice, or a NUL. Raises ``invalid``."""
    seen = set()
    for name, value in request.query_params.multi_items():
        if name in seen:
            raise invalid(f"{name!r} is given twice", where=f"query.{name}", hint="Give it once.")
        seen.add(name)
        if "\x00" in name or "\x00" in value:
            raise invalid("a NUL cannot be part of a parameter", where="query", hint="Leave it out.")
    for name, value in request.path_params.items():
        if "\x00" in str(value):
            raise invalid("a NUL cannot be part of an address", where=f"path.{name}", hint="Leave it out.")


async def json_body(request: Request) -> bytes:
    """The request's JSON, unread. Raises ``HTTPException`` 415 for another kind, 413 for too much."""
    kind = media_type_of(request)
    if (
        not kind
        and request.headers.get("content-length", "0") == "0"
        and "transfer-encoding" not in request.headers
    ):
        return b""
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(
            415, f"{kind or 'a body without Content-Type'} is not read here: send application/json"
        )
    pieces = [piece async for piece in bounded(request, LARGEST_BODY_BYTES)]
    return b"".join(pieces)


JsonBody = Annotated[bytes, Depends(json_body)]


def parsed(model: type[Body], body: bytes) -> Body:
    """The body as a word, every type as it was sent; nothing is an object without fields.

    Raises ``RequestValidationError``.
    """
    body = body or b"{}"
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        if any(flaw["type"] == "int_type" for flaw in error.errors()):
            document = from_json(body)
            whole = to_json(_wholes(document))
            if whole != to_json(document):
                return parsed(model, whole)
        flaws = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**flaw, "loc": ("body", *flaw["loc"])} for flaw in flaws]) from None


def _wholes(value: Any) -> Any:
    """A document with ``1.0`` written as ``1``: in JSON these are the same number."""
    if isinstance(value, dict):
        return {name: _wholes(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_wholes(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def media_type_of(request: Request) -> str:
    """The kind of body, in lower case and without parameters; empty if the request does not say."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def bounded(request: Request, most_bytes: int) -> AsyncIterator[bytes]:
    """The body piece by piece. Raises ``HTTPException`` 413 once it is larger than ``most_bytes``."""
    said = request.headers.get("content-length", "0")
    received = 0
    if said.isascii() and said.isdigit() and int(said) > most_bytes:
        raise HTTPException(413, f"a body of {said} bytes is too large: {most_bytes} are accepted here")
    async for piece in request.stream():
        received += len(piece)
        if received > most_bytes:
            raise HTTPException(413, f"the body is too large: {most_bytes} bytes are accepted here")
        yield piece


async def in_waiting_thread(request: Request, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what may take long in a thread kept for that, so that quick requests never queue behind it."""
    limiter: CapacityLimiter = request.app.state.waiting
    return await to_thread.run_sync(partial(do, *args, **kwargs), limiter=limiter, abandon_on_cancel=False)
