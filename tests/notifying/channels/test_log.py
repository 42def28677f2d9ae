"""The log as a channel."""

import logging

import pytest

from orcaops.notifying.channels.log import notifier
from orcaops.notifying.notifier import Notifier
from orcaops.testing.notifiers import NOTICE, NotifierConformance


class TestLog(NotifierConformance):
    speaks_http = False

    @pytest.fixture
    def channel(self) -> Notifier:
        return notifier


def test_a_notice_is_one_line_of_its_level(caplog: pytest.LogCaptureFixture) -> None:
    notifier.send(NOTICE.model_copy(update={"title": "a\nb"}))
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "a b (x)")
