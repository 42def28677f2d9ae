"""``orcaops notify``: whether people can be reached, and what did not reach them."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.groups import Group
from orcaops.interfaces.cli.output import colour, more_follows, note, print_json, print_json_lines, table

if TYPE_CHECKING:
    from orcaops.app import App

_MOODS = {"waiting": "warn", "sending": "warn", "sent": "good", "failed": "bad"}


@click.group(cls=Group)
def notify() -> None:
    """How people are told, and whether it reaches them."""


@notify.command(epilog="Example: orcaops notify test")
@options()
@with_door
def test(app: "App", *, workspace: str, as_json: bool) -> int:
    """Send a test notice through every configured channel, and say what became of it.

    Exits with 1 if a channel did not take it.
    """
    reached = app.telling.test(workspace)
    if as_json:
        print_json_lines(reached)
    else:
        table(
            ["channel", "result"],
            [
                [
                    each.channel,
                    colour("sent", "good") if each.sent else f"{colour('failed', 'bad')}: {each.reason}",
                ]
                for each in reached
            ],
        )
        if [each.channel for each in reached] == ["log"]:
            note("only the server's own log is told; docs/how-to/be-told.md says how to add channels")
    return 0 if all(each.sent for each in reached) else 1


@notify.command("list", epilog="Example: orcaops notify list --failed")
@click.argument("text", default="")
@click.option("--failed", is_flag=True, help="Only what was given up.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(
    app: "App", text: str, *, workspace: str, failed: bool, limit: int, cursor: str | None, as_json: bool
) -> None:
    """List the messages that were or are on their way, latest first.

    With TEXT only those whose title or channel has it in it; * stands for anything.
    """
    from orcaops.model.quantities import show_time

    page = app.telling.deliveries(
        workspace, state="failed" if failed else None, text=text, limit=limit, cursor=cursor
    )
    if as_json:
        print_json_lines(page.items)
    elif not page.items:
        nothing = "nothing was given up" if failed else "nothing was told to anybody yet"
        note(f"no message has {text!r} in it" if text else nothing)
    else:
        table(
            ["when (UTC)", "channel", "state", "attempts", "what"],
            [
                [
                    show_time(each.created_at),
                    each.channel,
                    colour(each.state, _MOODS[each.state]),
                    str(each.attempts),
                    each.notice.title + (f" ({each.reason})" if each.reason else ""),
                ]
                for each in page.items
            ],
        )
    more_follows(page.next_cursor, len(page.items), page.total)


@notify.command(epilog="Example: orcaops notify retry")
@options()
@with_door
def retry(app: "App", *, workspace: str, as_json: bool) -> None:
    """Try again what was given up, after a channel has been mended."""
    count = app.telling.retry(workspace)
    if as_json:
        print_json({"count": count})
    else:
        note(f"{count} messages are tried again" if count else "nothing had been given up")


@notify.command(epilog="Example: orcaops notify send")
@options()
@with_door
def send(app: "App", *, workspace: str, as_json: bool) -> None:  # noqa: ARG001 - of all workspaces
    """Send what is due now, where no server runs that does it; for a timer."""
    sent = app.telling.deliver()
    if as_json:
        print_json({"sent": sent})
    else:
        note(f"{sent} messages sent" if sent else "nothing is due")
