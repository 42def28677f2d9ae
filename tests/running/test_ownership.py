"""Ownership: a lock tells the living from the dead, however they died."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
    assert not list(tmp_path.iterdir())


def test_one_owns_only_between_claim_and_release(tmp_path: Path) -> None:
    ours, other = Ownership(tmp_path, "a"), Ownership(tmp_path, "b")
    assert not ours.lives(ours.name)
    name = ours.claim()
    assert ours.lives(name)
    assert other.lives(name)
    ours.release()
    assert not other.lives(name)


def test_an_owner_of_another_machine_cannot_be_judged(tmp_path: Path) -> None:
    assert Ownership(tmp_path, "a").lives("elsewhere:1:x")


def test_the_dead_are_dead_to_all_who_ask_at_the_same_time(tmp_path: Path) -> None:
    (tmp_path / Ownership(tmp_path, "gone").name.replace(":", "%")).touch()
    dead = Ownership(tmp_path, "gone").name
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


def test_two_threads_claim_at_once(tmp_path: Path) -> None:
    ours = Ownership(tmp_path, "a")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ours.claim(), range(8))) == {ours.name}
