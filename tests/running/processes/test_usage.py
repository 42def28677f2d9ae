"""What commands used, from the kernel's accounts."""

import os
import resource
import subprocess
import sys

import pytest

from orcaops.model.quantities import MIB
from orcaops.running.processes.usage import ProcessUsage


def measure(usage: ProcessUsage, *command: str, looks: bool = False) -> None:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        usage.begin(process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        if looks:
            while usage.next_look_s() > 0:
                pass
            usage.look()
        process.stdin.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    usage.end(used)


HOLDING = "held = bytearray({0} << 20); print(flush=True); input()"


def test_nothing_is_known_of_nothing() -> None:
    total = ProcessUsage().total(complete=True)
    assert total.cpu_seconds is None
    assert total.memory_resident_bytes is None
    assert not total.exact


def test_a_program_larger_than_ourselves_is_exact() -> None:
    usage = ProcessUsage()
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 + 200  # whatever ran here before
    measure(usage, sys.executable, "-ISc", HOLDING.format(held))
    total = usage.total(complete=True)
    assert total.memory_resident_bytes == pytest.approx((held + 8) * MIB, rel=0.05)
    assert (total.memory_resident_basis, total.basis, total.exact) == ("exact", "rusage", True)


def test_a_smaller_one_is_known_by_looking_only() -> None:
    usage = ProcessUsage()
    measure(usage, "sh", "-c", "echo; read x")
    assert usage.total(complete=True).memory_resident_bytes is None, "our own mark is not the command's"
    measure(usage, "sh", "-c", "echo; read x", looks=True)
    total = usage.total(complete=True)
    assert total.memory_resident_bytes is not None
    assert total.memory_resident_bytes < 8 * MIB
    assert (total.memory_resident_basis, total.memory_samples) == ("sampled", 1)


def test_looking_sees_descendants() -> None:
    usage = ProcessUsage()
    line = f"'{sys.executable}' -ISc '{HOLDING.format(40)}'; true"
    measure(usage, "sh", "-c", line, looks=True)
    size = usage.total(complete=True).memory_resident_bytes
    assert size is not None
    assert size > 40 * MIB


def test_commands_are_added_up() -> None:
    usage = ProcessUsage()
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    for _ in range(2):
        measure(usage, sys.executable, "-ISc", burn)
    total = usage.total(complete=False)
    assert total.cpu_seconds is not None
    assert 0.4 <= total.cpu_seconds < 0.6  # each takes a little more until it has ended
    assert total.cpu_seconds == (total.cpu_user_seconds or 0) + (total.cpu_system_seconds or 0)
    assert not total.exact
