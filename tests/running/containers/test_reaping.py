"""What the dead left is removed, and nothing that somebody alive needs."""

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.reaping import Reaping
from orcaops.running.containers.request import (
    LABEL_JOB,
    LABEL_OWNER,
    LABEL_SANDBOX,
    LABEL_WARM,
    Ceilings,
)
from orcaops.running.containers.warm_pool import WarmPool
from orcaops.running.ownership import Ownership


class Engine:
    """One on another machine, so that there are no control groups; it lists what it is given."""

    def __init__(self, *labelled: tuple[str, str, str, dict[str, str]]) -> None:
        self._labelled = labelled
        self.asked: list[str] = []
        self.removed: list[str] = []

    def facts(self) -> Any:
        return SimpleNamespace(local=False, cgroup_driver="cgroupfs")

    def labelled(self, label: str) -> list[tuple[str, str, str, dict[str, str]]]:
        self.asked.append(label)
        return list(self._labelled)

    def remove(self, ref: str) -> None:
        self.removed.append(ref)

    remove_network = remove_volume = remove


def reaping(engine: Any, hosts: Path | None = None, ownership: Ownership | None = None) -> Reaping:
    fleet = Fleet(engine, "home-1", Ceilings(pids=1, memory_bytes=None), hosts)
    return Reaping(fleet, WarmPool(fleet, ownership), ownership)


def test_everything_of_a_dead_job_goes_and_nothing_of_a_living_one() -> None:
    engine = Engine(
        ("container", "c1", "orcaops-dead", {LABEL_JOB: "dead"}),
        ("container", "c2", "orcaops-living", {LABEL_JOB: "living"}),
        ("network", "n1", "net", {LABEL_JOB: "dead"}),
        ("volume", "v1", "vol", {LABEL_JOB: "dead"}),
    )
    found = reaping(engine).reaped(["living"], dry_run=False)
    assert engine.removed == ["c1", "n1", "v1"]
    assert found[0] == "container orcaops-dead of job dead"
    assert engine.asked == ["orcaops.home=home-1"]


def test_whoever_only_asks_removes_nothing() -> None:
    engine = Engine(("container", "c1", "orcaops-dead", {LABEL_JOB: "dead"}))
    assert reaping(engine).reaped([], dry_run=True) == ["container orcaops-dead of job dead"]
    assert engine.removed == []


def test_sandboxes_stay_and_so_does_what_became_a_job_that_lives() -> None:
    engine = Engine(
        ("container", "c1", "orcaops-sandbox-s", {LABEL_SANDBOX: "s"}),
        ("container", "c2", "orcaops-living", {LABEL_WARM: "warm-1", LABEL_OWNER: "somebody"}),
    )
    assert reaping(engine).reaped(["c2"], dry_run=False) == []


def test_what_stands_ready_goes_with_its_process(tmp_path: Path) -> None:
    living, dead = Ownership(tmp_path, "living"), Ownership(tmp_path, "dead")
    living.claim()
    engine = Engine(
        ("container", "c1", "orcaops-warm-1", {LABEL_WARM: "warm-1", LABEL_OWNER: living.name}),
        ("container", "c2", "orcaops-warm-2", {LABEL_WARM: "warm-2", LABEL_OWNER: dead.name}),
        ("container", "c3", "orcaops-warm-3", {LABEL_WARM: "warm-3", LABEL_OWNER: ""}),
    )
    found = reaping(engine, ownership=Ownership(tmp_path, "mine")).reaped([], dry_run=False)
    living.release()
    assert found == [f"container orcaops-warm-{n} that stood ready" for n in (2, 3)]
    assert engine.removed == ["c2", "c3"]


@pytest.mark.parametrize(
    ("name", "new", "goes"),
    [
        ("orcaops-dead", True, True),
        ("orcaops-living", False, False),
        ("orcaops-warm-1", True, False),
        ("orcaops-warm-1", False, True),
        ("orcaops-sandbox-1", True, False),
    ],
)
def test_files_that_were_lent_go_unless_their_container_may_be_about_to_be_made(
    tmp_path: Path, name: str, new: bool, goes: bool
) -> None:
    lent = tmp_path / name
    lent.write_text("")
    if not new:
        hour_ago = time.time() - 3600
        os.utime(lent, (hour_ago, hour_ago))
    reaping(Engine(), tmp_path).reaped(["living"], dry_run=False)
    assert lent.exists() is not goes
