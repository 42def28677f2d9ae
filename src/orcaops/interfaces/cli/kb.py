"""``orcaops kb``: the failures that are known, and how much they explain."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.groups import Group
from orcaops.interfaces.cli.kb_growth import accept, coverage, dismiss, edit, proposals
from orcaops.interfaces.cli.kb_shown import effect, past
from orcaops.interfaces.cli.kb_teaching import advise, export, feedback, forget, import_, teach
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


@click.group(cls=Group)
def kb() -> None:
    """The failures that are known, and what helps against them."""


@kb.command("list", epilog="Example: orcaops kb list python")
@click.argument("text", default="")
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(app: "App", text: str, *, workspace: str, limit: int, cursor: str | None, as_json: bool) -> None:
    """List known failures by id; TEXT is a part of the id, the category, the title or the source.

    The source is "shipped", "taught" or "learned".
    """
    page = app.knowledge.patterns(workspace, text=text, limit=limit, cursor=cursor)
    if as_json:
        print_json_lines(page.items)
    elif not page.items:
        note("nothing matches")
    else:
        table(
            ["id", "category", "seen", "passing", "title"],
            [
                [
                    one.id,
                    one.category,
                    f"{one.occurrences or '-'}{' stale' if one.stale else ''}",
                    str(one.passing_hits or "-"),
                    one.title,
                ]
                for one in page.items
            ],
        )
        if any(one.passing_hits for one in page.items):
            note("those that passing runs show too rank lower", "quiet")
    more_follows(page.next_cursor, len(page.items), page.total)


@kb.command(epilog="Example: orcaops kb show python.module-not-found")
@click.argument("pattern_id")
@options()
@with_door
def show(app: "App", pattern_id: str, *, workspace: str, as_json: bool) -> None:
    """Show one known failure and how often its solutions helped; {1}, {2} stand for what it captures."""
    from orcaops.model.quantities import show_time

    pattern = app.knowledge.pattern(workspace, pattern_id)
    solutions = app.knowledge.solutions(workspace, pattern_id)
    if as_json:
        print_json(
            {
                **pattern.model_dump(mode="json"),
                "effects": [one.model_dump(mode="json") for one in solutions],
            }
        )
        return
    seen = f"{pattern.occurrences} times" if pattern.occurrences != 1 else "once"
    last = f", last {show_time(pattern.last_seen)}" if pattern.last_seen else ""
    fields(
        [
            ("id", pattern.id),
            ("title", pattern.title),
            ("category", pattern.category),
            ("description", pattern.description or None),
            ("from", "infrastructure" if pattern.infrastructure else "the job itself"),
            ("source", pattern.source),
            ("seen", f"{seen}{last}" if pattern.occurrences else "never here"),
            ("passing", f"{pattern.passing_hits} passing runs show it too" if pattern.passing_hits else None),
            ("stale", "it has explained nothing for half a year" if pattern.stale else None),
            ("expression", pattern.pattern),
            *(("solution", f"{one.text} ({effect(one.effect)}; {one.id})") for one in solutions),
            *(("example", example) for example in pattern.examples),
            *(("not this", example) for example in pattern.counter_examples),
        ]
    )


@kb.command(epilog="Example: orcaops kb match build.log")
@click.argument("file", type=click.File("rb"))
@options()
@with_door
def match(app: "App", file: IO[bytes], *, workspace: str, as_json: bool) -> None:
    """Find known failures in a log of any size; - reads standard input."""
    found = app.knowledge.match(workspace, _pieces(file))
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


@kb.command(epilog="Example: orcaops kb similar 01jd2m…")
@click.argument("job_id")
@options()
@with_door
def similar(app: "App", job_id: str, *, workspace: str, as_json: bool) -> None:
    """List earlier failures, of any job, that are the same or read alike, and what ended each."""
    found = app.knowledge.similar(workspace, job_id, limit=20)
    if as_json:
        print_json_lines(found)
    elif not found:
        note("no earlier failure is like it")
    else:
        for one in found:
            paragraph(f"{past(one)}: {one.text}")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


for _command in (
    *(teach, forget, advise, feedback, export, import_),
    *(coverage, proposals, accept, dismiss, edit),
):
    kb.add_command(_command)
