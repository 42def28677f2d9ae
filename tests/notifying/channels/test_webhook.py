"""Signed webhooks, to a real server."""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from orcaops.notifying.channels.webhook import WebhookChannel
from orcaops.notifying.notifier import Notifier
from orcaops.testing.notifiers import NOTICE, SECRET, NotifierConformance, Receiver, receiving

KEY = "whsec_" + base64.b64encode(b"a key of twenty-four byt").decode()


class TestWebhook(NotifierConformance):
    @pytest.fixture
    def channel(self, receiver: Receiver) -> Notifier:
        return WebhookChannel(name="hook", url=f"{receiver.url}hook?token={SECRET}", secret=KEY)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from receiving()


def hook(receiver: Receiver, **more: object) -> WebhookChannel:
    return WebhookChannel(**{"name": "hook", "url": receiver.url, **more})  # type: ignore[arg-type]


def test_the_receiver_can_check_who_it_was(receiver: Receiver) -> None:
    assert hook(receiver, secret=KEY).send(NOTICE).sent
    ((_, headers, body),) = receiver.requests
    document = Webhook(KEY).verify(body, headers)
    assert document["type"] == "orcaops.notice"
    assert document["data"] == NOTICE.model_dump(mode="json")
    assert headers["webhook-id"] == NOTICE.id
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(body.replace(b"nightly", b"daily"), headers)


def test_without_a_secret_it_is_not_signed(receiver: Receiver) -> None:
    assert hook(receiver).send(NOTICE).sent
    ((_, headers, body),) = receiver.requests
    assert "webhook-signature" not in headers
    assert json.loads(body)["data"]["id"] == headers["webhook-id"]


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(status, True) for status in (301, 400, 401, 404, 410)]
    + [(status, False) for status in (408, 425, 429, 500, 502, 503)],
)
def test_which_refusals_are_for_good(receiver: Receiver, status: int, permanent: bool) -> None:
    receiver.answers += [(status, {"location": "http://127.0.0.1:9/"})]
    receipt = hook(receiver).send(NOTICE)
    assert (receipt.sent, receipt.permanent) == (False, permanent)
    assert receipt.reason == f"127.0.0.1 answered {status}"
    assert len(receiver.requests) == 1, "redirections are not followed"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1e9", 21600.0),
        ("soon", None),
        ("nan", None),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 21600.0),
    ],
)
def test_what_the_receiver_asks_for_is_heard(receiver: Receiver, header: str, seconds: float | None) -> None:
    receiver.answers += [(429, {"retry-after": header})]
    assert hook(receiver).send(NOTICE).retry_after_s == seconds


def test_nobody_there_is_worth_another_attempt() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # taken and not listening
        receipt = WebhookChannel(name="h", url=f"http://127.0.0.1:{taken.getsockname()[1]}/{SECRET}").send(
            NOTICE
        )
    assert (receipt.sent, receipt.permanent) == (False, False)
    assert SECRET not in receipt.reason


def test_a_receiver_that_never_answers_does_not_hold_us() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        accepted: list[socket.socket] = []
        thread = threading.Thread(target=lambda: accepted.append(silent.accept()[0]))
        thread.start()
        began = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        receipt = WebhookChannel(name="h", url=url, timeout_s=0.2).send(NOTICE)
        assert time.monotonic() - began < 30
        thread.join()
        accepted[0].close()
    assert (receipt.sent, receipt.permanent) == (False, False)
    assert "did not answer in 0.2 s" in receipt.reason


@pytest.mark.parametrize("url", ["ftp://x/y", "nothing", "http://", "http://[::1"])
def test_what_is_no_address_is_permanent_or_named(url: str) -> None:
    receipt = WebhookChannel(name="h", url=url + SECRET).send(NOTICE)
    assert not receipt.sent
    assert SECRET not in receipt.reason or url == "http://"


def test_a_secret_that_cannot_sign_is_found_before_anything_is_sent(receiver: Receiver) -> None:
    channel = hook(receiver, secret="whsec_!!! no base64")
    assert "no base64" in (channel.trouble() or "")
    assert hook(receiver, url="ftp://x").trouble()
    assert hook(receiver, secret=KEY).trouble() is None
