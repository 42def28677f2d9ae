"""``orcaops recommendations``: what could be improved, with proof."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, whoami, with_door
from orcaops.interfaces.cli.output import (
    colour,
    fields,
    more_follows,
    note,
    paragraph,
    print_json,
    print_json_lines,
    table,
)

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.recommendation import Recommendation

_MOODS = {"low": "quiet", "medium": "warn", "high": "bad"}


@click.group()
def recommendations() -> None:
    """What could be improved."""


@recommendations.command("list", epilog="Example: orcaops recommendations list")
@click.option(
    "--state", type=click.Choice(["open", "dismissed", "applied", "all"]), default="open", show_default=True
)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(app: "App", *, workspace: str, state: str, limit: int, cursor: str | None, as_json: bool) -> None:
    """List what could be improved, the most worthwhile first."""
    chosen = None if state == "all" else state
    page = app.advice.recommendations(workspace, state=chosen, limit=limit, cursor=cursor)
    if as_json:
        print_json_lines(page.items)
    elif not page.items:
        note("nothing to improve is known; advice begins with ten runs of a job")
    else:
        table(
            ["id", "priority", "kind", "what", "where"],
            [
                [each.id, colour(each.priority.value, _MOODS[each.priority]), each.type, each.title, each.key]
                for each in page.items
            ],
        )
    more_follows(page.next_cursor, len(page.items), page.total)


@recommendations.command(epilog="Example: orcaops recommendations show 4kx2…")
@click.argument("recommendation_id", metavar="ID")
@options()
@with_door
def show(app: "App", recommendation_id: str, *, workspace: str, as_json: bool) -> None:
    """Show one recommendation with its evidence."""
    _print(app.advice.recommendation(workspace, recommendation_id), as_json=as_json)


@recommendations.command(
    epilog="Example: orcaops recommendations dismiss 4kx2… --reason 'peaks at month end'"
)
@click.argument("recommendation_id", metavar="ID")
@click.option("--reason", required=True, help="Why not.")
@options()
@with_door
def dismiss(app: "App", recommendation_id: str, *, workspace: str, reason: str, as_json: bool) -> None:
    """Say no to it."""
    _print(app.advice.dismiss(workspace, recommendation_id, by=whoami(), reason=reason), as_json=as_json)


@recommendations.command(epilog="Example: orcaops recommendations apply 4kx2…")
@click.argument("recommendation_id", metavar="ID")
@options()
@with_door
def apply(app: "App", recommendation_id: str, *, workspace: str, as_json: bool) -> None:
    """Note that you have applied it, as of now."""
    _print(app.advice.apply(workspace, recommendation_id, by=whoami()), as_json=as_json)


def _print(found: "Recommendation", *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    click.echo(f"{colour(found.priority.value, _MOODS[found.priority])}: {found.title}")
    paragraph(found.description)
    click.echo()
    fields(
        [
            ("id", found.id),
            ("kind", found.type),
            ("where", found.key),
            ("impact", found.impact),
            ("do", found.action),
            ("state", found.state),
            *((name.replace("_", " "), _short(value)) for name, value in found.evidence.items()),
        ]
    )


def _short(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
