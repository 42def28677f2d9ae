"""Fleet: the containers of one installation in one engine, and what they have in common."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orcaops.model.job import JobSpec
from orcaops.model.run import Run
from orcaops.running.cgroup import Cgroup
from orcaops.running.containers.groups import ContainerGroups
from orcaops.running.containers.hosts import ContainerHosts
from orcaops.running.containers.meter import SetUpShares
from orcaops.running.containers.request import LABEL_HOME, Ceilings, container_body
from orcaops.running.engine.api import Engine


class Fleet:
    """All that is ours in ``engine``: the label ``orcaops.home`` says so, whose value is ``installation``.

    ``hosts`` is the folder for the files of :class:`ContainerHosts`; without it there are none.
    """

    def __init__(
        self, engine: Engine, installation: str, ceilings: Ceilings, hosts: Path | None = None
    ) -> None:
        self.engine = engine
        self.groups = ContainerGroups(engine, installation)
        self.hosts = ContainerHosts(hosts)
        self.shares = SetUpShares()
        self._installation = installation
        self._ceilings = ceilings

    @property
    def label(self) -> str:
        """What an engine is asked for to list them."""
        return f"{LABEL_HOME}={self._installation}"

    def has(self, labels: Mapping[str, str]) -> bool:
        """Whether what has these labels is one of them."""
        return labels.get(LABEL_HOME) == self._installation

    def request(
        self, run: Run, spec: JobSpec, word: str, *, name: str, owner: str
    ) -> tuple[dict[str, Any], Cgroup | None]:
        """The request for a container of that name, and the control group that it asks for, if any.

        ``owner`` is what the container is made for; see :class:`ContainerGroups`. Raises
        :class:`JobRefusedError`, and :class:`EngineError` where the engine does not answer.
        """
        facts = self.engine.facts()
        group = self.groups.of(owner)
        body = container_body(
            run,
            spec,
            self._ceilings,
            installation=self._installation,
            word=word,
            cgroup_parent=None if group is None else self.groups.parent(owner),
            check_mounts=facts.local,
        )
        return self.hosts.opened(body, name, facts, seen=group is not None), group
