"""This machine, as the context of what runs on it."""

import os
import platform
import socket

from orcaops.model.run import Context


def host_context() -> Context:
    """Its name, and its class: jobs on machines of one class may be compared."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return Context(
        host=socket.gethostname(),
        host_class=f"{platform.machine()}-{os.cpu_count()}cpu-{memory_gib:.0f}g",
    )
