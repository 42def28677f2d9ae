"""Tool: one question that an agent can ask, or one thing that it can have done.

A tool is an async function from a call and its arguments to an answer. Both are models: what they
refuse and what they promise is exactly what the tool's schemas say.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from mcp.types import Tool as Listed
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from orcaops.interfaces.mcp.call import Call
from orcaops.interfaces.mcp.schemas import input_schema, output_schema
from orcaops.model.job import Workspace
from orcaops.model.word import Word

PREFIX = "orcaops_"
WORKSPACE = "By default the server's own."


class Asked(Word):
    """The arguments that every tool takes. Others than its own are refused."""

    workspace: Workspace | None = Field(None, description=WORKSPACE)


A = TypeVar("A", bound=BaseModel)
Do = Callable[[Call, Any], Awaitable[BaseModel]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function with what a client must know before it calls it.

    ``writes`` tools are absent from a server that only reads. ``destroys`` says that a call may end or
    overwrite something, ``repeatable`` that a second call with the same arguments changes nothing more,
    ``reaches_out`` that it touches what OrcaOps does not know.
    """

    name: str
    title: str
    description: str
    asked: type[BaseModel]
    answer: type[BaseModel]
    do: Do
    writes: bool
    destroys: bool
    repeatable: bool
    reaches_out: bool

    def listed(self) -> Listed:
        """The tool as clients see it."""
        return Listed(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=input_schema(self.asked),
            output_schema=output_schema(self.answer),
            annotations=ToolAnnotations(
                title=self.title,
                read_only_hint=not self.writes,
                destructive_hint=self.destroys,
                idempotent_hint=self.repeatable,
                open_world_hint=self.reaches_out,
            ),
        )


def tool(
    title: str,
    *,
    writes: bool = False,
    destroys: bool = False,
    repeatable: bool = True,
    reaches_out: bool = False,
) -> Callable[[Callable[[Call, A], Awaitable[BaseModel]]], Tool]:
    """Make a tool of a function: its docstring is the description, its types are the schemas."""

    def make(function: Callable[[Call, A], Awaitable[BaseModel]]) -> Tool:
        types = get_type_hints(function)
        return Tool(
            name=PREFIX + function.__name__,
            title=title,
            description=inspect.cleandoc(function.__doc__ or ""),
            asked=types["asked"],
            answer=types["return"],
            do=function,
            writes=writes,
            destroys=destroys,
            repeatable=repeatable,
            reaches_out=reaches_out,
        )

    return make
