"""What ends a command from outside is heard whatever the command is waiting for."""

import signal
import subprocess
import sys

import pytest

_WAITS = """
import os, signal, threading, time
from orcaops.interfaces.cli.endings import end_in_order, on_endings

end_in_order()
on_endings(lambda number, _frame: os._exit(128 + number))

def tell():
    time.sleep(0.3)
    # A signal that reaches another thread is one that the main thread is not woken by.
    signal.pthread_kill(threading.get_ident(), NUMBER)

threading.Thread(target=tell, daemon=True).start()
os.read(os.pipe()[0], 1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_ending_is_heard_while_the_main_thread_waits_for_something_else(number: signal.Signals) -> None:
    program = _WAITS.replace("NUMBER", str(int(number)))
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == 128 + number


def test_what_was_set_aside_stays_set_aside() -> None:
    program = """
import os, signal
from orcaops.interfaces.cli.endings import on_endings

signal.signal(signal.SIGHUP, signal.SIG_IGN)
on_endings(lambda number, _frame: os._exit(1))
os.kill(os.getpid(), signal.SIGHUP)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
