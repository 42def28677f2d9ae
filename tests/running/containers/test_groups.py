"""Whose the control groups are shows in their names, and elsewhere than here there are none."""

from types import SimpleNamespace
from typing import Any

import pytest

from orcaops.running.containers import groups as groups_module
from orcaops.running.containers.groups import ContainerGroups, cgroup_name, cgroup_prefix


class Engine:
    def __init__(self, driver: str, *, local: bool = True) -> None:
        self._facts = SimpleNamespace(cgroup_driver=driver, local=local)

    def facts(self) -> Any:
        return self._facts


def groups(driver: str, **more: Any) -> ContainerGroups:
    engine: Any = Engine(driver, **more)
    return ContainerGroups(engine, "home-1")


@pytest.mark.parametrize("driver", ["cgroupfs", "systemd"])
def test_a_name_is_that_of_one_installation_and_one_owner(driver: str) -> None:
    name = cgroup_name("home-1", "job-1", driver)
    assert name.startswith(cgroup_prefix("home-1", driver))
    assert not name.startswith(cgroup_prefix("home-2", driver))
    assert name != cgroup_name("home-1", "job-2", driver)


def test_an_engine_is_told_a_path_or_a_slice_that_lies_below_no_other() -> None:
    assert groups("cgroupfs").parent("job-1") == f"/{groups('cgroupfs').name('job-1')}"
    slice_name = groups("systemd").parent("job-1")
    assert slice_name == groups("systemd").name("job-1")
    assert slice_name.endswith(".slice")
    assert "-" not in slice_name


def test_those_of_an_engine_on_another_machine_are_neither_read_nor_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups_module, "can_remove_groups", lambda: True)
    monkeypatch.setattr(groups_module, "group_names", lambda prefix: [f"{prefix}x"])
    monkeypatch.setattr(groups_module, "open_cgroup", lambda name: name)
    here, there = groups("cgroupfs"), groups("cgroupfs", local=False)
    assert (here.of("job-1"), there.of("job-1")) == (here.name("job-1"), None)
    assert (here.existing(), there.existing()) == ([here.name("x")], [])


def test_one_that_could_not_be_removed_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "can_remove_groups", lambda: False)
    assert groups("cgroupfs").of("job-1") is None
