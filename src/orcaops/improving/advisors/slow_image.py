"""Images on which the same command takes longer than on another one, as real runs show."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import Variant, ids, phase_s
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.key import masked_command
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Change, Recommendation, Trial
from orcaops.model.run import Cause, PhaseName, Run
from orcaops.stats.interval import difference, rank_p_value


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowImage:
    """Compares successes of one command on two images: pull, create, start and the command itself.

    A faster image is proposed only from ``needed`` successes on each, where the Mann–Whitney test finds the
    difference with p below ``p_value``, and where it is above ``least_share`` of the time. Nothing is said
    of an image on which the command fails more often. The runs on the other image are the trial.

    >>> SlowImage().p_value
    0.01
    """

    name: str = "slow_image"
    needed: int = 8
    p_value: float = 0.01
    least_share: float = 0.05

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs in a container that have run often enough."""
        return latest.image is not None and baseline.run_count >= self.needed

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: the image that saves most."""
        latest = dossier.latest
        if latest is None or latest.image is None:
            return ()
        image, alike = latest.image, _alike(dossier.runs, latest)
        here = [run for run in alike if run.image == image]
        others = [*dossier.variants, *_within(dossier.key, alike, image)]
        found = [found for other in others if (found := self._compared(dossier, image, here, other))]
        return sorted(found, key=lambda each: each.score, reverse=True)[:1]

    def _compared(
        self, dossier: Dossier, image: str, here: Sequence[Run], other: Variant
    ) -> Recommendation | None:
        ours, theirs = ([r for r in runs if r.cause is Cause.SUCCESS] for runs in (here, other.runs))
        if min(len(ours), len(theirs)) < self.needed:
            return None
        if len(theirs) / len(other.runs) < len(ours) / len(here) - 0.05:
            return None
        slow, fast = ([_whole_s(run) for run in runs] for runs in (ours, theirs))
        p_value = rank_p_value(slow, fast)
        saved = difference(slow, fast, ahead=AHEAD)
        mean = sum(slow) / len(slow)
        if p_value >= self.p_value or saved.middle < self.least_share * mean or saved.low <= 0:
            return None
        means = show_duration(mean), show_duration(mean - saved.middle)
        return propose(
            dossier,
            advisor=self.name,
            field="image",
            kind="performance",
            title=f"Run it on {other.image} instead of {image}",
            description=f"The same command takes {means[0]} on {image} and {means[1]} on {other.image}, "
            f"pull and "
            f"start included ({len(ours)} and {len(theirs)} runs, p = {p_value:.2g}).",
            impact=f"Could reduce the job's time by {100 * saved.middle / mean:.0f}%.",
            action=f"--image {other.image}",
            worth=Worth(unit="seconds", per_run=saved, effort="easy"),
            evidence=observed(
                ours,
                image=image,
                proposed_image=other.image,
                mean_s=round(mean, 3),
                proposed_mean_s=round(mean - saved.middle, 3),
                p_value=p_value,
                proposed_job_ids=ids(theirs),
                pull_s=round(sum(phase_s(run, PhaseName.PULL) for run in ours), 3),
                proposed_pull_s=round(sum(phase_s(run, PhaseName.PULL) for run in theirs), 3),
            ),
            change=Change(field="image", before=image, after=other.image),
            trial=Trial(
                state="confirmed",
                job_ids=tuple(ids(theirs)),
                sentence=f"{len(theirs)} runs on {other.image} succeeded",
            ),
        )


def _within(key: str, alike: Sequence[Run], image: str) -> list[Variant]:
    """A named job keeps its key whatever its image and command: its runs of this command on other images."""
    images = {run.image: None for run in alike if run.image not in (None, image)}
    return [
        Variant(key=key, image=str(other), runs=tuple(run for run in alike if run.image == other))
        for other in images
    ]


def _alike(runs: Sequence[Run], latest: Run) -> list[Run]:
    """The runs of the latest one's command: others say nothing of the image."""
    command = masked_command(latest.command)
    return [run for run in runs if masked_command(run.command) == command]


def _whole_s(run: Run) -> float:
    """What a user waits for: everything but the queue."""
    phases = (PhaseName.PULL, PhaseName.CREATE, PhaseName.START)
    return (run.duration_s or 0.0) + sum(phase_s(run, name) for name in phases)


advisor: Advisor = SlowImage()
"""The shipped instance."""
