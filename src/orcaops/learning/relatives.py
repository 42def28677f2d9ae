"""Relatives: what is expected of a job by its own history, and of a new one by its nearest relatives'.

A panel of experts (:mod:`orcaops.stats.panel`) follows each job. Beside it a level of relatives keeps one
figure each: the same job in other workspaces, the same command on other images, the same tool, the same
image, everything. All numbers are logarithms, times are seconds since the epoch.

Workspaces share nothing but that one figure of jobs that bear the same name, or run the same command on the
same image: a mean and a count. Who does not know the job's key learns nothing from it.
"""

from typing import NamedTuple

from orcaops.learning.learner import Memories, Memory
from orcaops.stats.panel import cold, panel
from orcaops.stats.panel.outlook import Interval

LEVELS = ("key", "elsewhere", "command", "tool", "image", "all")
"""The job itself, then its relatives from the nearest to the farthest."""

RELATIVES = {
    "elsewhere": "the same job in other workspaces",
    "command": "the same command on other images",
    "tool": "the same tool on this image",
    "image": "other commands on this image",
    "all": "all jobs of this workspace",
}
"""The relatives in words."""


class Expected(NamedTuple):
    """An interval, and whose history it comes from: the ``level``, its runs ``n``, and both in words."""

    told: Interval
    level: str
    n: int
    source: str


def learn(memories: Memories, y: float, *, at: float, asked_at: float | None, bound: bool) -> None:
    """Fold one number of a job in, in place; ``bound`` says that the truth is at least ``y``.

    ``asked_at`` is when the run was submitted: what had not finished by then could not be known to it.
    """
    series, pool = memories["key"], memories["all"]
    if not series:
        series.update(panel.fresh_series())
    if "errors" not in pool:
        pool.update(panel.fresh_pool())
    if bound:
        if series["n"]:
            panel.learn_bound(series, pool, y, at=at)
        return
    if not series["n"]:
        stood = nearest(memories, asked_at)
        if stood is not None:
            cold.learn_error(pool, y - stood[1])
    panel.learn(series, pool, y, at=at, asked_at=asked_at)
    moment = round(at, 3)
    for level in LEVELS[1:]:
        group = memories[level]
        if "past" not in group:
            group.update(cold.fresh())
        cold.learn(group, y, at=moment)


def expected(memories: Memories, coverage: float) -> Expected | None:
    """What the next run's number will be; None if nothing was learned of the job or any relative."""
    series, pool = memories["key"], pool_of(memories)
    if series.get("n"):
        n = series["n"]
        source = f"from {_runs(n)} of this job, by {panel.method(series, pool)}"
        return Expected(panel.interval(series, pool, coverage), "key", n, source)
    stood = nearest(memories, None)
    if stood is None:
        return None
    level, centre, n = stood
    source = f"from {_runs(n)} of {RELATIVES[level]}"
    return Expected(cold.interval(pool, centre, coverage), level, n, source)


def pool_of(memories: Memories) -> Memory:
    """What is known of all jobs of the workspace together; as good as nothing in a new one."""
    pool = memories["all"]
    return pool if "errors" in pool else panel.fresh_pool()


def nearest(memories: Memories, asked_at: float | None) -> tuple[str, float, int] | None:
    """The nearest relatives of whom something is known: their level, their centre, and how many runs."""
    for level in LEVELS[1:]:
        group = memories[level]
        if group.get("n"):
            centre = cold.estimate(group, asked_at)
            if centre is not None:
                return level, centre, group["n"]
    return None


def _runs(n: int) -> str:
    return f"{n} run{'s' * (n != 1)}"
