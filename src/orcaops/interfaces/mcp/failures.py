"""Failures: how what goes wrong looks to an agent.

A tool that fails says so as its result, for the model to read: what, where, and what to do next. What is
wrong with the request itself (an unknown tool, resource or prompt) is an error of the protocol.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, TextContent
from pydantic import ValidationError

from orcaops.interfaces.mcp.answers import cut
from orcaops.model.errors import ErrorCode, OrcaError, invalid

log = logging.getLogger(__name__)

PROTOCOL_CODE: Mapping[ErrorCode, int] = {
    ErrorCode.INVALID: INVALID_PARAMS,
    ErrorCode.NOT_FOUND: INVALID_PARAMS,
    ErrorCode.CONFLICT: INVALID_PARAMS,
    ErrorCode.FORBIDDEN: INVALID_PARAMS,
    ErrorCode.UNAVAILABLE: INTERNAL_ERROR,
    ErrorCode.INTERNAL: INTERNAL_ERROR,
}
"""What the protocol calls each kind of failure, outside tools."""

META = "orcaops/error"
"""Where a failed result has its code, message, place and hint for programs."""

_TOOL_FOR: Mapping[str, str] = {
    "`orcaops jobs list`": "orcaops_list_jobs",
    "`orcaops anomalies list`": "orcaops_get_anomalies",
    "`orcaops baselines list`": "orcaops_get_baselines",
    "`orcaops recommendations list`": "orcaops_get_recommendations",
}
"""Hints name commands; whoever has these tools may have no command line."""

_FLAWS = 10
_INTERNAL = OrcaError(
    ErrorCode.INTERNAL, "something went wrong inside OrcaOps", hint="The server's log says more."
)


def failed(error: Exception, doing: str) -> CallToolResult:
    """A failure as the result of a tool."""
    expected = _expected(error, doing)
    document = _document(expected)
    text = f"{expected.code}: {expected}"
    if expected.hint:
        text += f"\nWhat to do next: {expected.hint}"
    return CallToolResult(content=[TextContent(text=cut(text))], is_error=True, _meta={META: document})


@contextmanager
def protocol_errors(doing: str, **beside: str) -> Iterator[None]:
    """Turn failures into errors of the protocol, with code, message, place, hint and ``beside`` as data."""
    try:
        yield
    except MCPError:
        raise
    except Exception as error:
        expected = _expected(error, doing)
        text = f"{expected}. {expected.hint}" if expected.hint else str(expected)
        raise MCPError(PROTOCOL_CODE[expected.code], cut(text), _document(expected) | beside) from error


def refused(error: ValidationError) -> OrcaError:
    """Arguments that do not fit, without the values that were sent: they may be secrets."""
    flaws = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_flaw(flaw) for flaw in flaws[:_FLAWS]]
    if len(flaws) > _FLAWS:
        told.append(f"and {len(flaws) - _FLAWS} more")
    return invalid(
        "; ".join(told),
        where="arguments",
        hint="tools/list has the input schema; correct them and call again.",
    )


def _flaw(flaw: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in flaw["loc"])
    if flaw["type"] == "extra_forbidden":
        return f"there is no argument {place!r}"
    message = str(flaw["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _expected(error: Exception, doing: str) -> OrcaError:
    if isinstance(error, OrcaError) and error.code is not ErrorCode.INTERNAL:
        hint = error.hint
        for command, tool in _TOOL_FOR.items():
            hint = hint.replace(command, tool)
        return OrcaError(error.code, error.message, where=error.where, hint=hint)
    log.error("%s failed", doing, exc_info=error)
    return _INTERNAL


def _document(error: OrcaError) -> dict[str, str]:
    return {
        "code": str(error.code),
        "message": cut(error.message),
        "where": cut(error.where),
        "hint": cut(error.hint),
    }
