"""What every channel must hold, shipped or an outsider's, as tests to inherit.

.. code-block:: python

    class TestMine(NotifierConformance):
        @pytest.fixture
        def channel(self, receiver):
            return MyChannel(name="mine", url=receiver.url + SECRET)

A channel that speaks HTTP is pointed at ``receiver``, a real server on this machine, and gets further
checks; for another, set ``speaks_http`` to false.
"""
# ruff: noqa: D102  the name of a check says what it checks

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orcaops.model.anomaly import Severity
from orcaops.model.notice import Notice
from orcaops.notifying.notifier import Notifier, Receipt

SECRET = "s3cr3t-t0k3n"  # noqa: S105 - what must be found nowhere
"""To be put into the address or the secret of a channel: no check may find it anywhere."""

NOTICE = Notice(
    id="0123456789abcdefghjk",
    severity=Severity.WARNING,
    title="Took 2 × as long as usual (name:nightly)",
    body="190 s, while the last 14 runs had a median of 60 s.\norcaops anomalies show x",
    at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    subject="anomaly",
    subject_ids=("x",),
    facts={"key": "name:nightly"},
)


@dataclass
class Receiver:
    """A server that remembers what it was sent, and answers as it is told to: 200 by default."""

    url: str
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine, as long as somebody needs it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, headers, body))
            status, more = receiver.answers.pop(0) if receiver.answers else (200, {})
            self.send_response(status)
            for name, value in {"content-length": "0", **more}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class NotifierConformance:
    """The checks. A class that inherits them gives a fixture ``channel``."""

    speaks_http = True

    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        """A real server."""
        yield from receiving()

    @pytest.fixture
    def channel(self, receiver: Receiver) -> Notifier:
        """The channel to check."""
        raise NotImplementedError

    def test_it_has_a_name_and_a_least_severity(self, channel: Notifier) -> None:
        assert channel.name
        assert channel.least in Severity
        assert channel.trouble() is None

    def test_a_notice_is_sent(self, channel: Notifier, receiver: Receiver) -> None:
        assert channel.send(NOTICE) == Receipt(sent=True)
        if self.speaks_http:
            ((_, _, body),) = receiver.requests
            text = body.decode()
            for part in ("Took 2", "name:nightly", "orcaops anomalies show x", NOTICE.id):
                assert part in text

    def test_the_same_notice_has_the_same_id_again(self, channel: Notifier, receiver: Receiver) -> None:
        for _ in range(2):
            assert channel.send(NOTICE).sent
        if self.speaks_http:
            assert len(receiver.requests) == 2
            assert all(NOTICE.id.encode() in body for _, _, body in receiver.requests)

    @pytest.mark.parametrize("severity", Severity)
    def test_odd_texts_of_every_severity_go_through(self, channel: Notifier, severity: Severity) -> None:
        odd = "ünï 雪 🐳 \x01 <b>&amp; {x} %s\r\n\t" + "long " * 2000
        notice = NOTICE.model_copy(update={"title": odd[:200], "body": odd, "severity": severity})
        assert channel.send(notice).sent

    def test_a_refusal_is_no_delivery_and_names_no_secret(
        self, channel: Notifier, receiver: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        if not self.speaks_http:
            pytest.skip("it cannot be refused")
        receiver.answers += [(500, {})]
        with caplog.at_level(logging.DEBUG):
            receipt = channel.send(NOTICE)
        assert (receipt.sent, receipt.permanent) == (False, False)
        assert receipt.reason
        assert SECRET not in receipt.reason + repr(channel) + str(channel)
        assert SECRET not in "".join(each.getMessage() for each in caplog.records if "orcaops" in each.name)

    def test_a_receiver_that_is_gone_is_worth_another_attempt(
        self, channel: Notifier, receiver: Receiver
    ) -> None:
        if not self.speaks_http:
            pytest.skip("it has no receiver")
        receiver.answers += [(503, {"retry-after": "1"})]
        assert not channel.send(NOTICE).permanent
        assert channel.send(NOTICE).sent
