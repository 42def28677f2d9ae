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

_SHORT = 12  # letters of an id, as engines show it


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpinnedImage:
    """Advises the digest where a job runs on ``latest`` or no tag, or where a tag has moved.

    An image that was never pushed has no digest to be found by: it is advised to give it a tag of its own,
    which a build does not move. A tag that kept its image over all runs looked at is no reason for advice;
    that an image has been pushed meanwhile makes it no other. Silent before ``needed`` runs.

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
        image = dossier.latest.image if dossier.latest is not None else None
        here = [run for run in dossier.runs if run.image == image]
        if image is None or (tag := tag_of(image)) is None or len(here) < self.needed:
            return ()
        images = _told_apart(here)
        moved = len(images) > 1
        if tag != "latest" and not moved:
            return ()
        fixed, action = (
            _fixed(image, images[0][0]) if images else (None, f"--image {_untagged(image)}:VERSION")
        )
        known = [run for run in here if run.image_digest]
        flags = [not _same(one, other) for one, other in pairwise(known)]
        rate = share_of_next(flags, ahead=AHEAD) if flags else Estimate(0.1, 0.0, 0.5)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="image",
                kind="security",
                title=f"Pin the image {image}",
                description=f"{image} meant {len(images)} different images in the last {len(here)} runs."
                if moved
                else f"{image} has no version: tomorrow it may be another image, with other contents.",
                impact="A run that differs from the last one for no visible reason is hard to explain.",
                action=action,
                worth=Worth(unit="exposures", per_run=rate, effort="easy", probability=0.9 if moved else 0.5),
                evidence=observed(
                    here, image=image, digests=[alike[0].image_digest for alike in images[:10]]
                ),
                change=Change(field="image", before=image, after=fixed) if fixed else None,
                least=Priority.MEDIUM if moved else Priority.LOW,
            ),
        )


def tag_of(image: str) -> str | None:
    """The tag of an image reference, ``latest`` where none is written, None where a digest names it."""
    if "@" in image:
        return None
    last = image.rpartition("/")[2]
    return last.partition(":")[2] or "latest"


def _fixed(image: str, latest: Run) -> tuple[str, str]:
    """A reference that goes on to mean the image of the latest run, and what to do to run on it."""
    pinned = latest.image_pinned
    if pinned is None and latest.image_id is None:  # an import, or an executor that does not tell ids apart
        pinned = f"{image.removesuffix(':latest')}@{latest.image_digest}"
    if pinned is not None:
        return pinned, f"--image {pinned}"
    tagged = f"{_untagged(image)}:{str(latest.image_id).removeprefix('sha256:')[:_SHORT]}"
    return tagged, f"docker tag {image} {tagged}, then --image {tagged}"


def _untagged(image: str) -> str:
    tag = tag_of(image)
    return image.removesuffix(f":{tag}")


def _told_apart(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs that tell which image they had, by image; the latest image first."""
    images: list[list[Run]] = []
    for run in runs:
        if run.image_digest is None:
            continue
        alike = next((image for image in images if any(_same(run, other) for other in image)), None)
        if alike is not None:
            alike.append(run)
        else:
            images.append([run])
    return images


def _same(one: Run, other: Run) -> bool:
    """Whether two runs had the same image: by the engine's id, which a push leaves, or the digest."""
    same_id = one.image_id is not None and one.image_id == other.image_id
    return same_id or one.image_digest == other.image_digest


advisor: Advisor = UnpinnedImage()
"""The shipped instance."""
