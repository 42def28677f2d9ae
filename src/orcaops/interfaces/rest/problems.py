"""Problems: how every failure looks over HTTP, as RFC 9457 has it.

One table says which status an error code has; nothing else decides it.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from orcaops.model.errors import ErrorCode, OrcaError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

STATUS: Mapping[str, int] = {
    ErrorCode.INVALID: 422,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
    # What only HTTP can do wrong:
    "unauthenticated": 401,
    "method_not_allowed": 405,
    "too_large": 413,
    "unsupported_media_type": 415,
}
CODE: Mapping[int, str] = {status: str(code) for code, status in STATUS.items()}

MEANING: Mapping[str, str] = {
    "invalid": "The request can never work as it is: a field, a parameter or the search is impossible.",
    "not_found": "The thing named does not exist, in this workspace.",
    "conflict": "The request contradicts itself, or what is already there.",
    "forbidden": "A policy says no.",
    "unavailable": "Something OrcaOps depends on does not answer now. Try again after `Retry-After` seconds.",
    "internal": "A bug of OrcaOps. Its log says more.",
    "unauthenticated": "The request shows no token, or a wrong one.",
    "method_not_allowed": "This address knows other methods; `Allow` names them.",
    "too_large": "The request's body is larger than is accepted here.",
    "unsupported_media_type": "The request's body is of a kind that is not read here.",
}

HINT: Mapping[str, str] = {
    "invalid": "/docs says what is expected here.",
    "not_found": "/docs lists what there is.",
    "conflict": "Look at what is there now, and ask again with what fits it.",
    "forbidden": "Ask whoever runs this server.",
    "unavailable": "Try again after `Retry-After` seconds; `orcaops doctor` there says what is wrong.",
    "internal": "The server's log says more.",
    "unauthenticated": "Send `Authorization: Bearer <token>`.",
    "method_not_allowed": "Use a method that `Allow` names.",
    "too_large": "Send less, or in several requests.",
    "unsupported_media_type": "Name the kind that is read here in `Content-Type`.",
}
"""What to do next where whoever raised it did not know better."""

_LONGEST = 2000  # letters of a text that came from outside


class Flaw(BaseModel):
    """One of several things that are wrong with a request."""

    model_config = ConfigDict(frozen=True)

    where: str = Field(description="The field or parameter, as a dotted path.")
    message: str


class Problem(BaseModel):
    """What went wrong, where, and what to do next (RFC 9457)."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "type": "/docs#problem-not_found",
                "title": "Not Found",
                "status": 404,
                "detail": "there is no job '01j8'",
                "code": "not_found",
                "hint": "`orcaops jobs list` shows what there is.",
                "where": "job_id",
                "errors": [],
            }
        },
    )

    type: str = Field(description="Where this kind of problem is explained.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What happened.")
    code: Literal[
        "invalid",
        "not_found",
        "conflict",
        "forbidden",
        "unavailable",
        "internal",
        "unauthenticated",
        "method_not_allowed",
        "too_large",
        "unsupported_media_type",
    ] = Field(description="The kind of problem, for programs.")
    hint: str = Field(description="What to do next.")
    where: str = Field(description="The field, parameter, file or address concerned; may be empty.")
    errors: tuple[Flaw, ...] = Field(
        (), description="Everything that is wrong, where it is more than one thing."
    )


def problem(
    code: str,
    detail: str,
    *,
    where: str = "",
    hint: str = "",
    errors: Sequence[Flaw] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as a response, with the headers that belong to its status."""
    status = STATUS[code]
    more = dict(headers or {})
    if code == "unauthenticated":
        more.setdefault("WWW-Authenticate", 'Bearer realm="orcaops"')
    if code == ErrorCode.UNAVAILABLE:
        more.setdefault("Retry-After", str(RETRY_AFTER_S))
    document = Problem(
        type=f"/docs#problem-{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=_sendable(detail),
        code=str(code),
        hint=_sendable(hint or HINT[code]),
        where=_sendable(where),
        errors=tuple(errors),
    )
    return Response(document.model_dump_json(), status, headers=more, media_type=MEDIA_TYPE)


def problem_of(error: OrcaError) -> Response:
    """An expected failure as a response. What is wrong inside is told to the log only."""
    if error.code is ErrorCode.INTERNAL:
        log.error("internal error: %s", error, exc_info=error)
        return _internal()
    return problem(error.code, error.message, where=error.where, hint=error.hint)


def answer_with_problems(api: FastAPI) -> None:
    """Let every failure of ``api`` be answered with a problem document."""

    async def expected(_request: Request, error: Exception) -> Response:
        assert isinstance(error, OrcaError)
        return problem_of(error)

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _invalid(error.errors())

    async def by_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _by_http(request, error)

    async def unexpected(_request: Request, _error: Exception) -> Response:
        return _internal()  # the server logs it

    api.add_exception_handler(OrcaError, expected)
    api.add_exception_handler(RequestValidationError, refused)
    api.add_exception_handler(HTTPException, by_http)
    api.add_exception_handler(Exception, unexpected)


def _by_http(request: Request, error: HTTPException) -> Response:
    code = CODE.get(error.status_code, ErrorCode.INVALID if error.status_code < 500 else ErrorCode.INTERNAL)
    path = request.url.path
    if code == ErrorCode.NOT_FOUND:
        return problem(code, f"there is nothing at {path}", where=path)
    if code == "method_not_allowed":
        allowed = _allowed(request) or _in_order((error.headers or {}).get("Allow", ""))
        detail = f"{request.method} does nothing at {path}"
        return problem(code, detail, where=path, hint=f"Use {allowed}.", headers={"Allow": allowed})
    return problem(code, str(error.detail), headers=error.headers)


def _allowed(request: Request) -> str:
    """The methods that an address knows, over all its routes."""
    for pattern, methods in request.app.state.resources:
        if pattern.match(request.url.path):
            return ", ".join(sorted(methods))
    return ""


def _in_order(methods: str) -> str:
    """Starlette joins a set, whose order differs from process to process."""
    return ", ".join(sorted(methods.split(", ")))


def _invalid(errors: Sequence[Any]) -> Response:
    flaws = [_flaw(error) for error in errors[:50]]
    first = flaws[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return problem(
        ErrorCode.INVALID,
        first.message + more,
        where=first.where,
        errors=flaws if len(flaws) > 1 else (),
    )


def _flaw(error: Mapping[str, Any]) -> Flaw:
    """One flaw, without the value that was sent: it may be a secret."""
    place = [str(part) for part in error["loc"]]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"nothing is called {place[-1]!r} here"
    return Flaw(where=_sendable(".".join(place)), message=_sendable(message))


def _internal() -> Response:
    return problem(ErrorCode.INTERNAL, "something went wrong inside OrcaOps")


def _sendable(text: str) -> str:
    """A text that can be encoded and is not endless, whatever it was made from."""
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return shown.encode("utf-8", "replace").decode("utf-8")
