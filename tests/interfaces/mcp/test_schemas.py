"""Schemas: they say what the models say, in fewer words."""

import pytest
from pydantic import BaseModel

from orcaops.interfaces.mcp.schemas import input_schema, output_schema
from orcaops.interfaces.mcp.server import TOOLS
from orcaops.interfaces.mcp.tool import Tool
from orcaops.model.run import Status


class Inner(BaseModel):
    deep: int = 0


class Outer(BaseModel):
    inner: Inner
    inners: tuple[Inner, ...] = ()
    status: Status | None = None
    name: str | None = None
    title: str = "a field may be called title"


def test_references_are_written_out_and_nothing_is_lost() -> None:
    shown = output_schema(Outer)
    assert "$" not in str(shown)
    assert shown["properties"]["inner"] == {"type": "object", "properties": {"deep": {"type": "integer"}}}
    assert shown["properties"]["status"]["anyOf"][0]["enum"] == list(Status)
    assert shown["properties"]["name"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert shown["properties"]["title"] == {"type": "string"}
    assert input_schema(Outer)["properties"]["name"] == {"type": "string"}
    assert input_schema(Outer)["required"] == ["inner"]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_schema_knows_every_field(tool: Tool) -> None:
    assert set(input_schema(tool.asked)["properties"]) == set(tool.asked.model_fields)
    assert set(output_schema(tool.answer)["properties"]) == set(tool.answer.model_fields)
