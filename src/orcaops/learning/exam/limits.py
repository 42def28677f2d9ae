"""What limits from history would have done: memory held for nothing, runs killed. Beside the specification's.

Of memory: the limit of :mod:`orcaops.stats.sizing` (*balanced*, to suggest; *safe*, to apply without asking)
against the largest peak × 1.5. Of time: :mod:`orcaops.stats.timeouts` against the 99th percentile × 1.5 after
ten runs. Every limit is set when the run is submitted, from what had finished by then.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orcaops.learning.exam.answers import Allocations
from orcaops.learning.exam.paper import Figures
from orcaops.learning.replay import PastRun
from orcaops.stats import sizing, timeouts

_SPEC_MARGIN = 1.5
_SPEC_RUNS = 10
_LATEST = 100


@dataclass(slots=True)
class MemoryLimits:
    """Three ways to set a memory limit, over the same runs."""

    ways: dict[str, Allocations] = field(
        default_factory=lambda: {"balanced": Allocations(), "safe": Allocations(), "spec": Allocations()}
    )
    pending: dict[int, dict[str, float | None]] = field(default_factory=dict)
    peaks: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    largest: dict[tuple[str, str], float] = field(default_factory=dict)
    shares: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    def submitted(self, run: PastRun) -> None:
        """Set the limits."""
        key = _key(run)
        self.pending[id(run)] = {
            "balanced": self._limit(run, sizing.BALANCED),
            "safe": self._limit(run, sizing.SAFE),
            "spec": self.largest[key] * _SPEC_MARGIN
            if key in self.largest
            else run.samples[0].memory_limit_bytes,
        }

    def finished(self, run: PastRun, peak: float | None, hours: float) -> None:
        """See what the run would have done under them; None: nothing is known of its peak."""
        limits = self.pending.pop(id(run), {})
        if peak is None or any(limit is None for limit in limits.values()):
            return
        for name, limit in limits.items():
            self.ways[name].add(limit or 0.0, peak, hours, run.samples[0].memory_limit_bytes)

    def learn(self, run: PastRun, peak: float) -> None:
        """Know one run more."""
        first, key = run.samples[0], _key(run)
        self.peaks[key] = [*self.peaks.get(key, ()), peak][-_LATEST:]
        self.largest[key] = max(self.largest.get(key, 0.0), peak)
        if first.memory_limit_bytes:
            of_relatives = self.shares.setdefault(_relatives(run), {})
            share = peak / first.memory_limit_bytes
            of_relatives[first.key] = max(of_relatives.get(first.key, 0.0), share)

    def figures(self) -> tuple[Figures, Figures]:
        """Ours (``automatic_…``: the safe way) and the specification's."""
        safe = self.ways["safe"].figures()
        ours = self.ways["balanced"].figures() | {f"automatic_{name}": each for name, each in safe.items()}
        return ours, self.ways["spec"].figures()

    def _limit(self, run: PastRun, margin: sizing.Margin) -> float | None:
        """From the job's own peaks, else from its relatives' shares, else as asked for; never above that."""
        key, requested = _key(run), run.samples[0].memory_limit_bytes
        found = sizing.memory_limit(self.peaks.get(key, ()), margin, largest=self.largest.get(key))
        if found is None and requested:
            found = sizing.limit_by_relatives(list(self.shares.get(_relatives(run), {}).values()), requested)
        return min(found, requested) if found is not None and requested else found or requested


@dataclass(slots=True)
class Timeouts:
    """Two ways to set a timeout: how many healthy runs each would have killed."""

    pending: dict[int, tuple[float | None, float | None]] = field(default_factory=dict)
    seconds: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    longest: dict[tuple[str, str], float] = field(default_factory=dict)
    killed: list[bool] = field(default_factory=list)
    spec_killed: list[bool] = field(default_factory=list)

    def submitted(self, run: PastRun) -> None:
        """Set the timeouts."""
        known = self.seconds.get(_key(run), [])
        ours = timeouts.timeout(known, longest=self.longest.get(_key(run)))
        self.pending[id(run)] = (ours, _p99(known) * _SPEC_MARGIN if len(known) > _SPEC_RUNS else None)

    def finished(self, run: PastRun, seconds: float | None) -> None:
        """See whether a healthy run would have been killed; None: it was none."""
        ours, theirs = self.pending.pop(id(run), (None, None))
        if seconds is None:
            return
        if ours is not None:
            self.killed.append(seconds > ours)
        if theirs is not None:
            self.spec_killed.append(seconds > theirs)

    def learn(self, run: PastRun, seconds: float) -> None:
        """Know one run more."""
        key = _key(run)
        self.seconds[key] = [*self.seconds.get(key, ()), seconds][-_LATEST:]
        self.longest[key] = max(self.longest.get(key, 0.0), seconds)

    def figures(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ours and the specification's: of the runs that had a timeout, the share it would have killed."""
        return _shares(self.killed), _shares(self.spec_killed)


def _shares(killed: Sequence[bool]) -> dict[str, Any]:
    return {"healthy_killed": sum(killed) / len(killed) if killed else None, "timeouts_n": len(killed)}


def _p99(seconds: Sequence[float]) -> float:
    """The percentile as ``numpy.percentile`` has it."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[-1]


def _key(run: PastRun) -> tuple[str, str]:
    return run.samples[0].workspace, run.samples[0].key


def _relatives(run: PastRun) -> tuple[str, str]:
    """Jobs whose limits were set by the same hand: those of one image or workflow."""
    return run.samples[0].workspace, run.samples[0].scopes.get("image", "")
