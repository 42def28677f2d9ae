"""Tells by a signed HTTP request, after the Standard Webhooks specification.

The body is ``{"type": "orcaops.notice", "timestamp": …, "data": {the notice}}``. ``webhook-id`` is the
notice's id and the same at every attempt; with a secret, ``webhook-signature`` lets the receiver check that
it comes from here and is not older than its ``webhook-timestamp``.
"""

import base64
import json
import logging
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orcaops.model.anomaly import Severity
from orcaops.model.notice import Notice
from orcaops.notifying.notifier import Receipt

if TYPE_CHECKING:
    from httpx2 import Response

_PASSING = frozenset((408, 425, 429))  # of the refusals those that say "not now"
_LONGEST_WAIT_S = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChannel:
    """Posts JSON to ``url``, signed if there is a ``secret`` (``whsec_…`` or base64).

    A 2xx is a delivery. Another 4xx than 408, 425 and 429, or a redirection, is permanent: the receiver does
    not want it in this form. Everything else (5xx, no connection, too slow) is worth another attempt.
    """

    name: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    least: Severity = Severity.INFO
    timeout_s: float = 10.0

    def send(self, notice: Notice) -> Receipt:
        """Post it and read no more of the answer than its head."""
        import httpx2

        # Its log names whole addresses, and an address may hold a token.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        at = datetime.now(UTC)
        try:
            body, headers = self._request(notice, at)
            with httpx2.stream(
                "POST",
                self.url,
                content=body,
                headers=headers,
                timeout=self.timeout_s,
                follow_redirects=False,
            ) as answer:
                return self._receipt(answer, at)
        except httpx2.InvalidURL:
            return Receipt(sent=False, reason="its address is no address", permanent=True)
        except httpx2.UnsupportedProtocol:
            return Receipt(sent=False, reason="its address is not of HTTP", permanent=True)
        except httpx2.TimeoutException:
            return Receipt(sent=False, reason=f"{self._host()} did not answer in {self.timeout_s:g} s")
        except httpx2.HTTPError as error:
            return Receipt(sent=False, reason=f"{self._host()}: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - a channel never raises; the text could hold the secret
            return Receipt(sent=False, reason=f"{type(error).__name__} while preparing the request")

    def trouble(self) -> str | None:
        """A secret that cannot sign, or an address that is none."""
        if urlsplit(self.url).scheme not in ("http", "https"):
            return "its url must begin with http:// or https://"
        if self.secret is not None and not _signs(self.secret):
            return "its secret is no base64; write whsec_… as the receiver gave it"
        return None

    def _request(self, notice: Notice, at: datetime) -> tuple[bytes, dict[str, str]]:
        document = {
            "type": "orcaops.notice",
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "data": notice.model_dump(mode="json"),
        }
        body = json.dumps(document, ensure_ascii=False, allow_nan=False)
        headers = {
            "content-type": "application/json",
            "user-agent": "orcaops",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(at.timestamp())),
        }
        signature = self._signature(notice.id, at, body)
        if signature is not None:
            headers["webhook-signature"] = signature
        return body.encode(), headers

    def _signature(self, notice_id: str, at: datetime, body: str) -> str | None:
        if not self.secret:
            return None
        from standardwebhooks import Webhook

        return Webhook(self.secret).sign(msg_id=notice_id, timestamp=at, data=body)

    def _receipt(self, answer: "Response", at: datetime) -> Receipt:
        status = answer.status_code
        if 200 <= status < 300:
            return Receipt(sent=True)
        return Receipt(
            sent=False,
            reason=f"{self._host()} answered {status}",
            permanent=300 <= status < 500 and status not in _PASSING,
            retry_after_s=_wait(answer.headers.get("retry-after"), at),
        )

    def _host(self) -> str:
        return urlsplit(self.url).hostname or "the receiver"


def _signs(secret: str) -> bool:
    """Whether a secret is base64 of something. The library passes over what is none, and signs weakly."""
    text = secret.removeprefix("whsec_")
    try:
        return len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True)) > 0
    except ValueError:
        return False


def _wait(header: str | None, at: datetime) -> float | None:
    """The seconds that a ``Retry-After`` asks for: a number or a date; six hours at most."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - at).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT_S) if math.isfinite(seconds) else None
