"""Tells through one of the hundred and more services that Apprise knows: chat, mail, pagers, phones."""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orcaops.model.anomaly import Severity
from orcaops.model.notice import Notice
from orcaops.notifying.notifier import Receipt

if TYPE_CHECKING:
    from apprise import Apprise

ABSENT = "Apprise is not installed: pip install 'orcaops[notify]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseChannel:
    """Sends to one ``url`` of Apprise's, e.g. ``slack://…``, ``mailto://…``, ``ntfy://…``.

    One address for each channel: of several in one, those that had it would get it again whenever
    another failed. Apprise does not say why a service refused, so every refusal is tried again until the
    time to give up; only an address that Apprise cannot read is permanent. The notice's id closes the text.
    """

    name: str
    url: str = field(repr=False)
    least: Severity = Severity.INFO

    def send(self, notice: Notice) -> Receipt:
        """Hand it to Apprise."""
        try:
            service = self._service()
            if service is None:
                return Receipt(sent=False, reason="Apprise cannot read its url", permanent=True)
            sent = service.notify(
                title=notice.title,
                body=f"{notice.body}\n\n[{notice.id}]",
                notify_type=_TYPES[notice.severity],
            )
        except ImportError:
            return Receipt(sent=False, reason=ABSENT)
        except Exception as error:  # noqa: BLE001 - a channel never raises; the text could hold the address
            return Receipt(sent=False, reason=f"{type(error).__name__} in Apprise")
        return Receipt(sent=True) if sent else Receipt(sent=False, reason=f"{self._scheme()} did not take it")

    def trouble(self) -> str | None:
        """The library is absent, or cannot read the address."""
        try:
            service = self._service()
        except ImportError:
            return ABSENT
        return None if service is not None else f"Apprise cannot read its url ({self._scheme()}://…)"

    def _service(self) -> "Apprise | None":
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # what it says may hold parts of the address
        service = apprise.Apprise()
        return service if service.add(self.url) else None

    def _scheme(self) -> str:
        return self.url.partition("://")[0][:20]


_TYPES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}
