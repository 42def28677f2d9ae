"""Where notices go."""

from orcaops.config import Settings
from orcaops.notifying.channels.apprise import AppriseChannel
from orcaops.notifying.channels.log import LogChannel
from orcaops.notifying.channels.log import notifier as log_channel
from orcaops.notifying.channels.webhook import WebhookChannel
from orcaops.notifying.notifier import Notifier


def channels(settings: Settings) -> list[Notifier]:
    """The channels that are configured; the program's log is one unless the configuration says how."""
    found: list[Notifier] = []
    for name, chosen in settings.notify.channels.items():
        if chosen.kind == "apprise":
            found.append(AppriseChannel(name=name, url=chosen.url or "", least=chosen.least))
        elif chosen.kind == "webhook":
            url = chosen.url or ""
            found.append(WebhookChannel(name=name, url=url, secret=chosen.secret, least=chosen.least))
        else:
            found.append(LogChannel(name=name, least=chosen.least))
    if not any(isinstance(channel, LogChannel) for channel in found):
        found.append(log_channel)
    return found
