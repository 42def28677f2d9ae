"""The figures are those of the store."""

from datetime import timedelta

from orcaops.app import App, now
from orcaops.model.job import JobSpec
from orcaops.services.gauges import Gauges
from orcaops.testing.stores.builders import make_run


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


def test_counting_goes_on_from_what_was_counted(app: App) -> None:
    gauges = Gauges(app.store, active=lambda: 0, clock=now)
    with app.store.write() as transaction:
        transaction.runs.add_new([make_run(n) for n in range(1, 5)])
    for new in (5, 6, 7):
        assert gauges.read().runs == Gauges(app.store, active=lambda: 0, clock=now).read().runs
        app.absorber.absorb_all()
        assert gauges.read().runs["succeeded"] == new - 1
        with app.store.write() as transaction:
            transaction.runs.add(make_run(new))
    with app.store.write() as transaction:
        transaction.runs.clear_numbers()
    assert gauges.read().runs["succeeded"] == 7
