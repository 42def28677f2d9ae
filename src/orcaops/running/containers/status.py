"""ContainerStatus: what an engine's exit status says."""

from collections.abc import Collection

_SIGNALLED = 128


def exit_or_signal(status: int, sent: Collection[int] = ()) -> tuple[int | None, int | None]:
    """(exit code, None), or (None, signal) if that signal is known to have been ``sent``.

    Engines, inits and shells show a process that signal n ended as the status 128 + n, and nothing
    outside the container tells it from a program that ended with that very exit code. So the status
    is kept as it is, and a signal is named only if there is evidence for it: OrcaOps itself sent it, or
    the kernel counted a kill for want of memory.

    >>> exit_or_signal(3), exit_or_signal(137), exit_or_signal(137, {9})
    ((3, None), (137, None), (None, 9))
    """
    return (None, status - _SIGNALLED) if status - _SIGNALLED in sent else (status, None)
