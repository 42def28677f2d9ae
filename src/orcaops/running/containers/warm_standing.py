"""WarmStanding: what stands ready in any process of an installation, by the engine's word."""

from collections.abc import Mapping
from datetime import UTC, datetime

from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.output import engine_time
from orcaops.running.containers.request import LABEL_WARM, LABEL_WORKSPACE, warm_name
from orcaops.running.engine.errors import EngineRefusedError
from orcaops.running.executor import Prepared


def standing_ready(fleet: Fleet) -> list[Prepared]:
    """Whatever stands ready now; what only its own process knows of it is 0. Raises :class:`EngineError`."""
    found = fleet.engine.containers(fleet.label)
    return [ready for ref, state, labels in found if (ready := _standing(fleet, ref, state, labels))]


def _standing(fleet: Fleet, ref: str, state: str, labels: Mapping[str, str]) -> Prepared | None:
    if LABEL_WARM not in labels or state != "running":
        return None
    try:
        facts = fleet.engine.inspect(ref)
    except EngineRefusedError:
        return None  # it has gone meanwhile
    if facts["Name"].lstrip("/") != warm_name(labels[LABEL_WARM]):
        return None  # it has become a job
    ready_at = engine_time(facts["State"]["StartedAt"]) or datetime.now(UTC)
    return Prepared(
        warm_id=labels[LABEL_WARM],
        workspace=labels.get(LABEL_WORKSPACE, ""),
        image=facts["Config"]["Image"],
        image_digest=fleet.engine.identity(facts["Image"], facts["Config"]["Image"]).digest,
        ready_at=ready_at,
        idle_s=max(0.0, (datetime.now(UTC) - ready_at).total_seconds()),
        took_s=0.0,
        memory_bytes=facts["HostConfig"].get("Memory") or None,
        shape=0,
    )
