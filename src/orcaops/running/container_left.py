"""ContainerLeft: what a dead owner left of a job that had not begun, so that it can begin after all.

A container that was created and never started has run nothing. Whether it was started is the engine's word,
and where it says anything else than that, nothing is touched.
"""

import time
from collections.abc import Mapping
from typing import Any

from orcaops.running.container_request import LABEL_HOME, LABEL_JOB, container_name
from orcaops.running.engine import Engine, EngineRefusedError

_NOT_FOUND = 404
_BEING_MADE_S = 5.0
_LOOK_S = 0.1


def never_began(engine: Engine, installation: str, job_id: str) -> bool:
    """Whether a job's container is there and was certainly never started. Raises :class:`EngineError`."""
    facts = _facts(engine, container_name(job_id))
    return facts is not None and _unbegun(facts, {LABEL_HOME: installation, LABEL_JOB: job_id})


def cleared(engine: Engine, labels: Mapping[str, str], name: str) -> bool:
    """Remove a container with our labels that was never started, where it takes a name; if that is free.

    The engine may still be making it for an owner that has died: then its name is taken before it can be
    seen. Raises :class:`EngineError`.
    """
    deadline = time.monotonic() + _BEING_MADE_S
    while (facts := _facts(engine, name)) is None:
        if time.monotonic() > deadline:
            return True
        time.sleep(_LOOK_S)
    if not _unbegun(facts, labels):
        return False
    engine.remove(facts["Id"])
    return True


def _facts(engine: Engine, name: str) -> dict[str, Any] | None:
    try:
        return engine.inspect(name)
    except EngineRefusedError as error:
        if error.status != _NOT_FOUND:
            raise
        return None


def _unbegun(facts: dict[str, Any], labels: Mapping[str, str]) -> bool:
    theirs = facts["Config"].get("Labels") or {}
    ours = all(name in theirs and theirs[name] == labels.get(name) for name in (LABEL_HOME, LABEL_JOB))
    return ours and facts["State"]["Status"] == "created"
