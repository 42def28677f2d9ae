"""Who wants to write gets its turn beside one that hardly lets go of the lock."""

import subprocess
import sys
import time
from pathlib import Path

from orcaops.recording.sql import open_store
from orcaops.recording.sql.turnstile import Turnstile

_HOLD = """
import sys, time
from orcaops.recording.sql import open_store
store = open_store(sys.argv[1])
for number in range(10_000):  # one batch after the other, without a pause
    with store.absorbing(patient=True) as transaction:
        assert transaction is not None
        print(number, flush=True)
        time.sleep(0.3)
"""


def test_a_writer_waits_for_the_batch_that_is_going_on_and_no_longer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/orcaops.db"
    store = open_store(url)
    with subprocess.Popen([sys.executable, "-c", _HOLD, url], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        batches = iter(holder.stdout)
        assert next(batches) == b"0\n"
        for _ in range(5):
            with store.write():
                pass
        holder.kill()
        (*_, last) = (0, *map(int, batches))
    assert last <= 30, "each of five waited for the batch that was going on, not for many"
    store.close()


def test_one_that_waited_in_vain_goes_on_and_a_closed_one_is_free(tmp_path: Path) -> None:
    first, second = Turnstile(tmp_path / "db"), Turnstile(tmp_path / "db")
    with first.passing(0.0):
        since = time.monotonic()
        with second.passing(0.05):
            assert time.monotonic() - since >= 0.05
    with second.passing(0.0):
        assert not first._taken(0.0)
    second.close()
    assert first._taken(0.0)
    first.close()


def test_where_there_is_no_room_for_it_nothing_waits(tmp_path: Path) -> None:
    with Turnstile(tmp_path / "nowhere" / "db").passing(10.0):
        pass
