"""Patience: whether a server that does not answer is waited for, how long, and what is said meanwhile.

Servers are restarted; the jobs they have accepted go on. So whoever follows a job waits for its server.
A command that has never reached one ends at once: its address is probably wrong.
"""

import time
from collections.abc import Callable

from orcaops.interfaces.cli.output import note
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.quantities import show_duration

_FIRST_PAUSE_S = 0.2  # a connection that was cut, by a proxy or so, is nothing to speak of
_LONGEST_PAUSE_S = 2.0
_UNKNOWN = "Whether it was done is not known: look before you repeat it; `orcaops jobs list` shows jobs."
_SLOWER = 1.5  # each pause to the one before it


class AwayError(OrcaError):
    """The server does not answer now; the same request may be made again.

    ``under_way`` says that it may have reached the server, so that only asking again tells what became of it.
    """

    def __init__(self, message: str, *, where: str, hint: str, under_way: bool) -> None:
        super().__init__(ErrorCode.UNAVAILABLE, message, where=where, hint=hint)
        self.under_way = under_way


def goes_on(job_id: str) -> str:
    """What whoever leaves a job behind, because its server does not answer, should know."""
    return (
        f"the server does not answer: {job_id} is not cancelled and goes on; once it answers, cancel with: "
        f"orcaops jobs cancel {job_id}"
    )


class Patience:
    """What one command knows of its server's absence."""

    def __init__(
        self,
        bound_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._bound_s = bound_s
        self._clock = clock
        self._pause = pause
        self._known = False
        self._since: float | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._told = False
        self._unsure = False  # whether something may have been done of which no answer came
        self.job_id: str | None = None
        """The job that is followed, once there is one."""

    @property
    def waiting(self) -> bool:
        """Whether the server is being waited for."""
        return self._since is not None

    def answered(self) -> None:
        """The server is there."""
        if self._told:
            note("it answers again")
        self._forget()
        self._known = True

    def bear(self, away: AwayError) -> None:
        """Wait a moment, after which the same may be asked again.

        Raises ``away`` where nobody was ever reached, and with what is left to do once the bound is over.
        """
        if not (self._known or away.under_way or self.waiting):
            raise away
        self._unsure |= away.under_way
        now = self._clock()
        again = self.waiting
        since = self._since = now if self._since is None else self._since
        left_s = self._bound_s - (now - since)
        if left_s <= 0:
            given_up = self._given_up(away)
            self._forget()
            self._known = False
            raise given_up
        if again:
            self._tell(away)
        self._pause(min(self._pause_s, left_s))
        self._pause_s = min(self._pause_s * _SLOWER, _LONGEST_PAUSE_S)

    def left_alone(self) -> str:
        """What whoever ends the command while the server is away should know."""
        if self.job_id is None:
            return _UNKNOWN
        return goes_on(self.job_id)

    def _forget(self) -> None:
        """This absence is over."""
        self._since, self._told, self._unsure, self._pause_s = None, False, False, _FIRST_PAUSE_S

    def _tell(self, away: AwayError) -> None:
        if not self._told:
            what = f"follow {self.job_id} further" if self.job_id else "ask again"
            note(f"{away}; waiting up to {show_duration(self._bound_s)} for it, to {what}", "warn")
            self._told = True

    def _given_up(self, away: AwayError) -> AwayError:
        hint = away.hint
        if self.job_id is not None:
            hint = f"{self.job_id} goes on without this command; its end: orcaops jobs show {self.job_id}"
        elif self._unsure:
            hint = _UNKNOWN
        waited = f" (waited {show_duration(self._bound_s)})" if self._bound_s else ""
        return AwayError(f"{away.message}{waited}", where=away.where, hint=hint, under_way=away.under_way)
