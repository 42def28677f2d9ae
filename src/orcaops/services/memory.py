"""Memory that a burst of requests took, given back to the machine when the burst is over."""

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return to the machine what is free; takes milliseconds.

    The C library of GNU keeps what was freed, for each thread's heap apart, while anything above it is in
    use: a server would stay as large as its busiest minute made it. Other libraries are left alone.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
