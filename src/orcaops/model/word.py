"""The parent of every word in the vocabulary."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Word(BaseModel):
    """A frozen value that refuses unknown fields; it is also what goes over the wire.

    Requests are read with ``model_validate``, which refuses unknown fields. What was stored by
    another version of OrcaOps is read with :meth:`from_stored`, which passes them over, so that
    a record written by a newer version can still be shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    @classmethod
    def from_stored(cls, document: str | bytes | dict[str, Any], **beside: Any) -> Self:
        """Read a stored document, ignoring fields this version does not know.

        ``beside`` are fields that are kept beside the document and hold in place of what it says; they are
        not validated. Raises ``pydantic.ValidationError`` if a known field holds something impossible.
        """
        if isinstance(document, dict):
            word = cls.model_validate(document, extra="ignore")
        else:
            word = cls.model_validate_json(document, extra="ignore")
        # Nobody has seen it yet, so that it need not be copied to be changed.
        word.__dict__.update(beside)
        word.__pydantic_fields_set__.update(beside)
        return word
