"""Schemas: what tools take and answer, for models that read all of them before they call one.

Without references and without what models pass over: a schema that says the same in fewer words leaves
more room for the work.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

from orcaops.model.identity import Id

_NOISE = frozenset({"$defs", "title"})
_NO_NUL = r"^[^\x00]*$"
_ID: Mapping[str, Any] = TypeAdapter(Id).json_schema()  # ids are copied from answers, not made up
_BOUNDS = _NOISE | {
    "additionalProperties",  # false: a newer server may say more
    "default",
    "description",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "propertyNames",
    "readOnly",
}


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """What a tool takes. What nobody would send is left unsaid: null for "not given", NUL, what is no id.

    What the arguments are together is said by the tool's own description.
    """
    schema = TypeAdapter(model).json_schema(mode="validation")
    plain: dict[str, Any] = _Plain(schema.get("$defs", {}), _NOISE, nulls=False).of(schema, depth=9)
    plain.pop("description", None)
    return plain


def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """What a tool answers: the fields and their types; of words within words that they are objects."""
    schema = TypeAdapter(model).json_schema(mode="serialization")
    plain: dict[str, Any] = _Plain(schema.get("$defs", {}), _BOUNDS, nulls=True).of(schema, depth=1)
    return plain


class _Plain:
    """Writes schemas out: references become what they name, down to a depth."""

    def __init__(self, words: Mapping[str, Any], leave_out: frozenset[str], *, nulls: bool) -> None:
        self._words = words
        self._leave_out = leave_out
        self._nulls = nulls

    def of(self, schema: Any, depth: int) -> Any:
        if isinstance(schema, list):
            return [self.of(part, depth) for part in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            word = self._words[schema["$ref"].rpartition("/")[2]]
            if depth == 0 and "properties" in word:
                return {"type": "object"}
            beside = {name: part for name, part in schema.items() if name != "$ref"}
            return self.of(word | beside, depth - 1)
        if not self._nulls and _ID.items() <= schema.items():
            schema = {name: part for name, part in schema.items() if name == "type" or name not in _ID}
        plain = {
            name: {field: self.of(inner, depth) for field, inner in part.items()}
            if name in ("properties", "patternProperties")
            else self.of(part, depth)
            for name, part in schema.items()
            if name not in self._leave_out and part != _NO_NUL
        }
        return self._optional(plain)

    def _optional(self, schema: dict[str, Any]) -> dict[str, Any]:
        """``X or null`` as ``X``, where null only means "not given"."""
        kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
        if self._nulls or len(kinds) != 1 or len(schema["anyOf"]) != 2:
            return schema
        return kinds[0] | {
            name: part for name, part in schema.items() if name != "anyOf" and part is not None
        }
