"""How long work waits for a free place, and how many places a waiting goal needs."""

import math


def probability_of_waiting(load: float, places: int) -> float:
    """Erlang's C: the share of arrivals that find all places taken.

    ``load`` is arrivals per second times seconds of work each. Arrivals are independent of each other.

    >>> round(probability_of_waiting(2.0, 3), 3)
    0.444
    """
    if load <= 0:
        return 0.0
    if places <= load:
        return 1.0
    blocked = 1.0  # Erlang's B by its recursion, which cannot overflow
    for place in range(1, places + 1):
        blocked = load * blocked / (place + load * blocked)
    return blocked / (1 - load / places * (1 - blocked))


def mean_wait_s(load: float, places: int, service_s: float, variation: float = 1.0) -> float:
    """Mean seconds of waiting; infinite where more comes than can be worked off.

    ``variation`` is the standard deviation of the work over its mean (approximation of Allen 1990 and
    Cunneen). Real arrivals come in bursts and wait longer: this is a lower end, not a promise.
    """
    if load <= 0:
        return 0.0
    if places <= load:
        return math.inf
    waits = probability_of_waiting(load, places)
    return waits * service_s / (places - load) * (1 + variation**2) / 2


def places_for(load: float, service_s: float, goal_s: float, variation: float = 1.0) -> int:
    """The fewest places with which the mean wait is at most ``goal_s`` seconds.

    >>> places_for(2.0, 60.0, 30.0)
    3
    """
    if load <= 0:
        return 0
    low, high = math.floor(load), max(math.floor(load) + 1, 1)
    while mean_wait_s(load, high, service_s, variation) > goal_s:
        low, high = high, high + max(1, (high - math.floor(load)))
    while high - low > 1:
        middle = (low + high) // 2
        if mean_wait_s(load, middle, service_s, variation) <= goal_s:
            high = middle
        else:
            low = middle
    return high
