"""``orcaops ask``: questions in plain English."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.output import colour, note, paragraph, print_json, table

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.inquiry import Finding, Reply

_SHOWN_LETTERS = 44  # of the name of a row


@click.command(epilog='Example: orcaops ask "which jobs got slower since Monday?"')
@click.argument("question", nargs=-1)
@click.option("--query", metavar="LINE", help="Ask by a query that an answer showed, edited or not.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Most rows.")
@options()
@with_door
def ask(
    app: "App", question: tuple[str, ...], *, query: str | None, limit: int, workspace: str, as_json: bool
) -> None:
    """Answer a question about what ran: failures, durations, comparisons, counts, trends, costs, and more.

    The query that was understood is shown first. Change it as you like and ask again with --query; its
    filter behind "where" is the language of `orcaops jobs list`.
    """
    from pydantic import ValidationError

    from orcaops.model.errors import invalid
    from orcaops.model.inquiry import LONGEST_QUESTION, Question

    said = " ".join(question)
    try:
        asked = Question(
            question=said if said.strip() else None, query=query, workspace=workspace, limit=limit
        )
    except ValidationError:
        raise invalid(
            "the question is too long",
            where="question",
            hint=f"At most {LONGEST_QUESTION} letters; `orcaops kb match FILE` reads whole logs.",
        ) from None
    reply = app.questions.ask(asked)
    if as_json:
        print_json(reply)
    else:
        print_reply(reply)


def print_reply(reply: "Reply") -> None:
    """What was understood, the answer, its rows, and what else could be asked."""
    if reply.understood is not None:
        sure = reply.understood.confidence
        doubt = f"  ({sure:.0%} sure)" if reply.question and sure < 1 else ""
        click.echo(colour(f"understood: {reply.understood.query}{doubt}", "quiet"))
    paragraph(reply.answer)
    said_already = len(reply.rows) == 1 and reply.rows[0].text in reply.answer
    if reply.rows and not said_already:
        click.echo()
        table(("what", "job", "answer"), [_row(row) for row in reply.rows])
    for one in reply.notes:
        note(one)
    if reply.also:
        note("it could also mean:")
    for other in reply.also:
        note(f"  {other.in_words}: orcaops ask --query {_quoted(other.query)}")
    if reply.offers:
        if reply.understood is not None:
            click.echo("\nOther questions:")
        for offer in reply.offers:
            click.echo(f"  {offer}")


def _row(row: "Finding") -> tuple[str, str, str]:
    name = row.what if len(row.what) <= _SHOWN_LETTERS else f"{row.what[: _SHOWN_LETTERS - 1]}…"
    return name, row.job_ids[0] if row.job_ids else "", row.text or f"{row.value:g} {row.unit or ''}".strip()


def _quoted(line: str) -> str:
    import shlex

    return shlex.quote(line)
