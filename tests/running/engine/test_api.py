"""What is asked of an engine, where its answers need more than passing on."""

from typing import Any

import pytest

from orcaops.running.engine import api
from orcaops.running.engine.errors import CONFLICT, EngineRefusedError


class Answering(api.Engine):
    """An engine that answers with these refusals, one after the other, and then does what it is asked."""

    def __init__(self, *refusals: EngineRefusedError) -> None:
        super().__init__()
        self.refusals = list(refusals)
        self.asked: list[str] = []

    def _ask(self, method: str, path: str, *_: Any, **__: Any) -> None:
        self.asked.append(f"{method} {path}")
        if self.refusals:
            raise self.refusals.pop(0)


BETWEEN = EngineRefusedError("container state improper: stopped", 500)


def test_a_container_that_is_just_being_stopped_is_removed_when_it_has_settled() -> None:
    engine = Answering(BETWEEN, BETWEEN)
    engine.remove("c")
    assert engine.asked == ["DELETE /containers/c?v=1&force=1"] * 3


def test_one_that_never_settles_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_SETTLES_WITHIN_S", 0.0)
    with pytest.raises(EngineRefusedError, match="improper"):
        Answering(BETWEEN).remove("c")


@pytest.mark.parametrize("status", [404, CONFLICT])
def test_one_that_is_gone_or_goes_is_removed(status: int) -> None:
    Answering(EngineRefusedError("no such container", status)).remove("c")


def test_any_other_refusal_is_told() -> None:
    with pytest.raises(EngineRefusedError, match="driver"):
        Answering(EngineRefusedError("driver failed", 500)).remove("c")
