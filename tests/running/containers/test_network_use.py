"""What was sent and received, up to the end."""

import contextlib
import os
import subprocess
from pathlib import Path

from orcaops.running.containers.network_use import NetworkUse, bytes_of


def test_without_a_namespace_of_its_own_a_process_is_not_waited_for_and_its_counters_stay() -> None:
    process = subprocess.Popen(("sleep", "60"))
    try:
        with NetworkUse() as use:
            assert use.ended_within(0) is None, "nothing was looked at yet"
            use.look([process.pid])
            before = use.bytes
            process.kill()
            process.wait()
            use.look(())
            assert use.bytes is not None or before is None, "the counters outlive the process"
            assert use.ended_within(0) is None, "it is no first process: others may go on"
    finally:
        process.kill()
        process.wait()


def test_a_process_that_is_gone_already_has_no_counters() -> None:
    process = subprocess.Popen(("true",))
    process.wait()
    with NetworkUse() as use:
        use.look([process.pid])
        assert use.bytes is None
        assert bytes_of(process.pid) is None


def test_what_went_before_is_not_counted() -> None:
    now = bytes_of(os.getpid()) or (0, 0)
    with NetworkUse(before=(now[0] - 7, now[1] - 5)) as use:
        use.look([os.getpid()])
        assert use.bytes is None or (use.bytes[0] >= 7 and use.bytes[1] >= 5)


def test_many_are_watched_and_none_is_left_open() -> None:
    for _ in range(50):
        with NetworkUse() as use:
            use.look([os.getpid()])
    left = [name for each in Path("/proc/self/fd").iterdir() if "net/dev" in (name := _target(each))]
    assert not left


def _target(link: Path) -> str:
    with contextlib.suppress(OSError):  # the folder's own is gone by now
        return str(link.readlink())
    return ""
