"""``orcaops kb coverage`` and proposals: what is not explained yet, and what could be learned from it."""

from typing import TYPE_CHECKING, Any

import click

from orcaops.interfaces.cli.door import options, whoami, with_door
from orcaops.interfaces.cli.failures import refuse_field_errors
from orcaops.interfaces.cli.kb_shown import reapplying
from orcaops.interfaces.cli.output import colour, fields, note, paragraph, print_json, print_json_lines

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.pattern import KnowledgeCoverage, PatternProposal


@click.command(epilog="Example: orcaops kb coverage")
@options()
@with_door
def coverage(app: "App", *, workspace: str, as_json: bool) -> None:
    """Say what share of the failed jobs is explained, by what, and the largest groups that are not."""
    with reapplying() as show:
        found = app.knowledge.coverage(workspace, show)
    if as_json:
        print_json(found)
    elif not found.failures:
        note("nothing has failed so far")
    else:
        _print(found)


def _print(found: "KnowledgeCoverage") -> None:
    counted = f"{found.failures} failure{'s' * (found.failures != 1)}"
    click.echo(f"{found.explained} of {counted} explained ({found.share or 0:.0%})")
    rest = [f"{count} by the engine's own word ({name})" for name, count in found.by_engine.items()]
    if found.silent:
        rest.append(f"{found.silent} printed nothing that was kept")
    for one in rest:
        click.echo(f"  {one}")
    if found.by_pattern:
        click.echo(colour("by:", "quiet"))
        for its_id, count in list(found.by_pattern.items())[:20]:
            click.echo(f"  {count:>5}  {its_id}")
    if found.unexplained:
        click.echo(colour("not explained:", "quiet"))
        for group in found.unexplained:
            paragraph(f"{group.text} ({', '.join(group.job_ids[:3])})", label=f"  {group.count:>5}  ")
        click.echo("  `orcaops kb proposals` shows those that could be a pattern")
    for its_id, hits in found.firing_on_passing.items():
        note(f"{its_id} also fires on {hits} passing run{'s' * (hits != 1)}, so it ranks lower", "warn")
    for its_id in found.stale:
        note(f"{its_id} has explained nothing for half a year", "quiet")


@click.command(epilog="Example: orcaops kb proposals")
@options()
@with_door
def proposals(app: "App", *, workspace: str, as_json: bool) -> None:
    """List failures that recur and that nothing explains, as patterns to accept, edit or dismiss."""
    found = app.knowledge.proposals(workspace)
    if as_json:
        print_json_lines(found)
    elif not found:
        note("no failure recurs unexplained")
    for place, one in enumerate(found if not as_json else ()):
        if place:
            click.echo()
        _print_proposal(one)


def _print_proposal(one: "PatternProposal") -> None:
    fields(
        [
            ("id", one.id),
            ("title", one.title),
            ("seen", f"{one.occurrences} times: {', '.join(one.job_ids[:3])}"),
            ("expression", one.pattern or "none yet"),
            ("why", one.why),
            *(("solution", text) for text in one.solutions),
            *(("example", text) for text in one.examples),
        ]
    )


@click.command(epilog="Example: orcaops kb accept 0f3k…")
@click.argument("proposal_id")
@options()
@with_door
def accept(app: "App", proposal_id: str, *, workspace: str, as_json: bool) -> None:
    """Make a proposal a known failure; it is applied to past failures at once."""
    with reapplying() as show:
        made = app.knowledge.accept(workspace, proposal_id, by=whoami(), progress=show)
    if as_json:
        print_json(made)
    else:
        times = "once" if made.occurrences == 1 else f"{made.occurrences} times"
        click.echo(f"{made.id}: it explains what was seen {times}")


@click.command(epilog="Example: orcaops kb dismiss 0f3k… --reason 'our own test of failures'")
@click.argument("proposal_id")
@click.option("--reason", required=True, help="Why it is no pattern.")
@options()
@with_door
def dismiss(app: "App", proposal_id: str, *, workspace: str, reason: str, as_json: bool) -> None:
    """Say no to a proposal; it is not made again."""
    gone = app.knowledge.dismiss(workspace, proposal_id, by=whoami(), reason=reason)
    if as_json:
        print_json(gone)
    else:
        click.echo(f"dismissed: {gone.title}")


@click.command(epilog="Example: orcaops kb edit 0f3k… --title 'The lease was taken' --category database")
@click.argument("proposal_id")
@click.option("--pattern", help="Another expression.")
@click.option("--title", help="What it is, in a few words.")
@click.option("--category", help="For instance network, test, oom.")
@click.option("--description", help="What happens there, in a sentence.")
@click.option("--solution", "solutions", multiple=True, help="What helps against it.")
@click.option("--infrastructure/--code", "infrastructure", default=None, help="Whose fault it is.")
@options()
@with_door
def edit(app: "App", proposal_id: str, *, workspace: str, as_json: bool, **edits: Any) -> None:
    """Change a proposal before it is accepted."""
    from pydantic import ValidationError

    from orcaops.model.pattern import ProposalEdited

    try:
        changes = ProposalEdited.model_validate({**edits, "solutions": edits["solutions"] or None})
    except ValidationError as error:
        raise refuse_field_errors(error) from None
    changed = app.knowledge.edit(workspace, proposal_id, changes, by=whoami())
    if as_json:
        print_json(changed)
    else:
        _print_proposal(changed)
