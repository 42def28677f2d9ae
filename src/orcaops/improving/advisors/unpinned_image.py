"""Images whose name may mean something else tomorrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.recommendation import Change, Priority, Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import Estimate, share_of_next


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpinnedImage:
    """Advises a version, or the digest, where a job runs on ``latest`` or no tag, or where a tag has moved.

    A tag that kept its digest over all runs looked at is no reason for advice. Silent before ``needed`` runs.

    >>> tag_of("python"), tag_of("registry.local:5000/a/b:1.2"), tag_of("python@sha256:00")
    ('latest', '1.2', None)
    """

    name: str = "unpinned_image"
    needed: int = 5

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs in containers whose image is not named by its digest."""
        return latest.image is not None and "@" not in latest.image and baseline.run_count >= self.needed

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation."""
        image = dossier.runs[0].image if dossier.runs else None
        here = [run for run in dossier.runs if run.image == image]
        if image is None or (tag := tag_of(image)) is None or len(here) < self.needed:
            return ()
        digests = list(dict.fromkeys(run.image_digest for run in here if run.image_digest))
        moved = len(digests) > 1
        if tag != "latest" and not moved:
            return ()
        pinned = f"{image.removesuffix(':latest')}@{digests[0]}" if digests else None
        flags = [
            one.image_digest != other.image_digest
            for one, other in pairwise(here)
            if one.image_digest and other.image_digest
        ]
        rate = share_of_next(flags, ahead=AHEAD) if flags else Estimate(0.1, 0.0, 0.5)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="image",
                kind="security",
                title=f"Pin the image {image}",
                description=f"{image} meant {len(digests)} different images in the last {len(here)} runs."
                if moved
                else f"{image} has no version: tomorrow it may be another image, with other contents.",
                impact="A run that differs from the last one for no visible reason is hard to explain. "
                "An image that was built here and never pushed has no digest to be found by: give it a tag "
                "of its own instead.",
                action=f"--image {pinned}" if pinned else f"--image {image.removesuffix(':latest')}:VERSION",
                worth=Worth(unit="exposures", per_run=rate, effort="easy", probability=0.9 if moved else 0.5),
                evidence=observed(here, image=image, digests=digests[:10]),
                change=Change(field="image", before=image, after=pinned) if pinned else None,
                least=Priority.MEDIUM if moved else Priority.LOW,
            ),
        )


def tag_of(image: str) -> str | None:
    """The tag of an image reference, ``latest`` where none is written, None where a digest names it."""
    if "@" in image:
        return None
    last = image.rpartition("/")[2]
    return last.partition(":")[2] or "latest"


advisor: Advisor = UnpinnedImage()
"""The shipped instance."""
