"""Ownership: a lock tells the living from the dead, however they died."""

import os
import signal
import subprocess
import sys
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
