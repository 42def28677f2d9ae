"""The ``[notify]`` table: through which channels people are told, and when they are left alone."""

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orcaops.model.anomaly import Severity
from orcaops.model.quantities import Duration
from orcaops.notifying.quiet_hours import QuietHours

ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]


class ChannelSettings(BaseModel):
    """``[notify.channels.NAME]``: one way in which people are told."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["apprise", "webhook", "log"] = Field(description="What it is.")
    url: Annotated[str, Field(min_length=1)] | None = Field(
        None, repr=False, description="Where to: an address of Apprise's, or of a webhook. Shown nowhere."
    )
    secret: Annotated[str, Field(min_length=1)] | None = Field(
        None, repr=False, description="Signs webhooks (`whsec_…`). Shown nowhere."
    )
    least: Severity = Field(Severity.INFO, description="Tell nothing below: `info`, `warning`, `critical`.")

    @model_validator(mode="after")
    def _says_where_to(self) -> Self:
        if (self.url is None) != (self.kind == "log"):
            raise ValueError("apprise and webhook need a url, log has none")
        if self.secret is not None and self.kind != "webhook":
            raise ValueError("only a webhook has a secret")
        return self


class NotifySettings(BaseModel):
    """``[notify]``: how people are told."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    group: Duration = Field(30.0, description="What comes within this time becomes one message.")
    group_quiet: Duration = Field(
        3600.0, description="The same for what is told quietly: improvements, and that something is over."
    )
    quiet_hours: str | None = Field(None, description="Hours without messages: `22:00-07:00`.")
    time_zone: str = Field("UTC", description="Time zone of the quiet hours.")
    critical_passes: bool = Field(True, description="Whether critical notices come in quiet hours too.")
    give_up_after: Duration = Field(
        24 * 3600.0, description="How long a message is tried; then `orcaops doctor` names it."
    )
    channels: dict[ChannelName, ChannelSettings] = Field(
        default_factory=dict, description="Tables `[notify.channels.NAME]`; the log is always one."
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ValueError(
                f"there is no time zone {self.time_zone!r}; write e.g. 'Europe/Berlin'"
            ) from None
        self.hours()
        return self

    def hours(self) -> QuietHours | None:
        """The quiet hours, if there are any. Raises ``ValueError``."""
        return None if self.quiet_hours is None else QuietHours.parse(self.quiet_hours, self.time_zone)


def masked(name: str, value: Any) -> Any:
    """A setting of this table as it may be shown: of an address only what kind it is, of a secret nothing.

    >>> masked("notify.channels.ops.url", "slack://token@team"), masked("notify.group", 30.0)
    ('slack://***', 30.0)
    """
    last = name.rpartition(".")[2]
    if not name.startswith("notify.channels.") or value is None or last not in ("url", "secret"):
        return value
    scheme, found, _ = str(value).partition("://")
    return f"{scheme}://***" if last == "url" and found else "***"
