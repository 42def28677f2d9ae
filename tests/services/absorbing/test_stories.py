"""Stories: a broken job is told once, an incident for all its jobs, and learning again comes to the same."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops.app import App
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.notice import Notice
from orcaops.model.run import Cause, Run, Status
from orcaops.notifying.notifier import Receipt
from orcaops.services.telling import Telling

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(place: int, name: str = "nightly", *, fails: bool = False, minutes: float = 10) -> Run:
    begun = START + timedelta(minutes=minutes * place)
    return Run(
        job_id=f"{name}-{place}",
        key=f"name:{name}",
        name=name,
        status=Status.FAILED if fails else Status.SUCCEEDED,
        cause=Cause.COMMAND_FAILED if fails else Cause.SUCCESS,
        exit_code=int(fails),
        submitted_at=begun,
        started_at=begun,
        finished_at=begun + timedelta(seconds=5),
        duration_s=5.0,
    )


def absorb(app: App, runs: Iterable[Run], *, one_by_one: bool = True) -> None:
    portions = [[each] for each in runs] if one_by_one else [list(runs)]
    for portion in portions:
        with app.store.write() as transaction:
            transaction.runs.add_new(portion)
        app.absorber.absorb_all()


def opinions(app: App) -> dict[str, Anomaly]:
    with app.store.read() as transaction:
        return {anomaly.id: anomaly for anomaly in transaction.anomalies.each()}


def history() -> list[Run]:
    """Twenty successes, five failures, twelve successes."""
    return [run(place, fails=20 <= place < 25, minutes=2) for place in range(37)]


def test_a_broken_job_is_one_story_from_the_third_failure_on(app: App) -> None:
    runs = history()
    absorb(app, runs[:24])
    told = list(opinions(app).values())
    assert len(told) >= 3, "seen by several"
    (speaking,) = [anomaly for anomaly in told if anomaly.part_of is None]
    assert speaking.type == "degradation"
    assert {anomaly.part_of for anomaly in told} == {None, speaking.id}
    absorb(app, runs[24:])
    assert [anomaly.type for anomaly in opinions(app).values() if anomaly.part_of is None] == ["degradation"]


def test_what_is_part_of_what_depends_on_no_batches(open_app: Callable[[Path], App], tmp_path: Path) -> None:
    one, other = open_app(tmp_path / "one"), open_app(tmp_path / "other")
    absorb(one, history())
    absorb(other, history(), one_by_one=False)
    assert opinions(one) == opinions(other)
    one.upkeep.relearn()
    assert opinions(one) == opinions(other)


def test_an_incident_speaks_for_its_jobs_and_for_those_seen_before_it(app: App) -> None:
    names = [f"job{number}" for number in range(8)]
    absorb(app, (run(place, name, minutes=1) for place in range(15) for name in names), one_by_one=False)
    absorb(app, (run(15, name, fails=True, minutes=1) for name in names))
    told = list(opinions(app).values())
    (speaking,) = [anomaly for anomaly in told if anomaly.part_of is None]
    assert speaking.type == "incident"
    assert len(told) == 1 + len(names)


class Channel:
    """Keeps what it is sent."""

    name, least = "kept", Severity.INFO

    def __init__(self) -> None:
        self.titles: list[str] = []

    def send(self, notice: Notice) -> Receipt:
        self.titles.append(notice.title)
        return Receipt(sent=True)

    def trouble(self) -> str | None:
        return None


@pytest.mark.parametrize("at_once", [False, True])
def test_people_hear_once_of_it_and_once_more_when_it_is_worse(app: App, at_once: bool) -> None:
    channel = Channel()
    telling = Telling(app.store, [channel], lambda: datetime(2100, 1, 1, tzinfo=UTC))
    for each in history()[:25]:
        absorb(app, [each])
        if not at_once:
            telling.deliver()
    telling.deliver()
    first, *more = [title.partition(":")[0] for title in channel.titles]
    if at_once:  # what waited while its cause was found out is not told any more
        assert (first, more) == ("Fails more often", [])
    else:
        assert first.startswith("Failed, although it practically always succeeds")
        assert more == ["Fails more often"]
