"""Waiting at all hours."""

from datetime import timedelta

from orcaops.improving.advisors.concurrency import Concurrency
from orcaops.model.run import Run
from orcaops.testing.advisors import a_dossier, a_run, told


def waiting(wait_s: float, every: timedelta = timedelta(hours=1)) -> list[Run]:
    runs = [a_run(n, 60.0, every=every) for n in range(24)]
    return [run.changed(started_at=run.submitted_at + timedelta(seconds=wait_s)) for run in runs]


def test_more_places_are_proposed() -> None:
    (found,) = told(Concurrency(), a_dossier(waiting(90.0), concurrency=8))
    assert (found.evidence["places"], found.evidence["proposed_places"]) == (8, 12)
    assert found.saving is not None
    assert 0 < found.saving.per_run <= 90


def test_it_is_silent_where_it_is_the_hour_or_short_or_unknown() -> None:
    assert not told(Concurrency(), a_dossier(waiting(90.0, timedelta(days=1)), concurrency=8))
    assert not told(Concurrency(), a_dossier(waiting(3.0), concurrency=8))
    assert not told(Concurrency(), a_dossier(waiting(90.0)))
