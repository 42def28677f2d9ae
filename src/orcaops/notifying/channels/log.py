"""Tells by a line in the program's own log."""

import logging
from dataclasses import dataclass

from orcaops.model.anomaly import Severity
from orcaops.model.notice import Notice
from orcaops.notifying.notifier import Notifier, Receipt

_LEVELS = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.CRITICAL: logging.ERROR}


@dataclass(frozen=True, slots=True)
class LogChannel:
    """Writes a notice as one line; where the log goes is the program's affair. It cannot fail."""

    name: str = "log"
    least: Severity = Severity.INFO

    def send(self, notice: Notice) -> Receipt:
        """Write the line."""
        logging.getLogger(__name__).log(
            _LEVELS[notice.severity], "%s (%s)", " ".join(notice.title.split()), ", ".join(notice.subject_ids)
        )
        return Receipt(sent=True)

    def trouble(self) -> str | None:
        """Nothing."""
        return None


notifier: Notifier = LogChannel()
"""The shipped instance."""
