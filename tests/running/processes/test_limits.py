"""What is written into a control group, in either version; real ones are tried with the executor."""

from pathlib import Path

from orcaops.model.job import JobSpec
from orcaops.model.run import Usage
from orcaops.running.processes.limits import ProcessLimits, can_limit, limited_jobs

SPEC = JobSpec(command=("true",), memory="64m", cpus=1.5, pids=10)
V1 = {
    "memory": ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    "cpu": ("cpu.cfs_period_us", "cpu.cfs_quota_us"),
    "pids": ("pids.max",),
    "cpuacct": (),
}


def version_1(root: Path) -> Path:
    for controller in V1:
        (root / controller).mkdir(parents=True)
    return root


def version_2(root: Path, enabled: str = "cpu io memory pids") -> Path:
    root.mkdir()
    (root / "cgroup.controllers").write_text("cpu io memory pids\n")
    (root / "cgroup.subtree_control").write_text(enabled + "\n")
    return root


def test_where_groups_can_be_made(tmp_path: Path) -> None:
    assert can_limit(version_1(tmp_path / "one"))
    assert can_limit(version_2(tmp_path / "two"))
    assert not can_limit(version_2(tmp_path / "partly", enabled="cpu"))
    assert not can_limit(tmp_path / "absent")
    incomplete = tmp_path / "incomplete"
    for controller in ("memory", "cpuacct"):
        (incomplete / controller).mkdir(parents=True)
    assert not can_limit(incomplete)


def test_version_1(tmp_path: Path) -> None:
    root = version_1(tmp_path / "cgroup")
    limits = ProcessLimits("home", "job-1", root)
    (group,) = {folder.name for folder in limits._folders}
    for controller, files in V1.items():  # the kernel makes these with the folder
        (root / controller / group).mkdir()
        for file in files:
            (root / controller / group / file).touch()
    limits.create(SPEC)
    assert (root / "memory" / group / "memory.limit_in_bytes").read_text() == str(64 << 20)
    assert (root / "memory" / group / "memory.memsw.limit_in_bytes").read_text() == str(64 << 20)
    assert (root / "cpu" / group / "cpu.cfs_quota_us").read_text() == "150000"
    assert (root / "pids" / group / "pids.max").read_text() == "10"
    script = limits.entering(("make", "a b"))
    assert script[:2] == ("/bin/sh", "-c")
    assert script[-2:] == ("make", "a b")
    assert all(f"{root}/{controller}/{group}/cgroup.procs" in script[2] for controller in V1)


def test_version_2(tmp_path: Path) -> None:
    root = version_2(tmp_path / "cgroup")
    limits = ProcessLimits("home", "job-1", root)
    (folder,) = limits._folders
    folder.mkdir()
    for file in ("memory.max", "memory.swap.max", "cpu.max", "pids.max"):
        (folder / file).touch()
    limits.create(SPEC)
    assert (folder / "memory.max").read_text() == str(64 << 20)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "cpu.max").read_text() == "150000 100000"
    assert (folder / "pids.max").read_text() == "10"


def test_its_counters_are_over_the_whole_group(tmp_path: Path) -> None:
    root = version_2(tmp_path / "cgroup")
    limits = ProcessLimits("home", "job-1", root)
    (folder,) = limits._folders
    folder.mkdir()
    known = Usage(cpu_seconds=1.0, memory_resident_bytes=5, basis="rusage")
    assert limits.usage(known) == known, "without counters what is known stays"
    (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n")
    (folder / "memory.peak").write_text("1000\n")
    (folder / "memory.events").write_text("oom 1\noom_kill 1\n")
    (folder / "cgroup.procs").write_text("12\n34\n")
    usage = limits.usage(known)
    assert (usage.cpu_seconds, usage.memory_peak_bytes, usage.oom_kills) == (2.5, 1000, 1)
    assert (usage.memory_resident_bytes, usage.basis, usage.exact) == (5, "cgroup_v2", True)
    assert limits.oom_kills() == 1
    assert limits.processes() == [12, 34]


def test_groups_are_of_one_installation(tmp_path: Path) -> None:
    root = version_2(tmp_path / "cgroup")
    for installation, job_id in (("home", "a"), ("home", "b"), ("elsewhere", "c")):
        ProcessLimits(installation, job_id, root).create(JobSpec(command=("true",)))
    (root / "orcaops-another").mkdir()
    assert limited_jobs("home", root) == ["a", "b"]
    assert ProcessLimits("home", "a", root).remove()
    assert limited_jobs("home", root) == ["b"]


def test_without_control_groups_there_is_nothing(tmp_path: Path) -> None:
    limits = ProcessLimits("home", "job-1", tmp_path)
    assert limits.processes() == []
    assert limits.oom_kills() == 0
    assert limits.remove()
    assert limited_jobs("home", tmp_path) == []


def test_a_cpu_share_that_is_too_small_becomes_the_least_there_is(tmp_path: Path) -> None:
    root = version_2(tmp_path / "cgroup")
    limits = ProcessLimits("home", "job-1", root)
    assert limits._settings(JobSpec(command=("true",), cpus=0.001)) == {"cpu.max": "1000 100000"}
