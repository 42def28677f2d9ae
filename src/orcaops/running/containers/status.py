"""ContainerStatus: what an engine's exit status says, and what it does not."""

from collections.abc import Collection
from datetime import datetime, timedelta

_SIGNALLED = 128
_UNKNOWN = 255  # what an engine says of a container that it finds dead, as after a loss of power
_BY_SHUTDOWN = (_SIGNALLED + 9, _SIGNALLED + 15)
_STARTING = timedelta(seconds=30)  # an engine ends what it finds alive before it answers
_STOPPING = timedelta(seconds=15)  # as long as an engine gives its containers when it is stopped


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


def ended_with_engine(
    status: int | None,
    started_at: datetime | None,
    finished_at: datetime | None,
    *,
    engine_since: datetime | None,
    keeps: bool,
    away_since: datetime | None = None,
) -> bool:
    """Whether a container that nobody asked to end was ended by the end of its engine.

    An engine that is stopped ends its containers, one that was killed ends those that it finds alive when
    it starts again, and one whose machine went finds them dead: unless it ``keeps`` them, an engine of
    the moment ``engine_since`` has none that ran before. ``away_since`` is when somebody who followed the
    container lost the engine; without that, TERM and KILL count as the engine's whenever they came.

    >>> from datetime import UTC
    >>> begun, ended, since = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 2, 5))
    >>> ended_with_engine(143, begun, ended, engine_since=since, keeps=False)
    True
    >>> ended_with_engine(143, begun, ended, engine_since=since, keeps=True)
    False
    >>> ended_with_engine(3, begun, ended, engine_since=since, keeps=False)
    False
    >>> ended_with_engine(3, begun, ended, engine_since=since, keeps=False, away_since=ended)
    True
    """
    if not status or engine_since is None or started_at is None or finished_at is None:
        return False
    if not started_at < engine_since or finished_at > engine_since:
        return False
    found_dead = engine_since - finished_at < _STARTING
    if keeps:
        return found_dead and status == _UNKNOWN
    stopped = away_since is not None and abs(finished_at - away_since) < _STOPPING
    return found_dead or stopped or status in _BY_SHUTDOWN
