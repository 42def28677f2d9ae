"""Well-known smaller variants of large images: to be tried, each with its caveats."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import phase_s
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import MIB, show_duration, show_size
from orcaops.model.recommendation import Change, Recommendation, Trial
from orcaops.model.run import PhaseName, Run
from orcaops.stats.interval import mean_of_next

_OFFICIAL = r"((?:docker\.io/)?(?:library/)?|(?:[^/\s]+/)+library/)([a-z0-9_-]+)(?::([A-Za-z0-9_.-]+))?"
"""An official image by its own name, or by that of a mirror: both keep it below ``library/``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimImage:
    """Proposes a slim variant of the image from the table ``slim_images.toml``, where pulls took time.

    What it saves is the measured time of pulls, by the share that the variant is smaller. The proposal
    stays *untried* until a real run on the variant has succeeded (``orcaops recommendations try``): that an
    image is smaller does not say that the job works on it. An official image that comes by way of a mirror
    (``mirror.example/library/python:3.11``) is one of the table. Silent about images that are not in it,
    where pulling cost less than ``least_s`` over the latest runs, where that variant has runs of its own
    already, and before ``needed`` runs.

    >>> variant_of("python:3.11")[0], variant_of("docker.io/library/node:20")[0]
    ('python:3.11-slim', 'docker.io/library/node:20-slim')
    >>> variant_of("python:3.11-slim")
    """

    name: str = "slim_image"
    needed: int = 10
    least_s: float = 1.0

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs on an image of the table."""
        return (
            bool(latest.image) and baseline.run_count >= self.needed and variant_of(latest.image) is not None
        )

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation."""
        image = dossier.latest.image if dossier.latest is not None else None
        found = variant_of(image)
        if image is None or found is None or len(dossier.successes) < self.needed:
            return ()
        proposed, entry = found
        known = any(v.image == proposed and len(v.runs) >= self.needed for v in dossier.variants)
        here = [run for run in dossier.runs if run.image == image]
        pulls = [phase_s(run, PhaseName.PULL) for run in here]
        sizes = [run.image_size_bytes for run in here if run.image_size_bytes]
        size = sizes[0] if sizes else int(entry["large_mib"]) * MIB
        if known or sum(pulls) < self.least_s:
            return ()
        smaller = 1 - min(int(entry["slim_mib"]) * MIB / size, 1.0)
        saved = mean_of_next([smaller * seconds for seconds in pulls], ahead=AHEAD)
        measured = "measured" if sizes else "usual"
        return (
            propose(
                dossier,
                advisor=self.name,
                field="image",
                kind="performance",
                title=f"Consider the slim image {proposed}",
                description=f"{image} has {show_size(size)} ({measured}), {proposed} about "
                f"{entry['slim_mib']} "
                f"MiB; pulling took {show_duration(sum(pulls))} over the last {len(here)} runs. "
                f"{entry['caveat']}",
                impact=f"Pulls get about {100 * smaller:.0f}% smaller.",
                action=f"--image {proposed}",
                worth=Worth(
                    unit="seconds",
                    per_run=saved.within(0.0),
                    effort="moderate",
                    probability=float(entry["works"]),
                ),
                evidence=observed(
                    here,
                    image=image,
                    proposed_image=proposed,
                    image_size_bytes=size,
                    image_size_is=measured,
                    proposed_size_bytes=int(entry["slim_mib"]) * MIB,
                    pull_seconds=round(sum(pulls), 3),
                    pulls=sum(seconds > 0 for seconds in pulls),
                    caveat=entry["caveat"],
                ),
                change=Change(field="image", before=image, after=proposed),
                trial=Trial(),
            ),
        )


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("slim_images.toml").read_text("utf-8"))


@lru_cache(maxsize=1024)
def variant_of(image: str | None) -> tuple[str, Mapping[str, Any]] | None:
    """The slim variant of an image reference, with its entry in the table; None where none is known."""
    match = re.fullmatch(_OFFICIAL, image or "")
    if match is None or match[2] not in _table():
        return None
    entry = _table()[match[2]]
    tag = match[3] or "latest"
    if not re.fullmatch(entry["tags"], tag):
        return None
    slim = entry["slim"].replace("TAG", tag) if tag != "latest" else entry.get("slim_latest")
    return (f"{match[1]}{match[2]}:{slim}", entry) if slim else None


advisor: Advisor = SlimImage()
"""The shipped instance."""
