"""Reaping: removes what runs and processes that have died left of themselves.

That is whatever the engine has with our label, the control groups, and the files lent to containers.
Sandboxes outlive every process; what stands ready goes with the process that made it.
"""

from collections.abc import Callable, Iterable, Mapping, Set

from orcaops.running.cgroup import open_cgroup
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.request import (
    LABEL_JOB,
    LABEL_OWNER,
    LABEL_SANDBOX,
    LABEL_WARM,
    container_name,
    sandbox_name,
    warm_name,
)
from orcaops.running.containers.warm_pool import WarmPool
from orcaops.running.ownership import Ownership

_MADE_FOR_NO_JOB = (warm_name("warm-"), sandbox_name(""))


class Reaping:
    """Goes through the ``fleet``; ``pool`` is this process's own, and ``ownership`` tells who else lives."""

    def __init__(self, fleet: Fleet, pool: WarmPool, ownership: Ownership | None) -> None:
        self._fleet = fleet
        self._pool = pool
        self._ownership = ownership

    def reaped(self, living: Iterable[str], *, dry_run: bool) -> list[str]:
        """What was removed, or would be, a sentence each. Raises :class:`EngineError`.

        ``living`` are the jobs that are at work, by their ids or by those of their containers; it is read
        once, after what there is has been listed.
        """
        self._pool.settle()  # what is being removed is not left behind
        engine, groups, hosts = self._fleet.engine, self._fleet.groups, self._fleet.hosts
        # Groups first: one that is in no container's name by then has outlived its container.
        existing = groups.existing()
        labelled = list(engine.labelled(self._fleet.label))
        lent = hosts.lent()
        keep = set(living)  # asked for last: what was made since the listing is not in the lists
        remove: dict[str, Callable[[str], None]] = {
            "container": engine.remove,
            "network": engine.remove_network,
            "volume": engine.remove_volume,
        }
        found: list[str] = []
        kept = set(keep)
        needed = {container_name(job_id) for job_id in keep}
        for kind, ref, name, labels in labelled:
            if self._is_kept(ref, labels, keep):
                needed.add(name)
                kept.update(labels[key] for key in (LABEL_WARM, LABEL_SANDBOX) if key in labels)
                continue
            of = f"of job {labels[LABEL_JOB]}" if LABEL_JOB in labels else "that stood ready"
            found.append(f"{kind} {name} {of}")
            if not dry_run:
                remove[kind](ref)
        names = {groups.name(one) for one in kept}
        for name in existing:
            group = None if name in names else open_cgroup(name)
            if group is not None:
                found.append(f"control group {name}")
                if not dry_run:
                    group.remove()
        for container in sorted(set(lent) - needed):
            if hosts.is_new(container) and container.startswith(_MADE_FOR_NO_JOB):
                continue  # it may have been made since the listing
            found.append(f"hosts file of {container}")
            if not dry_run:
                hosts.take_back(container)
        return found

    def _is_kept(self, ref: str, labels: Mapping[str, str], keep: Set[str]) -> bool:
        """Whether something of ours belongs to a living job or process, or is a sandbox."""
        if LABEL_SANDBOX in labels or labels.get(LABEL_JOB) in keep or ref in keep:
            return True
        if LABEL_WARM not in labels:
            return False
        if self._pool.owns(labels[LABEL_WARM]):
            return True
        owner = labels.get(LABEL_OWNER, "")
        others = self._ownership is not None and owner != self._ownership.name
        return bool(others and self._ownership is not None and owner and self._ownership.lives(owner))
