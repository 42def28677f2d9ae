"""Jobs that always follow one another, with nothing observed that ties them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import ids, spec_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.improving.retyped import retyped
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats.interval import mean_of_next


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelJobs:
    """Advises to start two jobs together where this one always came right after the end of the other.

    *Always*: before at least ``share`` of the latest runs the workspace's previous run was of that same
    other job, had ended, and less than ``gap_s`` before. *Nothing ties them*: this one does not name the
    other as its parent, the other left no artifacts, they share no folder that one may write, and the other
    never failed before this one was started only after it succeeded again. That is what can be observed;
    the person who knows the jobs decides. Two jobs that follow each other in turn are one round: what ties
    the one to the other ties both, and only one of them is told. Silent before ``needed`` such pairs.

    >>> ParallelJobs().gap_s
    60.0
    """

    name: str = "parallel_jobs"
    needed: int = 8
    share: float = 0.8
    gap_s: float = 60.0

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs that take a while and whose submission is known."""
        return (baseline.duration_p50 or 0.0) >= 10.0 and latest.source == "local"

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation."""
        pairs = [
            (run, dossier.previous[run.job_id]) for run in dossier.runs if run.job_id in dossier.previous
        ]
        close = [(run, earlier) for run, earlier in pairs if self._follows(run, earlier)]
        keys = {earlier.key for _, earlier in close}
        if len(keys) != 1 or len(close) < max(self.needed, self.share * len(pairs)):
            return ()
        key = keys.pop()
        if key == dossier.key or any(_tied(run, earlier) for run, earlier in close):
            return ()
        back = self._the_other_way(close)
        if back and (key < dossier.key or any(_tied(later, run) for later, run in back)):
            return ()
        seconds = [
            min(run.duration_s or 0.0, earlier.duration_s or 0.0)
            for run, earlier in close
            if run.cause is Cause.SUCCESS and earlier.cause is Cause.SUCCESS
        ]
        if len(seconds) < self.needed:
            return ()
        saved = mean_of_next(seconds, ahead=AHEAD)
        both = [(run.duration_s or 0.0, earlier.duration_s or 0.0) for run, earlier in close]
        one_by_one = sum(map(sum, both)) / len(both)
        together = sum(map(max, both)) / len(both)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="start",
                kind="performance",
                title="Start this job beside the one that it always follows",
                description=f"{len(close)} of the last {len(pairs)} runs began within "
                f"{show_duration(self.gap_s)} "
                f"of the end of {key}; no parent, artifact or writable folder connects them.",
                impact=f"Expected wall time for both {show_duration(together)} instead of "
                f"{show_duration(one_by_one)}, if nothing else ties them.",
                action=_both_at_once(*close[0]),
                worth=Worth(
                    unit="seconds",
                    per_run=saved.within(0.0),
                    effort="moderate",
                    probability=0.5,
                ),
                evidence=observed(
                    [run for run, _ in close],
                    follows=key,
                    previous_job_ids=ids([earlier for _, earlier in close]),
                    wall_s=round(one_by_one, 3),
                    expected_wall_s=round(together, 3),
                ),
            ),
        )

    def _follows(self, run: Run, earlier: Run) -> bool:
        if earlier.finished_at is None:
            return False
        gap = (run.submitted_at - earlier.finished_at).total_seconds()
        return 0 <= gap <= self.gap_s and (earlier.duration_s or 0.0) > gap

    def _the_other_way(self, close: Sequence[tuple[Run, Run]]) -> list[tuple[Run, Run]]:
        """Runs of the other job that came right after one of this job, where they always do."""
        found = [
            (later, run)
            for (_, later), (run, _) in pairwise(close)  # newest first
            if self._follows(later, run)
        ]
        return found if len(found) >= self.share * (len(close) - 1) else []


def _both_at_once(run: Run, earlier: Run) -> str:
    """The two commands that start both, where they can be typed; where not, what to do."""
    specs = [each.requested or spec_of(each) for each in (earlier, run)]
    lines = [retyped(spec, "--detach") for spec in specs if spec is not None]
    typed = [line for line in lines if line is not None]
    if len(typed) < len(specs):
        return "Submit both at once, each with --detach, and wait for both"
    return "; ".join(typed)


def _tied(run: Run, earlier: Run) -> bool:
    """Whether anything observed connects two runs: parent, artifacts, folders that one may write, a retry."""
    if earlier.job_id in (run.parent_job_id, run.retry_of) or earlier.artifacts:
        return True
    if earlier.cause is not Cause.SUCCESS:
        return False
    one, other = spec_of(run), spec_of(earlier)
    if one is None or other is None:
        return False
    written = {mount.source for mount in other.mounts if not mount.read_only}
    if one.executor == "process" and other.executor == "process" and one.cwd == other.cwd and one.cwd:
        return True
    return any(mount.source in written for mount in one.mounts)


advisor: Advisor = ParallelJobs()
"""The shipped instance."""
