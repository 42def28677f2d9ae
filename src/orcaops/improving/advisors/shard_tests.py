"""Long test runs that could be split."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import mean_of_next

_SIDE_BY_SIDE = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTests:
    """Advises to split a test run into shards where its test cases take at least ``least_s`` together.

    The expected wall time is what the longest processing time first rule gives for the measured durations
    of the test cases, plus what the job takes beside its tests, which every shard pays. The number of
    shards is the smallest up to ``most`` beyond which another one saves less than a tenth. Silent where no
    test cases were recorded, where they run side by side already (together they take longer than the job),
    and before ``needed`` successes.

    >>> wall_s([4.0, 3.0, 3.0, 2.0], 2)
    6.0
    """

    name: str = "shard_tests"
    needed: int = 10
    least_s: float = 300.0
    most: int = 8

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs that take long and left test results."""
        return (baseline.duration_p50 or 0.0) >= self.least_s and latest.tests is not None

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation."""
        seconds = list(dossier.tests.values())
        whole = [run.duration_s for run in dossier.successes if run.duration_s is not None]
        if len(whole) < self.needed or len(seconds) < 2 or sum(seconds) < self.least_s:
            return ()
        mean = sum(whole) / len(whole)
        if sum(seconds) > _SIDE_BY_SIDE * mean:
            return ()
        beside = max(mean - sum(seconds), 0.0)
        walls = {n: beside + wall_s(seconds, n) for n in range(1, self.most + 1)}
        shards = next((n for n in range(2, self.most) if walls[n + 1] > 0.9 * walls[n]), self.most)
        share = 1 - walls[shards] / walls[1]
        if share < 0.2:
            return ()
        saved = mean_of_next([value * share for value in whole], ahead=AHEAD)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="shards",
                kind="performance",
                title=f"Split the tests into {shards} shards",
                description=f"{len(seconds)} test cases take {show_duration(sum(seconds))} one after "
                f"the other, "
                f"the rest of the job {show_duration(beside)}.",
                impact=f"Expected wall time {show_duration(walls[shards])} instead of "
                f"{show_duration(walls[1])}, "
                f"for {show_duration((shards - 1) * beside)} more of machine time.",
                action=f"Run {shards} jobs, each with its share of the tests, longest first "
                "(pytest: pytest-split or -n; jest: --shard=1/N; go: by package)",
                worth=Worth(
                    unit="seconds",
                    per_run=saved.scaled(0.9, 0.7, 1.0),
                    effort="hard",
                    probability=0.8,
                ),
                evidence=observed(
                    dossier.successes,
                    test_cases=len(seconds),
                    tests_s=round(sum(seconds), 3),
                    beside_s=round(beside, 3),
                    expected_wall_s={str(n): round(wall, 3) for n, wall in walls.items()},
                    longest=sorted(dossier.tests, key=lambda name: -dossier.tests[name])[:5],
                ),
            ),
        )


def wall_s(seconds: Iterable[float], shards: int) -> float:
    """The time until the last shard ends, each test given to the shard that is free first, longest first."""
    loads = [0.0] * shards
    for each in sorted(seconds, reverse=True):
        heapq.heapreplace(loads, loads[0] + each)
    return max(loads)


advisor: Advisor = ShardTests()
"""The shipped instance."""
