"""``orcaops notify``, and what ``orcaops anomalies`` says of telling."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops.testing.notifiers import SECRET, Receiver, receiving

from .conftest import Command


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from receiving()


@pytest.fixture
def channels(tmp_path: Path, receiver: Receiver) -> Receiver:
    """A configuration with two webhooks: one works, at the other nobody listens."""
    (tmp_path / "orcaops.toml").write_text(
        "[notify]\n"
        'group = "1ms"\n'
        'group_quiet = "1ms"\n'
        "[notify.channels.hook]\n"
        'kind = "webhook"\n'
        f'url = "{receiver.url}{SECRET}"\n'
        "[notify.channels.dead]\n"
        'kind = "webhook"\n'
        f'url = "ftp://127.0.0.1/{SECRET}"\n'
    )
    return receiver


def test_a_test_notice_says_what_became_of_it(channels: Receiver, orcaops: Command) -> None:
    answer = orcaops("notify", "test")
    assert answer.code == 1, "one of them does not work"
    assert [line.split()[:2] for line in answer.text.splitlines()[1:]] == [
        ["hook", "sent"],
        ["dead", "failed:"],
        ["log", "sent"],
    ]
    assert len(channels.requests) == 1
    told = {each["channel"]: each["sent"] for each in orcaops("notify", "test", "--json").documents}
    assert told == {"hook": True, "dead": False, "log": True}


def test_without_channels_it_says_how_to_add_some(orcaops: Command) -> None:
    answer = orcaops("notify", "test")
    assert answer.code == 0
    assert "be-told.md" in answer.err


def test_what_could_not_be_delivered_is_listed_and_tried_again(channels: Receiver, orcaops: Command) -> None:
    for _ in range(8):
        assert orcaops("run", "--name", "storm", "--", "false").code == 1
    assert orcaops("notify", "send", "--json").document["sent"] > 0
    assert channels.requests, "failing again and again is told"
    failed = orcaops("notify", "list", "--failed", "--json").documents
    assert {each["channel"] for each in failed} == {"dead"}
    assert all("not of HTTP" in each["reason"] for each in failed)
    assert "orcaops notify list --failed" in orcaops("doctor").text
    assert f"{len(failed)} messages" in orcaops("notify", "retry").err
    assert orcaops("notify", "send").code == 0
    listed = orcaops("notify", "list")
    assert "dead" in listed.text
    anomaly = orcaops("anomalies", "list", "--json").documents[0]
    assert anomaly["told"] is True
    assert "as a notice" in orcaops("anomalies", "show", anomaly["id"]).text


def test_secrets_are_shown_nowhere(channels: Receiver, orcaops: Command) -> None:
    for command in (
        ["config", "show", "--origin"],
        ["config", "show", "--json"],
        ["notify", "test"],
        ["notify", "list", "--json"],
        ["doctor"],
    ):
        answer = orcaops(*command)
        assert SECRET not in answer.text + answer.err, command


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[notify]\nquiet_hours = "25-7"', "22:00-07:00"),
        ('[notify]\ntime_zone = "Nowhere/At-all"', "Europe/Berlin"),
        ('[notify.channels.x]\nkind = "pigeon"', "notify.channels.x.kind"),
        ('[notify.channels.x]\nkind = "webhook"', "need a url"),
        (
            f'[notify.channels.x]\nkind = "apprise"\nurl = "x://{SECRET}"\nsecret = "{SECRET}"',
            "only a webhook",
        ),
    ],
)
def test_a_wrong_configuration_is_named_and_shows_no_secret(
    tmp_path: Path, orcaops: Command, table: str, said: str
) -> None:
    (tmp_path / "orcaops.toml").write_text(table)
    answer = orcaops("notify", "list")
    assert answer.code != 0
    assert said in answer.err
    assert SECRET not in answer.err


def test_no_problem_is_said_with_a_flag_or_in_words_and_taken_back(past: Path, orcaops: Command) -> None:
    (slow,) = orcaops("anomalies", "list", "--type", "duration", "--json").documents
    assert orcaops("anomalies", "resolve", slow["id"]).code == 2
    said = orcaops("anomalies", "resolve", slow["id"], "--not-a-problem", "--json").document
    assert said["resolution"] == "not a problem"
    assert "resolved" in orcaops("anomalies", "list", "--type", "duration").text
    assert orcaops("anomalies", "reopen", slow["id"], "--json").document["resolution"] is None
    assert orcaops("anomalies", "list", "--muted", "--json").documents == []
