"""``orcaops kb``: the failures that are known."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
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

_PIECE = 1 << 20


@click.group()
def kb() -> None:
    """The failures that are known, and what helps against them."""


@kb.command("list", epilog="Example: orcaops kb list python")
@click.argument("text", default="")
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(
    app: "App",
    text: str,
    *,
    workspace: str,  # noqa: ARG001 - what is shipped is the same in all of them
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List known failures by id; TEXT is a part of the id, the category or the title."""
    page = app.failures.patterns(text=text, limit=limit, cursor=cursor)
    if as_json:
        print_json_lines(page.items)
    elif not page.items:
        note("nothing matches")
    else:
        table(["id", "category", "title"], [[one.id, one.category, one.title] for one in page.items])
    more_follows(page.next_cursor, len(page.items), page.total)


@kb.command(epilog="Example: orcaops kb show python.module-not-found")
@click.argument("pattern_id")
@options()
@with_door
def show(app: "App", pattern_id: str, *, workspace: str, as_json: bool) -> None:  # noqa: ARG001
    """Show one known failure; {1}, {2} stand for what its expression captures."""
    pattern = app.failures.pattern(pattern_id)
    if as_json:
        print_json(pattern)
        return
    fields(
        [
            ("id", pattern.id),
            ("title", pattern.title),
            ("category", pattern.category),
            ("description", pattern.description),
            ("from", "infrastructure" if pattern.infrastructure else "the job itself"),
            ("expression", pattern.pattern),
            *(("solution", solution) for solution in pattern.solutions),
            *(("example", example) for example in pattern.examples),
            *(("not this", example) for example in pattern.counter_examples),
        ]
    )


@kb.command(epilog="Example: orcaops kb match build.log")
@click.argument("file", type=click.File("rb"))
@options()
@with_door
def match(app: "App", file: IO[bytes], *, workspace: str, as_json: bool) -> None:  # noqa: ARG001
    """Find known failures in a log of any size; - reads standard input."""
    found = app.failures.match(_pieces(file))
    if as_json:
        print_json_lines(found)
        return
    if not found:
        note("no known failure is in it")
    for one in found:
        click.echo(f"{colour(one.pattern_id, 'warn')}: {one.title}")
        click.echo(f"  {one.line.offset:>9} | {one.line.text}")
        for solution in one.solutions:
            paragraph(solution, label="  - ")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
