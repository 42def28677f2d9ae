"""The estimates that stood lately: what was asked for a while ago is held against the one of that time.

An entry is a list that begins with the moment, in seconds since the epoch, from which it stood.
"""

_PAST = 24


def standing(past: list[list[float]], asked_at: float | None) -> list[float] | None:
    """The entry that stood at a moment, or the last; None if there was none yet."""
    if asked_at is None:
        return past[-1]
    for entry in reversed(past):
        if entry[0] <= asked_at:
            return entry
    return None


def keep(past: list[list[float]], entry: list[float], n: int) -> None:
    """Add the ``n``-th entry; too many are thinned in their older half: a long burst still finds its own."""
    past.append(entry)
    if len(past) > _PAST:
        del past[1 + n % (_PAST // 2)]
