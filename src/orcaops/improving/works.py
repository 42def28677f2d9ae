"""Works: what a job with a name really runs, and which of its runs say something of that. Pure.

A name is a key for ever, whatever it names. When its command or its image is another one, the runs before
say nothing of the runs to come: limits that fitted the one may kill the other. What one work needs is
therefore learned from its own runs, and a change of a limit is laid over the work that it was learned of.
A tag that comes to mean another digest is no other work: images that are built anew every night would never
be learned of; what such a build does to a trial is seen by its guard.
"""

from collections import Counter
from collections.abc import Sequence

from orcaops.model.key import key_of
from orcaops.model.run import Run

LASTS_FROM = 3
"""So many runs in a row of another work are no exception: the job is another one now."""

_NEW_EACH_TIME = 0.2


def work_of(run: Run) -> str:
    """Image and masked command: the key that the run would have without a name."""
    return key_of(image=run.image, command_line=run.command, name=None)


def of_one_work(runs: Sequence[Run]) -> tuple[str | None, list[Run]]:
    """What the latest of the runs ran, and the runs of that; both newest first.

    No work and all of the runs for a job without a name, whose key says what it runs, and for one that runs
    something new nearly each time (more than a fifth of it was seen only once): the name is what is the same.
    """
    if not runs or runs[0].name is None:
        return None, list(runs)
    times = Counter(map(work_of, runs))
    if sum(count == 1 for count in times.values()) > _NEW_EACH_TIME * len(runs):
        return None, list(runs)
    work = work_of(runs[0])
    return work, [run for run in runs if work_of(run) == work]


def another_lasts(work: str | None, runs: Sequence[Run]) -> str | None:
    """The other work that the latest runs, newest first, have in common; None while it may be chance."""
    latest = [work_of(run) for run in runs[:LASTS_FROM]]
    if work is None or len(latest) < LASTS_FROM or len(set(latest)) > 1 or latest[0] == work:
        return None
    return latest[0]
