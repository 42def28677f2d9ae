"""The figures are those of the store."""

from datetime import timedelta

from orcaops.app import App, now
from orcaops.model.job import JobSpec
from orcaops.services.gauges import Gauges


def test_an_empty_house(app: App) -> None:
    reading = Gauges(app.store, active=lambda: 3, clock=now).read()
    assert (reading.queued, reading.active, reading.absorb_lag_s) == (0, 3, 0.0)
    assert set(reading.runs.values()) == {0}


def test_what_waits_and_what_is_not_learned(app: App) -> None:
    queued = app.jobs.submit(JobSpec(command=("true",)))
    assert Gauges(app.store, active=lambda: 0, clock=now).read().queued == 1
    app.jobs.cancel("default", queued.job_id, by="test")
    later = Gauges(app.store, active=lambda: 0, clock=lambda: now() + timedelta(minutes=1)).read()
    assert (later.queued, later.runs["cancelled"]) == (0, 1)
    assert 60 <= later.absorb_lag_s < 120
