"""Leftovers: what a dead owner left of a job that had not begun, so that it can begin after all.

A container that was created and never started has run nothing. Whether it was started is the engine's word,
and where it says anything else than that, nothing is touched. A container that stood ready was started before
it had a job: there the mark in its output tells, and it must not begin any more once that has been read.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orcaops.model.logline import Stream
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.launch_script import LaunchRecords
from orcaops.running.containers.output import logged_pieces
from orcaops.running.containers.request import LABEL_HOME, LABEL_JOB, LABEL_WARM, LABEL_WORD, container_name
from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineRefusedError

_NOT_FOUND = 404
_LOOK_S = 0.1
_ENDS_WITHIN_S = 10.0


def never_began(fleet: Fleet, job_id: str) -> bool:
    """Whether a job's container is there and was certainly never started. Raises :class:`EngineError`."""
    facts = _facts(fleet.engine, container_name(job_id))
    labels = {} if facts is None else facts["Config"].get("Labels") or {}
    ours = fleet.has(labels) and labels.get(LABEL_JOB) == job_id
    return facts is not None and ours and _never_started(facts)


def never_became(fleet: Fleet, container: str) -> bool:
    """Whether a container that stood ready certainly never became the job it was given to, and never will.

    It is ended to know that. Raises :class:`EngineError`.
    """
    engine = fleet.engine
    facts = _facts(engine, container)
    labels = {} if facts is None else facts["Config"].get("Labels") or {}
    if LABEL_WARM not in labels or not fleet.has(labels):
        return False
    word = labels.get(LABEL_WORD, "")
    if launched_at(engine, container, word) is not None:
        return False
    engine.kill(container, "KILL")
    engine.wait(container, _ENDS_WITHIN_S)
    return launched_at(engine, container, word) is None


def launched_at(engine: Engine, container: str, word: str) -> datetime | None:
    """When the job began in a container that had stood ready, by the engine's log; None if never."""
    launch = LaunchRecords(word)
    log = engine.logs(container, since="0", follow=False)
    try:
        for stream, data, at in logged_pieces(log):
            if stream is Stream.STDERR:
                launch.feed(data, at)
            if launch.started_at is not None:
                break
    finally:
        log.close()
    return launch.started_at


def cleared(engine: Engine, labels: Mapping[str, str], name: str) -> bool:
    """Remove a container with our labels that was never started, where it takes a name; if it is worth a try.

    The engine may still be making it for an owner that has died, or be removing it: then its name is taken
    while it cannot be seen, and a moment later it is worth another. Raises :class:`EngineError`.
    """
    facts = _facts(engine, name)
    if facts is None:
        time.sleep(_LOOK_S)
        return True
    theirs = facts["Config"].get("Labels") or {}
    ours = all(name in theirs and theirs[name] == labels.get(name) for name in (LABEL_HOME, LABEL_JOB))
    if not (ours and _never_started(facts)):
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


def _never_started(facts: dict[str, Any]) -> bool:
    return bool(facts["State"]["Status"] == "created")
