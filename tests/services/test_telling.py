"""Telling: live anomalies become notices, grouped, sent once through each channel, retried."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops.app import App
from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.notice import Notice
from orcaops.model.run import Run, Status
from orcaops.notifying.notifier import Receipt
from orcaops.notifying.settings import NotifySettings
from orcaops.recording.sql import open_store
from orcaops.services.absorbing.announcing import Announcing
from orcaops.services.telling import Telling

START = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
FAMILIES = {"anomaly_duration": ("duration",)}


class Channel:
    """A channel that answers as it is told to."""

    def __init__(self, *answers: Receipt, name: str = "test", least: Severity = Severity.INFO) -> None:
        self.name, self.least = name, least
        self.answers = list(answers)
        self.sent: list[Notice] = []

    def send(self, notice: Notice) -> Receipt:
        self.sent.append(notice)
        return self.answers.pop(0) if self.answers else Receipt(sent=True)

    def trouble(self) -> str | None:
        return None


class House:
    """Telling with a clock that stands still."""

    def __init__(self, app: App, *channels: Channel, **settings: object) -> None:
        self.app, self.at = app, START
        self.channels = channels
        chosen = NotifySettings.model_validate(settings)
        self.announcing = Announcing(lambda: self.at, settings=chosen, families=FAMILIES)
        self.telling = Telling(app.store, channels, lambda: self.at, settings=chosen)
        self.number = 0

    def found(self, *anomalies: Anomaly, source: str = "local") -> None:
        """What absorbing one run does, after which these anomalies are known."""
        self.number += 1
        run = Run(
            job_id=f"job-{self.number}",
            key="name:a",
            status=Status.SUCCEEDED,
            submitted_at=self.at,
            started_at=self.at,
            finished_at=self.at,
            duration_s=1.0,
            source=source,
        )
        with self.app.store.write() as transaction:
            transaction.anomalies.put_many(anomalies)
            self.announcing.follow(transaction, [run], Absorbed(anomalies, (("default", "name:a"),)))

    def deliver(self, **later: float) -> int:
        self.at += timedelta(**later)
        return self.telling.deliver()

    def told(self, anomaly_id: str) -> tuple[bool, str] | None:
        with self.app.store.read() as transaction:
            found = transaction.tellings.find("default", [anomaly_id])
        return (found[anomaly_id].told, found[anomaly_id].because) if found else None


def anomaly(anomaly_id: str = "a", **more: object) -> Anomaly:
    given = {"job_id": f"job-of-{anomaly_id}", "type": "flaky", "severity": Severity.WARNING, "title": "odd"}
    given |= {"description": "d", "detected_at": START, "key": "name:a", "detector": "flaky"}
    return Anomaly.model_validate({"id": anomaly_id, **given, **more})


def test_what_comes_together_is_told_together_and_once(app: App) -> None:
    house = House(app, channel := Channel())
    house.found(anomaly("a"))
    house.found(anomaly("b", severity=Severity.CRITICAL))
    house.found(anomaly("a", run_count=2))
    assert house.deliver(seconds=29) == 0, "the window is open"
    assert house.deliver(seconds=1) == 1
    assert house.deliver(hours=9) == 0
    (group,) = channel.sent
    assert (group.severity, group.subject_ids) == (Severity.CRITICAL, ("b", "a"))
    assert "1 critical, 1 warning" in group.title
    assert "orcaops anomalies show a" in group.body
    assert house.told("a") == (True, "as a notice")


def test_an_episode_is_told_again_when_it_gets_worse_and_quietly_when_it_is_over(app: App) -> None:
    house = House(app, channel := Channel())
    house.found(anomaly())
    house.deliver(minutes=1)
    house.found(anomaly(run_count=5))
    assert house.deliver(minutes=1) == 0
    house.found(anomaly(severity=Severity.CRITICAL))
    assert house.deliver(minutes=1) == 1
    house.found(anomaly(severity=Severity.CRITICAL, open=False))
    assert house.deliver(minutes=1) == 0, "what is told quietly waits longer"
    assert house.deliver(hours=1) == 1
    assert [notice.severity for notice in channel.sent] == ["warning", "critical", "info"]
    assert channel.sent[-1].title == "Over: odd (name:a)"
    assert house.told("a") == (True, "as a notice")


def test_the_end_of_what_nobody_was_told_is_told_to_nobody(app: App) -> None:
    house = House(app, channel := Channel())
    house.found(anomaly(severity=Severity.INFO))
    house.found(anomaly(severity=Severity.INFO, open=False))
    assert house.deliver(hours=2) == 0
    assert channel.sent == []
    told = house.told("a")
    assert told is not None
    assert "listed and not told" in told[1]


def test_an_improvement_is_told_quietly(app: App) -> None:
    house = House(app, channel := Channel(), louder := Channel(name="loud", least=Severity.WARNING))
    house.found(anomaly(type="improvement", severity=Severity.INFO))
    assert house.deliver(minutes=5) == 0
    assert house.deliver(hours=1) == 1
    assert (len(channel.sent), len(louder.sent)) == (1, 0)


def test_what_is_imported_is_history(app: App) -> None:
    house = House(app, Channel())
    house.found(anomaly(), source="jsonl")
    assert house.deliver(hours=1) == 0
    assert house.told("a") is None


def test_a_passing_failure_is_tried_again_with_the_same_id_and_a_permanent_one_is_not(app: App) -> None:
    busy, gone = Receipt(sent=False, reason="busy"), Receipt(sent=False, reason="gone", permanent=True)
    house = House(app, channel := Channel(busy, gone))
    house.found(anomaly())
    assert house.deliver(minutes=1) == 0
    assert house.deliver(seconds=29) == 0, "not yet"
    assert len(channel.sent) == 1
    assert house.deliver(seconds=1) == 0
    assert house.deliver(days=2) == 0
    assert [notice.id for notice in channel.sent] == [channel.sent[0].id] * 2
    (check,) = [check for check in house.telling.checks() if check.state != "ok"]
    assert "gone" in check.sentence
    assert house.telling.failing() == {"channel test": "gone"}
    assert house.telling.retry("default") == 1
    assert house.deliver() == 1
    assert house.telling.failing() == {}


def test_one_channel_that_fails_does_not_make_another_send_twice(app: App) -> None:
    house = House(
        app, good := Channel(name="good"), bad := Channel(Receipt(sent=False, reason="no"), name="bad")
    )
    house.found(anomaly())
    assert house.deliver(minutes=1) == 1
    assert house.deliver(hours=1) == 1
    assert (len(good.sent), len(bad.sent)) == (1, 2)


def test_a_receiver_is_left_alone_as_long_as_it_asks(app: App) -> None:
    house = House(app, channel := Channel(Receipt(sent=False, reason="busy", retry_after_s=600.0)))
    house.found(anomaly())
    house.deliver(minutes=1)
    assert house.deliver(seconds=599) == 0
    assert house.deliver(seconds=1) == 1
    assert len(channel.sent) == 2


def test_it_is_given_up_after_the_stated_time(app: App) -> None:
    house = House(app, channel := Channel(*[Receipt(sent=False, reason="busy")] * 99), give_up_after="1h")
    house.found(anomaly())
    for _ in range(30):
        house.deliver(minutes=10)
    assert 5 <= len(channel.sent) <= 9
    (delivery,) = house.telling.deliveries("default", state="failed").items
    assert delivery.reason == f"busy; given up after {len(channel.sent)} attempts in 1 h"


def test_a_channel_that_raises_fails_like_any_other(app: App) -> None:
    class Raising(Channel):
        def send(self, notice: Notice) -> Receipt:
            raise RuntimeError("token-123")

    house = House(app, Raising())
    house.found(anomaly())
    assert house.deliver(minutes=1) == 0
    (delivery,) = house.telling.deliveries("default").items
    assert (delivery.state, delivery.reason) == ("waiting", "the channel raised RuntimeError")


@pytest.mark.parametrize(("passes", "sent"), [(True, 1), (False, 0)])
def test_in_quiet_hours_only_the_critical_passes(app: App, passes: bool, sent: int) -> None:
    zone = {"quiet_hours": "13:00-15:00", "time_zone": "Europe/Berlin", "critical_passes": passes}
    house = House(app, channel := Channel(), **zone)  # it is 13:00 in Berlin
    house.found(anomaly("a"))
    house.found(anomaly("b"))
    house.found(anomaly("c", severity=Severity.CRITICAL))
    assert house.deliver(minutes=1) == sent
    assert house.deliver(minutes=118) == 0
    assert house.deliver(minutes=1) == 1, "in the morning there is one message"
    assert {each for notice in channel.sent for each in notice.subject_ids} == {"a", "b", "c"}


def doubtful(anomaly_id: str, p: float, **more: object) -> Anomaly:
    return anomaly(anomaly_id, detector="anomaly_duration", type="duration", evidence={"p_value": p}, **more)


def test_what_is_to_be_expected_by_chance_is_listed_and_says_so(app: App) -> None:
    house = House(app, channel := Channel())
    for _ in range(100):
        house.found()
    house.found(doubtful("weak", 0.001))
    assert house.deliver(minutes=1) == 0
    told = house.told("weak")
    assert told is not None
    assert "among the 101 values judged in 24 hours" in told[1]
    house.found(doubtful("sure", 1e-9))
    house.deliver(minutes=1)
    assert [notice.subject_ids for notice in channel.sent] == [("sure",)]
    house.found(*(doubtful(f"more{n}", 1e-6) for n in range(5)))
    house.deliver(minutes=1)
    assert set(channel.sent[1].subject_ids) == {"weak", *(f"more{n}" for n in range(5))}, (
        "where much is wrong a weaker sign is believed"
    )
    assert house.told("weak") == (True, "as a notice")
    house.found(doubtful("sure", 1e-9, severity=Severity.CRITICAL))
    house.deliver(minutes=1)
    assert channel.sent[2].subject_ids == ("sure",), "once more, because it has become worse"


def test_the_digest_forgets_after_a_day(app: App) -> None:
    house = House(app, channel := Channel())
    for _ in range(100):
        house.found()
    house.at += timedelta(days=2)
    house.found(doubtful("alone", 0.002, detected_at=house.at))
    house.deliver(minutes=1)
    assert len(channel.sent) == 1


def test_what_is_muted_is_listed_with_its_reason(app: App) -> None:
    house = House(app, Channel())
    house.found(anomaly(muted_by="x", muted_because="you said so"))
    assert house.deliver(hours=2) == 0
    assert house.told("a") == (False, "you said so")


def test_nothing_is_written_while_a_channel_is_slow(app: App) -> None:
    class Slow(Channel):
        def send(self, notice: Notice) -> Receipt:
            with app.store.write() as transaction:  # somebody else's
                transaction.set_watermark(7)
            return Receipt(sent=True)

    house = House(app, Slow())
    house.found(anomaly())
    assert house.deliver(minutes=1) == 1


def test_a_test_notice_goes_through_every_channel_at_once(app: App) -> None:
    house = House(app, Channel(name="good"), Channel(Receipt(sent=False, reason="no"), name="bad"))
    assert [(each.channel, each.sent) for each in house.telling.test("default")] == [
        ("good", True),
        ("bad", False),
    ]
    assert house.telling.deliveries("default").items == ()


class FileChannel(Channel):
    """Appends ids to a file; dies at once after that, if told to."""

    def __init__(self, path: Path, *, dies: bool = False) -> None:
        super().__init__()
        self.path, self.dies = path, dies

    def send(self, notice: Notice) -> Receipt:
        with self.path.open("a") as file:
            file.write(notice.id + "\n")
        if self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return Receipt(sent=True)


def _deliver_elsewhere(url: str, path: Path, dies: bool) -> None:
    store = open_store(url)
    Telling(store, [FileChannel(path, dies=dies)], lambda: START + timedelta(hours=1)).deliver()
    store.close()


def test_two_processes_send_each_notice_once(app: App, tmp_path: Path) -> None:
    path, url = tmp_path / "sent", app.settings.store_url
    channel = FileChannel(path)
    with app.store.write() as transaction:
        for number in range(40):
            notice = Notice(
                id=f"n{number}", severity=Severity.INFO, title="t", body="b", at=START, subject="test"
            )
            transaction.deliveries.add(notice, [channel.name], at=START)
    spawn = multiprocessing.get_context("fork")
    both = [spawn.Process(target=_deliver_elsewhere, args=(url, path, False)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert sorted(path.read_text().split()) == sorted(f"n{number}" for number in range(40))


def test_what_was_sent_when_a_process_was_killed_comes_again_under_its_id(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    app, path = open_app(), tmp_path / "sent"
    notice = Notice(id="n", severity=Severity.INFO, title="t", body="b", at=START, subject="test")
    with app.store.write() as transaction:
        transaction.deliveries.add(notice, ["test"], at=START)
    killed = multiprocessing.get_context("fork").Process(
        target=_deliver_elsewhere, args=(app.settings.store_url, path, True)
    )
    killed.start()
    killed.join(60)
    house = House(app, channel := Channel())
    house.at += timedelta(hours=1)
    assert house.deliver(minutes=4) == 0, "it may still be at it"
    assert house.deliver(minutes=1) == 1
    assert [path.read_text().split(), [each.id for each in channel.sent]] == [["n"], ["n"]]


def test_what_nobody_sends_is_noticed(app: App) -> None:
    house = House(app, Channel())
    house.found(anomaly())
    house.at += timedelta(minutes=6)
    (check,) = [check for check in house.telling.checks() if check.state != "ok"]
    assert "orcaops notify send" in check.hint
    house.deliver()
    assert [check.state for check in house.telling.checks()] == ["ok"]
