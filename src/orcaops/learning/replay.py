"""Replaying a history in honest order: at a submission only runs that had finished are known."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from orcaops.model.sample import Sample


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of the past: when it was submitted, when it ended, and what was measured of it."""

    submitted_at: datetime
    finished_at: datetime
    samples: Sequence[Sample]


class Event(Enum):
    """What happens to a run."""

    SUBMITTED = "submitted"
    FINISHED = "finished"


def in_honest_order(runs: Iterable[PastRun]) -> Iterator[tuple[Event, PastRun]]:
    """Each run twice: when it was submitted, and when it had finished.

    ``runs`` come in order of their submission, and are held only from then until they finish. A run
    that finished at the moment another was submitted is known to it.
    """
    ending: list[tuple[datetime, int, PastRun]] = []
    for place, run in enumerate(runs):
        while ending and ending[0][0] <= run.submitted_at:
            yield Event.FINISHED, heapq.heappop(ending)[2]
        yield Event.SUBMITTED, run
        heapq.heappush(ending, (run.finished_at, place, run))
    while ending:
        yield Event.FINISHED, heapq.heappop(ending)[2]
