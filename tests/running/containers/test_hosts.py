"""Files lent to containers without a network: where, what is in them, and the request with and without."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orcaops.running.containers.hosts import ContainerHosts, with_hosts, without_hosts
from orcaops.running.engine.reaching import EngineFacts

HERE = EngineFacts(
    name="Docker",
    version="28.0",
    api_version="1.47",
    cgroup_version=2,
    cgroup_driver="systemd",
    local=True,
    security=("seccomp", "apparmor"),
)
BODY: dict[str, Any] = {"Image": "i", "HostConfig": {"NetworkMode": "none", "Init": True}}


def test_a_container_is_lent_a_file_that_anybody_in_it_can_read(tmp_path: Path) -> None:
    hosts = ContainerHosts(tmp_path / "hosts")
    lent = hosts.lend("orcaops-1", HERE)
    assert lent is not None
    assert "127.0.0.1\tlocalhost" in lent.read_text()
    assert stat.S_IMODE(lent.stat().st_mode) == 0o644
    assert stat.S_IMODE(lent.parent.stat().st_mode) == 0o700
    assert hosts.lent() == ["orcaops-1"]
    hosts.take_back("orcaops-1")
    hosts.take_back("orcaops-1")
    assert hosts.lent() == []


@pytest.mark.parametrize(
    "facts",
    [
        replace(HERE, name="Podman"),
        replace(HERE, local=False),
        replace(HERE, security=("seccomp", "userns")),
        replace(HERE, security=("selinux",)),
    ],
)
def test_none_is_lent_where_it_does_not_help_or_cannot_be_seen(facts: EngineFacts, tmp_path: Path) -> None:
    assert ContainerHosts(tmp_path).lend("orcaops-1", facts) is None
    assert list(tmp_path.iterdir()) == []


def test_none_is_lent_without_a_folder_or_where_it_cannot_be_written(tmp_path: Path) -> None:
    assert ContainerHosts(None).lend("orcaops-1", HERE) is None
    assert ContainerHosts(None).lent() == []
    (tmp_path / "file").touch()
    blocked = ContainerHosts(tmp_path / "file")
    assert blocked.lend("orcaops-1", HERE) is None
    blocked.take_back("orcaops-1")


def test_the_request_with_and_without_it(tmp_path: Path) -> None:
    lent = with_hosts(BODY, tmp_path / "file")
    assert lent["NetworkDisabled"] is True
    assert [mount["Target"] for mount in lent["HostConfig"]["Mounts"]] == ["/etc/hosts"]
    assert "Mounts" not in BODY["HostConfig"]
    assert without_hosts(lent, f"bind source path does not exist: {tmp_path / 'file'}") == {
        **BODY,
        "HostConfig": {**BODY["HostConfig"], "Mounts": []},
    }
    assert without_hosts(lent, "no space left on device") is None
    assert without_hosts(BODY, "bind source path does not exist") is None


def test_the_job_s_own_file_stays(tmp_path: Path) -> None:
    own = {"Type": "bind", "Source": "/own", "Target": "/etc/hosts", "ReadOnly": True}
    body = {**BODY, "HostConfig": {**BODY["HostConfig"], "Mounts": [own]}}
    assert with_hosts(body, tmp_path / "file")["HostConfig"]["Mounts"] == [own]
