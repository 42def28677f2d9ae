"""``orcaops import``, ``export``, ``relearn`` and ``exam``: histories in and out, and learning anew."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orcaops.interfaces.cli.door import opened, options, with_door
from orcaops.interfaces.cli.output import note, print_json

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.services.history import Imported

_PROBLEMS_SHOWN = 10


@click.command("import", epilog="Example: orcaops import builds.jsonl --format jsonl")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    metavar="FORMAT",
    help="orcaops, jsonl, csv, github, gitlab, swf, nextflow or junit; found out by itself if not given.",
)
@options()
@with_door
def import_(app: "App", file: Path, *, workspace: str, format_: str | None, as_json: bool) -> int:
    """Bring a history in. The same file twice adds nothing; a bad line is named and left out.

    Exits with 1 if there were bad lines.
    """
    with (
        said_if_ended("what has been read stays; the same command goes on from there"),
        progress("runs read") as show_read,
        progress("runs learned from") as show_learned,
    ):
        done = app.history.import_file(
            file, format_, workspace=workspace, progress=show_read, learning=show_learned
        )
    if as_json:
        print_json({"added": done.added, "known": done.known, "bad": done.bad, "problems": done.problems})
    else:
        click.echo(", ".join(_told(done)))
        _print_problems(done.bad, done.problems)
    return 1 if done.bad else 0


def _told(done: "Imported") -> Iterator[str]:
    yield f"added {done.added} run{'s' * (done.added != 1)}"
    if done.known:
        yield f"{done.known} known already"
    if done.bad:
        yield _left_out(done.bad)


def _left_out(bad: int) -> str:
    return f"left out {bad} line{'s' * (bad != 1)} that could not be read:"


def _print_problems(bad: int, problems: Sequence[str]) -> None:
    """The first lines that were left out, on standard error."""
    for problem in problems[:_PROBLEMS_SHOWN]:
        click.echo(f"  {problem}", err=True)
    if bad > _PROBLEMS_SHOWN:
        click.echo(f"  … and {bad - _PROBLEMS_SHOWN} more", err=True)


@click.command(epilog="Example: orcaops export status:failed --format csv > failed.csv")
@click.argument("query", nargs=-1)
@click.option(
    "--format", "format_", type=click.Choice(["json", "jsonl", "csv"]), default="jsonl", show_default=True
)
@options()
@with_door
def export(app: "App", query: tuple[str, ...], *, workspace: str, format_: str, as_json: bool) -> None:
    """Write runs to standard output; QUERY is the search language."""
    if as_json and format_ == "csv":
        raise click.UsageError("--json and --format csv cannot both be.")
    for piece in app.history.export(workspace, format_, q=" ".join(query)):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@click.command(epilog="Example: orcaops relearn")
@options()
@with_door
def relearn(app: "App", *, workspace: str, as_json: bool) -> None:  # noqa: ARG001 - of all workspaces
    """Drop baselines, anomalies and all else that was learned, and derive it from the runs again.

    The same facts in the same order give the same opinions; decisions of people stay.
    """
    with (
        said_if_ended("what is not learned yet is learned by the next run, or by this command"),
        progress("runs learned from") as show,
    ):
        count = app.upkeep.relearn(show)
    if as_json:
        print_json({"runs": count})
    else:
        click.echo(f"learned again from {count} runs")


@click.command(epilog="Example: orcaops exam --data builds.jsonl --format jsonl")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A history to read instead of the stored one.",
)
@click.option("--format", "format_", metavar="FORMAT", help="Format of --data; found out if not given.")
@options()
def exam(
    *, data: Path | None, format_: str | None, home: str | None, workspace: str | None, as_json: bool
) -> None:
    """Replay a history in true order, judge before learning, and score every learner beside naive rules."""
    from orcaops.interfaces.cli.exam_table import print_exam

    with opened(home=home, workspace=workspace) as app, progress("runs examined") as show:
        if data is None:
            result = app.history.examine(app.settings.workspace, progress=show)
        else:
            result = app.history.examine_file(data, format_, progress=show)
    if as_json:
        print_json(result)
    else:
        print_exam(result)
        if result.get("bad"):
            note(_left_out(result["bad"]))
            _print_problems(result["bad"], result["problems"])


@contextlib.contextmanager
def said_if_ended(what: str) -> Iterator[None]:
    """Say what becomes of it if the command is ended from outside in here."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        note(f"ended before it was done: {what}", "warn")
        raise


class progress:  # noqa: N801 - used as a function in a with statement
    """A line on standard error that counts up, on a terminal only."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = False

    def __enter__(self) -> Callable[[int], None]:
        """Give out what is called with the count so far."""
        return self._show if sys.stderr.isatty() else lambda _count: None

    def __exit__(self, *_: Any) -> None:
        """Wipe the line."""
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def _show(self, count: int) -> None:
        self._shown = True
        click.echo(f"\r{count} {self._what}", nl=False, err=True)
