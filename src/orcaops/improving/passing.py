"""Passing: failures that went away by themselves, as the runs after them show. Pure."""

from collections.abc import Sequence

from orcaops.improving.works import work_of
from orcaops.model.run import Run, Status


def went_away(runs: Sequence[Run], failed: Sequence[Run]) -> list[Run]:
    """The failures after which the job's next run, of the same work, succeeded; ``runs`` come newest first.

    What another try would have spared is known of no others: an image that is gone stays away, and a name
    that was mistyped and then put right did not go right by itself.
    """
    chosen = {run.job_id for run in failed}
    return [
        run
        for place, run in enumerate(runs)
        if place
        and run.job_id in chosen
        and runs[place - 1].status is Status.SUCCEEDED
        and work_of(runs[place - 1]) == work_of(run)
    ]
