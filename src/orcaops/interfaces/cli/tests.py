"""``orcaops jobs tests``: the tests inside a job."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.output import colour, more_follows, note, print_json_lines, table

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.run import Run
    from orcaops.model.test_case import TestCase

_MOODS = {"passed": "good", "failed": "bad", "error": "bad", "skipped": "quiet"}
_SHOWN = 5


@click.command("tests", epilog="Example: orcaops jobs tests --failed 01jd2m…")
@click.argument("job_id")
@click.argument("text", default="")
@click.option("--failed", "status", flag_value="failed", help="Only what failed.")
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def tests(
    app: "App",
    job_id: str,
    text: str,
    *,
    workspace: str,
    status: str | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List the tests inside a job: what failed first.

    With TEXT only those whose id or message has it in it; * stands for anything.
    """
    from orcaops.model.quantities import show_duration

    page = app.tests.page(
        workspace, job_id, status="failed" if status else None, text=text, limit=limit, cursor=cursor
    )
    if as_json:
        print_json_lines(page.items)
    elif text and not page.items:
        note(f"no test has {text!r} in its id or message")
    elif not page.items:
        run = app.jobs.get(workspace, job_id)
        note(_why_none(run, failed=status is not None))
    else:
        table(
            ["outcome", "took", "test", "said"],
            [
                [
                    colour(outcome(case), _MOODS[case.status.value]),
                    show_duration(case.duration_s) if case.duration_s is not None else "",
                    case.id,
                    case.message or "",
                ]
                for case in page.items
            ],
        )
    more_follows(page.next_cursor, len(page.items), page.total)


def outcome(case: "TestCase") -> str:
    """In words: ``"passed"``, ``"passed on attempt 2"``."""
    return case.status.value + (f" on attempt {case.attempts}" if case.attempts > 1 else "")


def print_failing(app: "App", run: "Run") -> None:
    """The first failing tests of a run, where it had any."""
    if run.tests is None:
        return
    for text in run.tests.notes:
        note(f"tests: {text}")
    if not run.tests.failed:
        return
    page = app.tests.page(run.workspace, run.job_id, status="failed", limit=_SHOWN)
    if not page.items:
        return
    click.echo("\nfailing tests:")
    for case in page.items:
        said = f": {case.message.splitlines()[0]}" if case.message else ""
        click.echo(f"  {colour(case.id, 'bad')}{said}")
    if page.next_cursor is not None:
        click.echo(f"  … all of them: orcaops jobs tests --failed {run.job_id}")


def _why_none(run: "Run", *, failed: bool) -> str:
    if run.tests is None:
        return (
            "no tests were seen in this run: they are read from JUnit reports among its artifacts "
            "(--artifact 'reports/*.xml') and from the output of usual runners"
            if run.status.final
            else "tests are read when the run has ended"
        )
    if failed and not run.tests.failed:
        return run.tests.sentence()
    return f"{run.tests.sentence()}, but the output does not name them; let the runner be verbose (-v)"
