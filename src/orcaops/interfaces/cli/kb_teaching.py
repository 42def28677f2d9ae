"""``orcaops kb teach`` and its like: what people add to what is known."""

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, whoami, with_door
from orcaops.interfaces.cli.failures import refuse_field_errors
from orcaops.interfaces.cli.kb_shown import effect, reapplying
from orcaops.interfaces.cli.output import note, print_json
from orcaops.model.errors import invalid

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.pattern import KnowledgeDocument


@click.command(
    epilog="Example: orcaops kb teach 'lease (\\S+) was taken' --title 'The lease {1} was taken' "
    "--example 'lease db-1 was taken by worker 4' --solution 'Wait for the other worker'"
)
@click.argument("expression")
@click.option(
    "--title", required=True, help="What it is, in a few words; {1} is what the expression captures."
)
@click.option("--example", "examples", multiple=True, required=True, help="A line that it must match.")
@click.option("--counter-example", "counter_examples", multiple=True, help="A line that it must not match.")
@click.option("--solution", "solutions", multiple=True, help="What helps against it.")
@click.option("--category", default="other", show_default=True, help="For instance network, test, oom.")
@click.option("--description", default="", help="What happens there, in a sentence.")
@click.option("--infrastructure", is_flag=True, help="It is not the job's fault: trying again may help.")
@click.option("--id", "pattern_id", help="An id of your choice; teaching it again changes it.")
@options()
@with_door
def teach(
    app: "App",
    expression: str,
    *,
    workspace: str,
    title: str,
    examples: tuple[str, ...],
    counter_examples: tuple[str, ...],
    solutions: tuple[str, ...],
    category: str,
    description: str,
    infrastructure: bool,
    pattern_id: str | None,
    as_json: bool,
) -> None:
    """Teach a failure: EXPRESSION is a regular expression (RE2) that matches one line of a log.

    It belongs to the workspace and is applied to past failures at once.
    """
    from pydantic import ValidationError

    from orcaops.model.pattern import PatternTaught

    try:
        taught = PatternTaught(
            id=pattern_id,
            pattern=expression,
            title=title,
            category=category,
            description=description,
            solutions=solutions,
            infrastructure=infrastructure,
            examples=examples,
            counter_examples=counter_examples,
        )
    except ValidationError as error:
        raise refuse_field_errors(error) from None
    with reapplying() as show:
        made = app.knowledge.teach(workspace, taught, by=whoami(), progress=show)
    if as_json:
        print_json(made)
        return
    times = "once" if made.occurrences == 1 else f"{made.occurrences} times"
    click.echo(f"{made.id}: {f'seen {times} so far' if made.occurrences else 'not seen so far'}")
    if made.passing_hits:
        note(f"it also fires on {made.passing_hits} passing runs, so it ranks low: make it narrower", "warn")


@click.command(epilog="Example: orcaops kb forget taught.the-lease-was-taken")
@click.argument("pattern_id")
@click.option("--reason", help="Why.")
@options()
@with_door
def forget(app: "App", pattern_id: str, *, workspace: str, reason: str | None, as_json: bool) -> None:
    """Let go of a pattern that was taught; shipped ones stay."""
    app.knowledge.forget(workspace, pattern_id, by=whoami(), reason=reason)
    if as_json:
        print_json({"id": pattern_id, "workspace": workspace, "forgotten": True})
    else:
        click.echo(f"forgot {pattern_id}")


@click.command(epilog="Example: orcaops kb advise disk.full 'Empty /var/cache/build, then run it again'")
@click.argument("subject")
@click.argument("text")
@options()
@with_door
def advise(app: "App", subject: str, text: str, *, workspace: str, as_json: bool) -> None:
    """Add a solution; SUBJECT is a pattern's id, or the signature of failures that nothing explains."""
    from pydantic import ValidationError

    from orcaops.model.solution import SolutionTaught

    field = "pattern_id" if "." in subject else "signature"
    try:
        given = SolutionTaught.model_validate({field: subject, "text": text})
    except ValidationError as error:
        raise refuse_field_errors(error) from None
    made = app.knowledge.teach_solution(workspace, given, by=whoami())
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made.id}: {made.text}")


@click.command(epilog="Example: orcaops kb feedback 0f3k… --job 01jd2m… --helped")
@click.argument("solution_id")
@click.option("--helped/--did-not-help", "helped", required=True, help="Whether it helped.")
@click.option("--job", "job_id", help="The failed job with which it did.")
@click.option("--note", "remark", help="What there is to say about it.")
@options()
@with_door
def feedback(
    app: "App",
    solution_id: str,
    *,
    workspace: str,
    helped: bool,
    job_id: str | None,
    remark: str | None,
    as_json: bool,
) -> None:
    """Say whether a solution helped; of one person about one job the last word counts.

    `orcaops debug JOB --json` and `orcaops kb show PATTERN` name solutions.
    """
    seen = app.knowledge.feedback(
        workspace, solution_id, helped=helped, by=whoami(), job_id=job_id, note=remark
    )
    if as_json:
        print_json(seen)
    else:
        click.echo(f"noted; by what people said it {effect(seen)}")


@click.command(epilog="Example: orcaops kb export > knowledge.json")
@options()
@with_door
def export(app: "App", *, workspace: str, as_json: bool) -> None:  # noqa: ARG001 - it prints nothing else
    """Write what was taught here as one JSON document."""
    print_json(app.knowledge.export(workspace))


@click.command("import", epilog="Example: orcaops kb import knowledge.json")
@click.argument("file", type=click.File("rb"))
@options()
@with_door
def import_(app: "App", file: IO[bytes], *, workspace: str, as_json: bool) -> None:
    """Teach what was taught elsewhere; the same twice adds nothing. - reads standard input."""
    document = _document(file.read(), Path(file.name).name)
    with reapplying() as show:
        done = app.knowledge.import_(workspace, document, by=whoami(), progress=show)
    if as_json:
        print_json(done)
    else:
        click.echo(
            f"{done.patterns} patterns and {done.solutions} solutions added, {done.known} known already"
        )
        for problem in done.problems:
            note(problem, "warn")
    if done.problems and not (done.patterns or done.solutions or done.known):
        raise invalid("nothing of it could be used", where=Path(file.name).name, hint="See above.")


def _document(content: bytes, where: str) -> "KnowledgeDocument":
    from pydantic import ValidationError

    from orcaops.model.pattern import KnowledgeDocument

    try:
        return KnowledgeDocument.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise invalid(
            f"this is no document of `orcaops kb export`: {first['msg']}{f' ({place})' if place else ''}",
            where=where,
            hint="Nothing was taught.",
        ) from None
