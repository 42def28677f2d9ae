"""Apprise as a channel, with its own plain JSON service and a real server."""

import sys
from collections.abc import Iterator

import pytest

from orcaops.notifying.channels.apprise import AppriseChannel
from orcaops.notifying.notifier import Notifier
from orcaops.testing.notifiers import NOTICE, SECRET, NotifierConformance, Receiver, receiving

# Apprise loads all its services at once, one of them an old module of Python's.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def channel_to(receiver: Receiver, **more: str) -> AppriseChannel:
    return AppriseChannel(name="ops", url=f"{receiver.url.replace('http', 'json')}?+token={SECRET}", **more)


class TestApprise(NotifierConformance):
    @pytest.fixture
    def channel(self, receiver: Receiver) -> Notifier:
        return channel_to(receiver)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from receiving()


def test_an_address_that_cannot_be_read_is_permanent() -> None:
    channel = AppriseChannel(name="ops", url=f"nothing-like-it://{SECRET}")
    receipt = channel.send(NOTICE)
    assert (receipt.sent, receipt.permanent) == (False, True)
    assert SECRET not in receipt.reason + (channel.trouble() or "")
    assert "nothing-like-it" in (channel.trouble() or "")


def test_an_absent_library_is_named_and_loses_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    channel = channel_to(receiver)
    receipt = channel.send(NOTICE)
    assert (receipt.sent, receipt.permanent) == (False, False)
    assert "orcaops[notify]" in receipt.reason
    assert channel.trouble() == receipt.reason
