"""Episodes: from a failed run to the next success of the same key, and what was tried in between.

Follows the runs of a key in the learning order. Two things come of it. The *episode* of every failed run: the
next success within twenty runs and seven days, with the difference to it. And *trials*: what was different in
the first run that began after a failure, and whether it succeeded; each step is judged by itself, so that of
five attempts only the last gets the credit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orcaops.learning.failures.fixes import difference
from orcaops.model.diagnosis import Diagnosis, Trial
from orcaops.model.run import Run, Status

MOST_RUNS, LONGEST = 20, timedelta(days=7)
"""How far behind a failure its ending success may come."""

FAILED = frozenset({Status.FAILED, Status.TIMED_OUT, Status.LOST})
"""What counts as a failure; a cancelled run says nothing."""


@dataclass(slots=True)
class Following:
    """What is known while the runs of some keys go by.

    ``record`` reads a run by workspace and job id. ``awaited`` are failures that no success has ended, by
    workspace and key, oldest first; ``runs`` the records that have been needed. ``changed`` and ``trials``
    are what came of it.
    """

    record: Callable[[str, str], Run]
    awaited: dict[tuple[str, str], list[Diagnosis]] = field(default_factory=dict)
    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    changed: dict[tuple[str, str], Diagnosis] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)

    def waiting(self, diagnoses: Iterable[Diagnosis]) -> None:
        """Begin with the failures that wait for a success."""
        for diagnosis in diagnoses:
            self.awaited.setdefault((diagnosis.workspace, diagnosis.key), []).append(diagnosis)

    def follow(self, run: Run, diagnosis: Diagnosis | None) -> None:
        """The next run of the learning order; ``diagnosis`` if it failed."""
        if run.status is Status.CANCELLED or not run.status.final:
            return
        place = (run.workspace, run.key)
        open_ones = self.awaited.pop(place, [])
        still: list[Diagnosis] = []
        succeeded = run.status is Status.SUCCEEDED
        for one in open_ones:
            after = self._after(one, run, succeeded=succeeded)
            if after.awaited:
                still.append(after)
        if diagnosis is not None:
            still.append(diagnosis)
            self.runs[run.workspace, run.job_id] = run
            self.changed[run.workspace, run.job_id] = diagnosis
        if still:
            self.awaited[place] = still

    def _after(self, one: Diagnosis, run: Run, *, succeeded: bool) -> Diagnosis:
        if _began(run) < one.at - _SLACK:
            return one  # it ran beside the failure: no answer to it
        if _began(run) - one.at > LONGEST:
            return self._noted(one, awaited=False)
        if one.runs_after == 0:
            self.trials.append(
                Trial(
                    job_id=one.job_id,
                    next_job_id=run.job_id,
                    workspace=one.workspace,
                    number=run.number or 0,
                    at=_ended(run),
                    signature=one.signature,
                    family=one.family,
                    circumstance=one.circumstance,
                    atoms=difference(self._failed(one), run),
                    helped=succeeded,
                )
            )
        if succeeded:
            return self._noted(
                one,
                awaited=False,
                runs_after=one.runs_after + 1,
                ended_by=run.job_id,
                changed=difference(self._failed(one), run),
            )
        runs_after = one.runs_after + 1
        return self._noted(one, runs_after=runs_after, awaited=runs_after < MOST_RUNS)

    def _failed(self, one: Diagnosis) -> Run:
        place = (one.workspace, one.job_id)
        if place not in self.runs:
            self.runs[place] = self.record(*place)
        return self.runs[place]

    def _noted(self, one: Diagnosis, **changes: object) -> Diagnosis:
        noted = one.model_copy(update=changes)
        self.changed[one.workspace, one.job_id] = noted
        return noted


_SLACK = timedelta(seconds=1)  # clocks of an import are no finer


def _began(run: Run) -> datetime:
    return run.started_at or run.submitted_at


def _ended(run: Run) -> datetime:
    return run.finished_at or run.started_at or run.submitted_at
