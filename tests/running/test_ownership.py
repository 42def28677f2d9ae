"""Ownership: a lock tells the living from the dead, however they died."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orcaops.running.ownership import Ownership

_CLAIM = """
import sys, time
from pathlib import Path
from orcaops.running.ownership import Ownership
print(Ownership(Path(sys.argv[1]), "child").claim(), flush=True)
time.sleep(60)
"""


def test_an_owner_lives_until_it_is_killed(tmp_path: Path) -> None:
    ours = Ownership(tmp_path, "parent")
    with subprocess.Popen(
        [sys.executable, "-c", _CLAIM, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        theirs = child.stdout.readline().strip()
        assert ours.lives(theirs)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert not ours.lives(theirs)
    ours.sweep()
    assert not list((tmp_path / "owners").iterdir())


def test_one_owns_only_between_claim_and_release(tmp_path: Path) -> None:
    ours, other = Ownership(tmp_path, "a"), Ownership(tmp_path, "b")
    assert not ours.lives(ours.name)
    name = ours.claim()
    assert ours.lives(name)
    assert other.lives(name)
    ours.release()
    assert not other.lives(name)


def test_an_owner_of_another_home_cannot_be_judged_though_the_database_is_the_same(tmp_path: Path) -> None:
    ours, theirs = Ownership(tmp_path / "ours", "a"), Ownership(tmp_path / "theirs", "b")
    assert ours.lives(theirs.claim())
    theirs.release()
    assert ours.lives(theirs.name), "not our file, not our word"
    ours.sweep()


def test_the_dead_of_a_home_are_known_wherever_it_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = Ownership(tmp_path / "before", "a")
    name = dead.claim()
    dead.release()
    (tmp_path / "before").rename(tmp_path / "after")
    monkeypatch.setattr("socket.gethostname", lambda: "made-anew")
    assert not Ownership(tmp_path / "after", "b").lives(name)


def test_all_who_come_at_once_to_a_new_home_call_it_the_same(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def place(number: int) -> str:
        together.wait()
        return Ownership(tmp_path / "home", str(number)).claim().partition(":")[0]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(place, range(8)))) == 1


def test_the_dead_are_dead_to_all_who_ask_at_the_same_time(tmp_path: Path) -> None:
    dead = Ownership(tmp_path, "gone").name
    (tmp_path / "owners").mkdir()
    (tmp_path / "owners" / dead.replace(":", "%")).touch()
    together = threading.Barrier(4)

    def ask(_: int) -> bool:
        asker = Ownership(tmp_path, "asker")
        together.wait()
        return any(asker.lives(dead) for _ in range(2_000))

    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(ask, range(4)))


def test_a_claim_holds_though_others_sweep(tmp_path: Path) -> None:
    sweeping = threading.Event()

    def sweep() -> None:
        while not sweeping.is_set():
            Ownership(tmp_path, "sweeper").sweep()

    asker = Ownership(tmp_path, "asker")
    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(sweep) for _ in range(2)]
        for number in range(1_000):
            ours = Ownership(tmp_path, str(number))
            alive = asker.lives(ours.claim())
            ours.release()
            if not alive:
                break
        sweeping.set()
        assert alive
    assert not any(other.exception() for other in others)


def test_who_saw_the_file_of_a_dead_one_leaves_that_of_its_successor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Ownership(tmp_path, "a")
    file = tmp_path / "owners" / ours.name.replace(":", "%")
    file.parent.mkdir()
    file.touch()
    lock = fcntl.flock

    def lock_late(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_SH | fcntl.LOCK_NB and file.exists() and not ours.lives(ours.name):
            file.unlink()  # by another one who sweeps
            ours.claim()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    Ownership(tmp_path, "sweeper").sweep()
    assert Ownership(tmp_path, "asker").lives(ours.name)


def test_two_threads_claim_at_once(tmp_path: Path) -> None:
    ours = Ownership(tmp_path, "a")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ours.claim(), range(8))) == {ours.name}
