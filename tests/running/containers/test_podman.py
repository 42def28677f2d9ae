"""What Podman does otherwise, made alike; with DOCKER_HOST at it the suite of executors runs against it."""

import io
import signal
import struct
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orcaops.running.cgroup import CgroupV2
from orcaops.running.containers import podman

REFUSAL = b"ERROR (catatonit:6): failed to exec pid1: "


class Engine:
    """Says what it is, and keeps what is unpacked in a container."""

    def __init__(self, name: str, folder: str | None) -> None:
        self._name, self._folder = name, folder
        self.unpacked: list[tuple[str, bytes]] = []

    def facts(self) -> Any:
        return type("Facts", (), {"name": self._name})

    def inspect(self, container: str) -> dict[str, Any]:
        return {"Config": {} if self._folder is None else {"WorkingDir": self._folder}}

    def put_archive(self, container: str, folder: str, tar: bytes) -> bool:
        self.unpacked.append((folder, tar))
        return True


@pytest.mark.parametrize(
    ("code", "output", "told"),
    [
        (1, REFUSAL + b"No such file or directory\n", (127, "No such file or directory")),
        (1, REFUSAL + b"Permission denied\n", (126, "Permission denied")),
        (0, REFUSAL + b"Permission denied\n", None),
        (1, b"the job's own words\n" + REFUSAL + b"Permission denied\n", None),
        (1, REFUSAL + b"Permission denied\nand more\n", None),
        (1, b"", None),
    ],
)
def test_only_the_inits_own_words_tell_that_nothing_was_executed(
    code: int, output: bytes, told: tuple[int, str] | None
) -> None:
    engine: Any = Engine("Podman", None)
    assert podman.not_executed(engine, code, output) == told


def test_on_another_engine_those_words_are_the_jobs_own() -> None:
    engine: Any = Engine("Docker", None)
    assert podman.not_executed(engine, 1, REFUSAL + b"Permission denied\n") is None


@pytest.mark.parametrize("folder", [None, "", "/"])
def test_the_root_folder_is_opened_for_who_works_in_it(folder: str | None) -> None:
    engine: Any = Engine("Podman", folder)
    podman.open_root(engine, "c")
    [(where, archive)] = engine.unpacked
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        [member] = tar.getmembers()
    assert where == "/"
    assert member.isdir()
    assert member.mode == 0o755


@pytest.mark.parametrize(("name", "folder"), [("Docker", "/"), ("Podman", "/work")])
def test_nothing_is_unpacked_for_anybody_else(name: str, folder: str) -> None:
    engine: Any = Engine(name, folder)
    podman.open_root(engine, "c")
    assert engine.unpacked == []


@pytest.mark.parametrize(("name", "told"), [("Podman", True), ("Docker", False)])
def test_everybody_in_the_container_is_told_to_end_where_the_init_does_not(
    tmp_path: Path, name: str, told: bool
) -> None:
    engine: Any = Engine(name, None)
    with subprocess.Popen(["sleep", "60"]) as inside, subprocess.Popen(["sleep", "60"]) as watcher:
        for group, process in (("libpod-c0ffee", inside), ("libpod-conmon-c0ffee", watcher)):
            folder = tmp_path / "job" / group
            folder.mkdir(parents=True)
            (folder / "cgroup.procs").write_text(f"{process.pid}\n999999999\n")
        podman.tell_all(engine, CgroupV2(tmp_path, "job"), "c0ffee")
        if not told:
            inside.kill()
        assert inside.wait(10) == (-signal.SIGTERM if told else -signal.SIGKILL)
        assert watcher.poll() is None
        watcher.kill()


def test_nobody_is_told_where_no_group_is_seen(tmp_path: Path) -> None:
    engine: Any = Engine("Podman", None)
    podman.tell_all(engine, None, "c0ffee")
    podman.tell_all(engine, CgroupV2(tmp_path, "job"), "c0ffee")


class Logging:
    """An engine whose log of a container grows whenever it has been looked up; entries are (second, text)."""

    def __init__(self, *looks: list[tuple[float, bytes]]) -> None:
        self._looks = list(looks)
        self._now: list[tuple[float, bytes]] = []
        self.asked: list[float] = []

    def inspect(self, container: str) -> dict[str, Any]:
        self._now += self._looks.pop(0)
        return {"State": {"Running": bool(self._looks)}}

    def logs(self, container: str, *, since: str, follow: bool) -> io.BytesIO:
        assert not follow
        self.asked.append(float(since))
        written = io.BytesIO()
        for second, text in self._now:
            if second >= float(since):
                at = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                entry = f"{at} ".encode() + text
                written.write(struct.pack(">BxxxL", 1, len(entry)) + entry)
        written.seek(0)
        return written


def test_a_log_is_told_once_and_whole_however_often_it_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman, "_LOOK_AGAIN_S", 0.0)
    engine = Logging(
        [(10.25, b"old"), (10.5, b"a"), (10.5, b"b")],
        [],
        [(10.5, b"c"), (11.0, b"d"), (12.75, b"e")],
        [(12.75, b"f"), (13.0, b"g")],
    )
    told = list(podman.log_looked_up(engine, "c", 10.5, lambda: False))  # type: ignore[arg-type]
    assert [data for _, data, _ in told] == [b"a", b"b", b"c", b"d", b"e", b"f", b"g"]
    assert engine.asked == [10.5, 10.5, 10.5, 12.0]


def test_a_log_is_not_looked_up_for_whoever_has_given_up() -> None:
    assert list(podman.log_looked_up(Logging([]), "c", 0.0, lambda: True)) == []  # type: ignore[arg-type]
