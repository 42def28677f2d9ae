"""Works: what a job with a name really runs, and which of its runs say something of that. Pure.

A name is a key for ever, whatever it names. When its command or its image is another one, the runs before
say nothing of the runs to come: limits that fitted the one may kill the other. What one work needs is
therefore learned from its own runs, and a change of a limit is laid over the work that it was learned of.
Somebody who tries a variation once or twice has not changed the job: the present work is the one that ran
last several times in a row.
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
    """The present work of the job whose runs these are, newest first, and the runs of that.

    It is what last ran :data:`LASTS_FROM` times in a row; where nothing has, what ran most often, and of
    equals the latest.
    No work and all of the runs for a job without a name, whose key says what it runs, and for one that runs
    something new nearly each time (more than a fifth of it was seen only once): the name is what is the same.
    """
    if not runs or runs[0].name is None:
        return None, list(runs)
    works = [work_of(run) for run in runs]
    times = Counter(works)
    if sum(count == 1 for count in times.values()) > _NEW_EACH_TIME * len(runs):
        return None, list(runs)
    lasted = (
        work for place, work in enumerate(works) if works[place : place + LASTS_FROM] == [work] * LASTS_FROM
    )
    work = next(lasted, None) or max(times, key=times.__getitem__)  # of equals the latest
    return work, [run for run, its_work in zip(runs, works, strict=True) if its_work == work]


def runs_one_work(runs: Sequence[Run]) -> bool:
    """Whether all of the runs are of one work, as those of a job without a name always are."""
    return not runs or runs[0].name is None or len(set(map(work_of, runs))) == 1


def another_lasts(work: str | None, runs: Sequence[Run]) -> str | None:
    """The other work that the latest runs, newest first, have in common; None while it may be chance."""
    latest = [work_of(run) for run in runs[:LASTS_FROM]]
    if work is None or len(latest) < LASTS_FROM or len(set(latest)) > 1 or latest[0] == work:
        return None
    return latest[0]
