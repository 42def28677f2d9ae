"""Readiness: what stands ready for jobs to come, what it has brought, and what is planned."""

from typing import Literal

from pydantic import NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.word import Word

Ending = Literal["claimed", "expired", "replaced", "died", "stopped"]
"""Used by a job; nobody came in time; its image was replaced; it ended by itself; its server ended."""


class Stood(Word):
    """A fact: one container stood ready for so long, and this became of it.

    ``took_s`` is what making it took, which is what the job that got it has saved. ``idle_s`` is how long it
    stood until it was used or removed.
    """

    id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    image: str
    image_digest: str
    ready_at: UtcTime
    ended_at: UtcTime
    ending: Ending
    took_s: Finite
    idle_s: Finite
    memory_bytes: NonNegativeInt | None = None


class Ready(Word):
    """One container that stands ready now."""

    id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    image: str
    image_digest: str
    ready_at: UtcTime
    idle_s: Finite
    memory_bytes: NonNegativeInt | None = None


class ImageBalance(Word):
    """What holding ready has brought for one image in one workspace over the last seven days.

    ``saved_s`` is what the jobs that got one did not wait for, ``idle_min`` how long containers stood. It
    goes on as long as ``pays``: while the cold starts saved are worth the idle minutes, at ``worth_min``.
    """

    workspace: Workspace = DEFAULT_WORKSPACE
    image: str
    hits: NonNegativeInt = 0
    misses: NonNegativeInt = 0
    hit_rate: Finite | None = None
    saved_s: Finite = 0.0
    idle_min: Finite = 0.0
    wasted_min: Finite = 0.0
    worth_min: Finite
    pays: bool = True


class WarmBudget(Word):
    """What may be held at most, and what is held."""

    containers: NonNegativeInt
    containers_used: NonNegativeInt = 0
    memory_bytes: NonNegativeInt
    memory_used_bytes: NonNegativeInt = 0
    disk_bytes: NonNegativeInt
    disk_used_bytes: NonNegativeInt = 0
    minutes_per_day: Finite
    minutes_used: Finite = 0.0


class WarmStatus(Word):
    """What stands ready, within which budget, and what it has brought.

    ``paused`` says why nothing is held now though the mode would allow it; null if nothing stands in the way.
    """

    mode: Literal["off", "suggest", "auto"]
    paused: str | None = None
    ready: tuple[Ready, ...] = ()
    budget: WarmBudget
    images: tuple[ImageBalance, ...] = ()


class WarmIntent(Word):
    """What would be held for one image now, and why.

    ``hold`` is how many containers are wished, ``granted`` how many the budget allows. ``until`` is when they
    would be let go if nobody comes. ``fetch`` says that the image is missing and worth pulling ahead.
    """

    workspace: Workspace = DEFAULT_WORKSPACE
    image: str
    arrivals: NonNegativeInt
    last_at: UtcTime
    chance_next_hour: Finite
    hold: NonNegativeInt = 0
    granted: NonNegativeInt = 0
    until: UtcTime | None = None
    fetch: bool = False
    why: str


class WarmPlan(Word):
    """What is expected of each image, and what would be done about it, as of ``at``."""

    mode: Literal["off", "suggest", "auto"]
    at: UtcTime
    worth_min: Finite
    intents: tuple[WarmIntent, ...] = ()
