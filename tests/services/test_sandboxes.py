"""Sandboxes: what is refused before any engine is asked."""

import pytest

from orcaops.app import App
from orcaops.model.errors import OrcaError
from orcaops.model.sandbox import SandboxSpec


@pytest.mark.parametrize("name", ["two words", "../x", "a:b", "-rf", ".", "ä", "x" * 129])
def test_a_name_that_no_command_line_could_say_is_refused(app: App, name: str) -> None:
    with pytest.raises(OrcaError, match="cannot be called") as caught:
        app.sandboxes.create(SandboxSpec(image="x", name=name), by="me")
    assert (caught.value.code, caught.value.where) == ("invalid", "name")
