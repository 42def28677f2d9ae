"""Who belongs to a run, and who never does."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from orcaops.running.processes import tree as tree_module
from orcaops.running.processes.tree import (
    INSTALLATION_VARIABLE,
    JOB_VARIABLE,
    ProcessTree,
    marks_of,
    read_entry,
)


@contextmanager
def started(line: str, environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A shell line in a session of its own, which says "ready" first; ended and waited for."""
    process = subprocess.Popen(
        ["sh", "-c", f"echo ready; {line}"],
        env={"PATH": os.environ["PATH"], **environment},
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessTree]:
    one = ProcessTree(tmp_path_factory.mktemp("installation").name, "job-1")
    yield one
    one.kill()


def wait_for(count: int, tree: ProcessTree) -> list[int]:
    give_up = time.monotonic() + 60
    while len(members := [entry.pid for entry in tree.members()]) < count:
        assert time.monotonic() < give_up, members
        time.sleep(0.01)
    return members


def test_the_marked_the_leader_and_their_descendants_belong(tree: ProcessTree) -> None:
    with started("env -i sleep 60 & setsid sleep 60 & wait", tree.environment()) as leader:
        assert leader.pid in wait_for(3, tree)


def test_who_left_session_and_parent_belongs_by_the_mark(tree: ProcessTree) -> None:
    with started("(setsid sleep 60 >&- &)", tree.environment()) as leader:
        leader.wait()
        (survivor,) = wait_for(1, tree)
        give_up = time.monotonic() + 60
        while (entry := read_entry(survivor)) is not None and entry.session == leader.pid:
            assert time.monotonic() < give_up
            time.sleep(0.01)
        assert entry is not None
        assert tree.kill() == 1
        assert read_entry(survivor) is None or read_entry(survivor).zombie  # type: ignore[union-attr]


def test_who_left_parent_and_environment_belongs_by_the_session(tree: ProcessTree) -> None:
    with started("(env -i sleep 60 &); sleep 60", tree.environment()):
        give_up = time.monotonic() + 60
        while sum(marks_of(pid) is None for pid in wait_for(3, tree)) != 1:  # until env has executed
            assert time.monotonic() < give_up
            time.sleep(0.01)


def test_who_takes_long_to_be_executed_is_waited_for(
    tree: ProcessTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a loaded machine a program may lie for long between its new memory and its new environment."""
    real, looks = tree_module._read, []

    def slow(pid: int, what: str) -> bytes | None:
        found = real(pid, what)
        if found and pid == process.pid and len(looks) < 100:
            looks.append(what)
            return b""
        return found

    with started("exec sleep 600", tree.environment()) as process:
        monkeypatch.setattr(tree_module, "_read", slow)
        assert [entry.pid for entry in tree.members()] == [process.pid]
        assert len(looks) == 100


def test_who_has_been_executed_from_one_moment_to_the_next_belongs(
    tree: ProcessTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = tree_module._read, []

    def empty_at_first(pid: int, what: str) -> bytes | None:
        if pid == process.pid and what == "environ" and not looks:
            looks.append(what)
            return b""
        return real(pid, what)

    with started("exec sleep 600", tree.environment()) as process:
        wait_for(1, ProcessTree(*tree._marks))
        monkeypatch.setattr(tree_module, "_read", empty_at_first)
        tree.members()
        assert [entry.pid for entry in tree.members()] == [process.pid]
        assert looks


def test_whom_somebody_started_in_his_last_moment_belongs(
    tree: ProcessTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent is listed and has ended when it is looked at; the child came after the list."""
    real, lists = os.listdir, []

    def listed(folder: object) -> list[str]:
        names: list[str] = real(folder)  # type: ignore[call-overload]
        lists.append(folder)
        if len(lists) > 1:
            return names
        return [name for name in names if name != str(child.pid)] + [str(2**22 + 1)]

    with started("exec sleep 600", tree.environment()) as child:
        wait_for(1, ProcessTree(*tree._marks))
        monkeypatch.setattr(os, "listdir", listed)
        assert [entry.pid for entry in tree.members()] == [child.pid]


def test_who_has_no_environment_keeps_nobody_waiting(tree: ProcessTree) -> None:
    with started("exec env -i sleep 600", {}):
        began = time.monotonic()
        assert tree.members() == []
        assert time.monotonic() - began < 2.0, "not until it is no longer new"


def test_others_never_belong(tree: ProcessTree) -> None:
    other = {**tree.environment(), JOB_VARIABLE: "job-12"}
    another = {**tree.environment(), INSTALLATION_VARIABLE: "elsewhere"}
    with started("sleep 60", other) as first, started("sleep 60", another) as second, started("sleep 60", {}):
        assert tree.members() == []
        assert tree.kill() == 0
        assert first.poll() is None
        assert second.poll() is None


def test_a_number_that_was_given_away_is_not_touched(tree: ProcessTree) -> None:
    with started("sleep 60", {}) as stranger:
        entry = read_entry(stranger.pid)
        assert entry is not None
        tree._known.add(
            (stranger.pid, entry.started - 1)
        )  # as if somebody of ours had had that number before
        assert tree.members() == []
        assert tree.signal(signal.SIGKILL) == 0


def test_a_signal_reaches_everyone(tree: ProcessTree) -> None:
    with started("sleep 60 & setsid sleep 60 & wait", tree.environment()):
        wait_for(3, tree)
        assert tree.signal(signal.SIGSTOP) >= 3
        assert tree.kill() >= 3
        assert tree.members() == []


def test_who_starts_others_faster_than_one_can_look_is_ended(tree: ProcessTree) -> None:
    with started("while :; do setsid sh -c 'sleep 0.2' & done", tree.environment()):
        wait_for(5, tree)
        tree.kill(within_s=20)
        assert tree.members() == []


def test_we_never_belong_to_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    own = read_entry(os.getpid())
    assert own is not None
    tree = ProcessTree("any", "job-1")
    tree._known.add((own.pid, own.started))
    assert tree.members() == []


def test_there_is_no_entry_of_nobody() -> None:
    assert read_entry(2**22 + 1) is None
    assert marks_of(2**22 + 1) is None
