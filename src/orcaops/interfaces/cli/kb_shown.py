"""How what is known of failures looks on a terminal."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orcaops.model.debug import PastFailure
    from orcaops.model.solution import Effect


def effect(seen: "Effect") -> str:
    """How often something helped, with the interval of its rate."""
    if not seen.n:
        return "not known to have been tried"
    interval = f", 80% interval {seen.low:.0%} to {seen.high:.0%}" if seen.low is not None else ""
    return f"helped in {seen.helped} of {seen.n}{interval}"


def past(one: "PastFailure") -> str:
    """An earlier failure and what ended it."""
    kind = "the same" if one.same else "reads alike"
    ending = "no success has followed"
    if one.ended_by is not None:
        what = ", ".join(change.what for change in one.changed)
        ending = f"{one.ended_by} passed after {f'a change of {what}' if what else 'a plain retry'}"
    return f"{one.job_id} ({kind}): {ending}"


class reapplying:  # noqa: N801 - used as a function in a with statement
    """A line on standard error that counts past failures looked at again, on a terminal only."""

    def __init__(self) -> None:
        self._shown = False

    def __enter__(self) -> Callable[[int, int], None] | None:
        """Give out what is called with how many are done, of how many."""
        return self._show if sys.stderr.isatty() else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe the line."""
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def _show(self, done: int, total: int) -> None:
        self._shown = True
        click.echo(f"\r{done} of {total} past failures looked at again", nl=False, err=True)
