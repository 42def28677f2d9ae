"""What a burst of work took is given back."""

import platform
import threading
from pathlib import Path

import pytest

from orcaops.services.memory import give_back


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the C library of GNU keeps it")
def test_what_was_freed_below_what_is_in_use_goes_back() -> None:
    kept: list[bytes] = []

    def burst() -> None:
        pieces = [b"x" * (20_000 + n % 7) for n in range(5_000)]
        kept.append(pieces.pop())

    thread = threading.Thread(target=burst)
    thread.start()
    thread.join()
    before = resident_mib()
    give_back()
    assert before - resident_mib() > 50
