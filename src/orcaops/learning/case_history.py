"""What is remembered of one test, and what its next outcome means: small, because tests come by thousands.

A memory holds how often the test ran and failed (``n``, ``f``), its latest outcomes as letters (``h``: ``p``
passed, ``f`` failed, in capitals where commit or image had changed), the logarithms of its latest durations
(``d``), when it ran last (``t``) and failed last (``e``), a digest of the circumstances (``c``), since how
many runs a failure that was news goes on (``r``), and whether it counts as flaky (``k``).
"""

import math
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from orcaops.learning import staleness
from orcaops.learning.learner import Memory
from orcaops.model.sample import Sample
from orcaops.stats import flakiness, outlier
from orcaops.stats.robust import middle
from orcaops.stats.student import tail

LEARNER, VERSION = "anomaly_tests", 1
"""Whose memories these are."""

_LETTERS = 120
_LETTERS_LEFT = 80
_DURATIONS = 24
_LATEST = 5  # durations that must lie higher before a test counts as slower than before
_EARLIER = 7
_LEAST_S = 0.2
_LEAST_RATIO = 1.5
_GAP = math.log(1.1)
_TAIL_FREEDOM = 8  # noise has heavier tails than the test supposes
_DAY_S = 86400.0
_CLEAN_RUNS = 30
_CLEAN_DAYS = 7.0
_FLAKE_RATE = 0.01
_HEALTHY_FAILURES = 1.8


class Flake(NamedTuple):
    """How flaky a test is: the share of runs in which it fails while healthy, and the counts behind it."""

    probability: float
    rate: float
    healthy_failures: float
    failures: int
    runs: int


class Slow(NamedTuple):
    """A duration, in seconds, beside the usual one; ``p`` is how probable that is by chance, if tested."""

    actual: float
    usual: float
    p: float | None


def begun(memory: Memory, sample: Sample, stale_after_days: float) -> None:
    """Make the memory ready for a run of the test; begin anew if it had not run for too long."""
    if not memory or staleness.stale(memory["t"], sample, stale_after_days):
        memory.clear()
        memory.update(n=0, f=0, h="", d=[], t=None, e=None, c=None, r=0, k=0)


def failed(memory: Memory, sample: Sample) -> int:
    """Note a failure; returns how often the test had failed and run before as ``failures`` stands in it."""
    before = int(memory["f"])
    _note(memory, sample, "f")
    memory["f"] += 1
    memory["e"] = memory["t"]
    return before


def passed(memory: Memory, sample: Sample) -> None:
    """Note that it passed: a failure that went on is over."""
    _note(memory, sample, "p")
    memory["r"] = 0


def recovered(memory: Memory) -> bool:
    """Whether a flaky test has been clean for 30 runs and 7 days."""
    if memory["e"] is None:
        return True
    clean = len(memory["h"]) - len(memory["h"].rstrip("pP"))
    return clean >= _CLEAN_RUNS and memory["t"] - memory["e"] >= _CLEAN_DAYS * _DAY_S


def flake(memory: Memory) -> Flake | None:
    """How flaky the test is; None unless it has failed, been mended, and failed again."""
    letters = memory["h"].lower()
    if letters.count("pf") + letters.startswith("f") < 2:
        return None
    return _weighed(memory["h"])


def comparable(memory: Memory, seconds: float) -> bool:
    """Whether a duration can be judged: there are enough before it, and it is long enough to matter."""
    return len(memory["d"]) >= _LATEST and seconds >= _LEAST_S


def slow(memory: Memory, seconds: float) -> Slow | None:
    """Whether a duration is unlike the latest ones of the test; None if it is not, or they are too few."""
    durations = memory["d"]
    value = _log(seconds)
    if not comparable(memory, seconds) or value <= max(durations) + _GAP:
        return None
    band = outlier.band(durations, least_amount=_LEAST_S, least_ratio=_LEAST_RATIO)
    if band is None or band.side(value) <= 0:
        return None
    return Slow(round(seconds, 4), round(math.exp(band.centre), 4), _p_value(band, value))


def _p_value(band: outlier.Band, value: float) -> float:
    return float(f"{tail(band.t(value), min(band.freedom, _TAIL_FREEDOM)):.3g}")


def timed(memory: Memory, seconds: float) -> Slow | None:
    """Note a duration; returns the median of the latest five beside that before, if it is clearly higher."""
    durations = memory["d"]
    durations.append(round(_log(seconds), 5))
    del durations[:-_DURATIONS]
    if seconds < _LEAST_S or len(durations) < _LATEST + _EARLIER:
        return None
    usual = math.exp(middle(sorted(durations[:-_LATEST])))
    now = math.exp(middle(sorted(durations[-_LATEST:])))
    if now - usual < _LEAST_S or now < 1.2 * usual:
        return None
    return Slow(round(now, 4), round(usual, 4), None)


def _note(memory: Memory, sample: Sample, letter: str) -> None:
    change = None
    if sample.commit is not None:
        text = f"{sample.commit} {sample.image_digest}"
        change = _short(text)
    changed = memory["n"] > 0 and (change is None or memory["c"] != change)
    memory["h"] += letter.upper() if changed else letter
    if len(memory["h"]) > _LETTERS:
        memory["h"] = memory["h"][-_LETTERS_LEFT:]
    memory["n"] += 1
    memory["c"] = change
    memory["t"] = round(sample.at_s, 3)


def _log(seconds: float) -> float:
    return math.log(min(max(seconds, 1e-3), 1e9))


@lru_cache(maxsize=64)
def _short(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=5).hexdigest()


@lru_cache(maxsize=2048)
def _weighed(letters: str) -> Flake:
    """The hidden Markov model of :mod:`orcaops.stats.flakiness` over outcomes; many tests share theirs."""
    state = flakiness.fresh(flakiness.FLAKY)
    healthy_failures = 0.0
    for letter in letters:
        bad = letter in "fF"
        healthy = flakiness.learn(state, flakiness.FLAKY, failed=bad, changed=letter.isupper())
        healthy_failures += healthy if bad else 0.0
    return Flake(
        round(min(flakiness.rate_above(state, flakiness.FLAKY, _FLAKE_RATE), 1.0), 4),
        round(flakiness.rate_interval(state, flakiness.FLAKY)[0], 4),
        round(healthy_failures, 4),
        sum(letter in "fF" for letter in letters),
        len(letters),
    )


def is_flaky(found: Flake, sure: float) -> bool:
    """Whether that is enough to call a test flaky."""
    return found.probability > sure and found.healthy_failures >= _HEALTHY_FAILURES
