"""Both versions of control groups, read from folders that look like the kernel's."""

import os
from pathlib import Path

import pytest

from orcaops.running.cgroup import (
    Cgroup,
    CgroupV1,
    CgroupV2,
    Cpu,
    Disk,
    cgroup_version,
    group_names,
    open_cgroup,
)

V1_FILES = {
    "cpuacct/job/cpuacct.usage": "1500000000\n",
    "cpuacct/job/cpuacct.usage_user": "1000000000\n",
    "cpuacct/job/cpuacct.usage_sys": "500000000\n",
    "cpu/job/cpu.stat": "nr_periods 7\nnr_throttled 2\nthrottled_time 250000000\n",
    "memory/job/memory.max_usage_in_bytes": "67108864\n",
    "memory/job/memory.stat": "cache 9\nrss 1\nhierarchical_memory_limit 5\ntotal_rss 53248\n",
    "memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    "memory/job/cgroup.procs": "12\n13\n",
    "memory/job/0123abcd/cgroup.procs": "14\n",
    "blkio/job/blkio.throttle.io_service_bytes_recursive": (
        "8:0 Read 4096\n8:0 Write 8192\n8:16 Read 1\n8:16 Write 2\n8:0 Total 12288\nTotal 12291\n"
    ),
}
V2_FILES = {
    "cgroup.controllers": "cpu io memory pids\n",
    "job/cpu.stat": "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nthrottled_usec 250000\n",
    "job/memory.peak": "67108864\n",
    "job/memory.stat": "anon 53248\nfile 9\nanon_thp 7\n",
    "job/memory.events": "low 0\nhigh 0\nmax 4\noom 3\noom_kill 3\noom_group_kill 0\n",
    "job/cgroup.procs": "12\n13\n",
    "job/docker-0123abcd.scope/cgroup.procs": "14\n",
    "job/io.stat": "8:0 rbytes=4096 wbytes=8192 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2\n",
}


def laid_out(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(params=[1, 2])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return laid_out(tmp_path, V1_FILES if request.param == 1 else V2_FILES)


def test_every_counter_in_either_version(root: Path) -> None:
    group = open_cgroup("/job", root)
    assert group is not None
    assert group.exists()
    assert group.cpu() == Cpu(total_s=1.5, user_s=1.0, system_s=0.5)
    assert group.memory_peak_bytes() == 67108864
    assert group.resident_bytes() == 53248
    assert group.disk() == Disk(read_bytes=4097, written_bytes=8194)
    assert group.oom_kills() == 3
    assert group.throttled_s() == 0.25
    assert group.processes() == [12, 13]


def test_the_group_of_a_container_is_found_by_its_id(root: Path) -> None:
    group = open_cgroup("job", root)
    assert group is not None
    child = group.child_of("0123abcd")
    assert child is not None
    assert child.processes() == [14]
    assert group.child_of("ffff") is None


def test_what_the_kernel_does_not_keep_is_none(root: Path) -> None:
    group = open_cgroup("absent", root)
    assert group is not None
    assert not group.exists()
    readings = (group.cpu, group.memory_peak_bytes, group.resident_bytes, group.disk, group.oom_kills)
    assert [reading() for reading in readings] == [None] * 5
    assert group.throttled_s() is None
    assert group.processes() == []


def test_names_of_groups(root: Path) -> None:
    assert group_names("jo", root) == ["job"]
    assert group_names("x", root) == []


@pytest.mark.parametrize("make", [CgroupV1, CgroupV2])
def test_removing_takes_what_lies_below_with_it(tmp_path: Path, make: type[CgroupV1 | CgroupV2]) -> None:
    folders = [tmp_path / "job"] if make is CgroupV2 else [tmp_path / c / "job" for c in ("cpu", "memory")]
    for folder in folders:
        (folder / "below").mkdir(parents=True)
    group: Cgroup = make(tmp_path, "job")
    assert group.remove()
    assert not any(folder.exists() for folder in folders)
    assert group.remove(), "what is gone is gone"


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    assert cgroup_version(tmp_path) is None
    assert open_cgroup("job", tmp_path) is None


def test_a_runtime_may_put_the_container_one_group_further_down(tmp_path: Path) -> None:
    """As crun does for Podman, whose own process watches from a group beside it."""
    scope = "job.slice/libpod-0123abcd.scope"
    laid_out(
        tmp_path,
        {
            "cgroup.controllers": "cpu\n",
            "job.slice/libpod-conmon-0123abcd.scope/cgroup.procs": "11\n",
            "job.slice/libpod-conmon-0123abcd.scope/cpu.stat": "usage_usec 7\n",
            f"{scope}/cgroup.procs": "",
            f"{scope}/cpu.stat": "usage_usec 9\nthrottled_usec 0\n",
            f"{scope}/container/cgroup.procs": "14\n15\n",
            f"{scope}/container/cpu.stat": "usage_usec 9\nthrottled_usec 250000\n",
        },
    )
    group = open_cgroup("job.slice", tmp_path)
    assert group is not None
    child = group.child_of("0123abcd")
    assert child is not None
    assert child.processes() == [14, 15]
    assert child.throttled_s() == 0.25
    assert child.watcher() is None
    watcher = group.watcher()
    assert watcher is not None
    assert watcher.cpu() == Cpu(total_s=7e-6)


def test_what_is_left_below_is_removed_from_the_bottom(tmp_path: Path) -> None:
    (tmp_path / "job.slice" / "libpod-1.scope" / "container").mkdir(parents=True)
    assert CgroupV2(tmp_path, "job.slice").remove()
    assert not (tmp_path / "job.slice").exists()


class TestSlices:
    @pytest.fixture
    def told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """What a systemd that runs here is told, one request a line; it removes nothing."""
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / "systemctl").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/told\nexit 1\n')
        (programs / "systemctl").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        monkeypatch.setattr("orcaops.running.cgroup._SYSTEMD_RUNS", tmp_path)
        return tmp_path / "told"

    def test_systemd_ends_what_it_made(self, told: Path, tmp_path: Path) -> None:
        (tmp_path / "orcaops_1.slice").mkdir()
        assert CgroupV2(tmp_path, "orcaops_1.slice").remove(), "by hand, where it did not"
        assert told.read_text() == "--no-ask-password --quiet stop orcaops_1.slice\n"

    def test_it_has_nothing_to_do_with_other_groups(self, told: Path, tmp_path: Path) -> None:
        (tmp_path / "orcaops-1").mkdir()
        assert CgroupV2(tmp_path, "orcaops-1").remove()
        assert not told.exists()

    def test_nobody_is_asked_where_it_does_not_run(
        self, told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orcaops.running.cgroup._SYSTEMD_RUNS", tmp_path / "nowhere")
        assert CgroupV2(tmp_path, "orcaops_1.slice").remove()
        assert not told.exists()
