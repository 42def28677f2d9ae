"""``orcaops jobs``: what ran, what runs, and its output."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, whoami, with_door
from orcaops.interfaces.cli.groups import Group
from orcaops.interfaces.cli.output import (
    colour,
    fields,
    more_follows,
    note,
    print_json,
    print_json_lines,
    table,
)
from orcaops.interfaces.cli.tests import print_failing, tests

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.logline import LogLine
    from orcaops.model.run import Run

_MOODS = {"succeeded": "good", "failed": "bad", "timed_out": "bad", "lost": "bad", "cancelled": "warn"}


@click.group(cls=Group)
def jobs() -> None:
    """What ran, what runs, its output and its tests."""


jobs.add_command(tests)


@jobs.command("list", epilog="Example: orcaops jobs list status:failed image:python*")
@click.argument("query", nargs=-1)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@click.option("--facets", is_flag=True, help="Count the matches by status, cause, executor, image and key.")
@options()
@with_door
def list_(
    app: "App",
    query: tuple[str, ...],
    *,
    workspace: str,
    limit: int,
    cursor: str | None,
    facets: bool,
    as_json: bool,
) -> None:
    """List runs, latest first.

    QUERY is the search language: status:failed duration:>60 label:team=a text.
    """
    from orcaops.model.quantities import show_duration, show_time

    q = " ".join(query)
    if facets:
        counts = app.jobs.facets(workspace, q=q)
        if as_json:
            print_json(counts)
        else:
            for field, values in counts.items():
                table([field, "runs"], [[value, str(count)] for value, count in values.items()])
        return
    page = app.jobs.page(workspace, q=q, limit=limit, cursor=cursor)
    if as_json:
        print_json_lines(page.items)
        more_follows(page.next_cursor, len(page.items), page.total)
        return
    if not page.items:
        note("nothing matches" if q else "nothing has run yet; try: orcaops run -- sleep 1")
        return
    table(
        ["job", "status", "submitted (UTC)", "took", "work"],
        [
            [
                run.job_id,
                colour(run.status.value, _MOODS.get(run.status.value, "quiet")),
                show_time(run.submitted_at),
                show_duration(run.duration_s) if run.duration_s is not None else "",
                ": ".join(filter(None, (run.name, run.command))),
            ]
            for run in page.items
        ],
    )
    more_follows(page.next_cursor, len(page.items), page.total)


@jobs.command(epilog="Example: orcaops jobs show 01jd2m…")
@click.argument("job_id")
@options()
@with_door
def show(app: "App", job_id: str, *, workspace: str, as_json: bool) -> None:
    """Show one run: how it ended, where its time went, what it used, what was expected."""
    from orcaops.model.anomaly import speaking

    run = app.jobs.get(workspace, job_id)
    if as_json:
        print_json(run)
        return
    _print_run(run)
    print_failing(app, run)
    for anomaly in speaking(app.insights.anomalies_of(workspace, job_id)):
        click.echo(f"unusual: {anomaly.title} ({anomaly.severity}, {anomaly.id})")


def _print_run(run: "Run") -> None:
    from orcaops.interfaces.cli.predicted import print_outcome, remaining_words
    from orcaops.interfaces.cli.telling import print_forecasts
    from orcaops.model.quantities import show_duration, show_size, show_time
    from orcaops.services.summaries import outcome_of

    used = run.usage
    status = colour(run.status.value, _MOODS.get(run.status.value, "quiet"))
    limits = run.effective
    fields(
        [
            ("job", run.job_id),
            ("status", status),
            ("ended", outcome_of(run) if run.cause else None),
            ("message", run.message),
            ("command", run.command),
            ("name", run.name),
            ("key", run.key),
            ("image", f"{run.image} {run.image_digest or ''}".strip() if run.image else None),
            ("executor", run.executor),
            ("submitted", f"{show_time(run.submitted_at)} UTC"),
            ("took", show_duration(run.duration_s) if run.duration_s is not None else None),
            ("remaining", remaining_words(run.remaining) if run.remaining is not None else None),
            (
                "phases",
                ", ".join(f"{name} {show_duration(phase.duration_s)}" for name, phase in run.phases.items())
                or None,
            ),
            ("CPU", show_duration(used.cpu_seconds) if used.cpu_seconds is not None else None),
            (
                "memory peak",
                show_size(used.memory_peak_bytes) if used.memory_peak_bytes is not None else None,
            ),
            (
                "memory held",
                f"{show_size(used.memory_resident_bytes)} ({used.memory_resident_basis})"
                if used.memory_resident_bytes is not None
                else None,
            ),
            ("memory limit", show_size(limits.memory) if limits and limits.memory else None),
            ("timeout", show_duration(limits.timeout) if limits and limits.timeout else None),
            ("labels", ", ".join(f"{name}={value}" for name, value in run.labels.items()) or None),
            ("commit", run.context.commit),
            ("branch", run.context.branch),
            ("artifacts", f"{len(run.artifacts)}" if run.artifacts else None),
            ("tests", run.tests.sentence() if run.tests is not None and run.tests.total else None),
            ("output cut", show_size(run.log.cut_bytes) if run.log and run.log.cut_bytes else None),
        ]
    )
    if len(run.steps) > 1:
        table(
            ["step", "exit", "took", "command"],
            [
                [
                    str(place),
                    str(step.exit_code if step.exit_code is not None else f"signal {step.signal}"),
                    show_duration(step.duration_s),
                    " ".join(step.command),
                ]
                for place, step in enumerate(run.steps, start=1)
            ],
        )
    if run.prediction is not None and run.status.final:
        print_outcome(run, run.prediction)
    elif run.prediction is not None:
        click.echo("\nexpected before it ran:")
        print_forecasts(run.prediction)


@jobs.command(epilog="Example: orcaops jobs logs -f 01jd2m…")
@click.argument("job_id")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("-n", "--tail", type=click.IntRange(1), help="Only the last lines.")
@click.option("-t", "--timestamps", is_flag=True, help="Say when each line came.")
@click.option("--stream", type=click.Choice(["stdout", "stderr"]), help="Only this stream.")
@click.option("--after", type=int, default=-1, help="Only behind this offset.")
@options()
@with_door
def logs(
    app: "App",
    job_id: str,
    *,
    workspace: str,
    follow: bool,
    tail: int | None,
    timestamps: bool,
    stream: str | None,
    after: int,
    as_json: bool,
) -> None:
    """Print a run's output; standard error comes on standard error."""
    from orcaops.model.logline import LogLine, Stream

    lines: Iterator[LogLine]
    if follow:
        _tell_remaining(app, workspace, job_id)
        lines = (line for line in app.jobs.follow(workspace, job_id, after=after) if line is not None)
    elif tail is not None:
        lines = iter(app.jobs.log_tail(workspace, job_id, tail))
    else:
        lines = app.jobs.log_lines(workspace, job_id, after=after)
    only = Stream(stream) if stream else None
    for line in lines:
        if only is None or line.stream is only:
            _print_line(line, timestamps=timestamps, as_json=as_json)


def _tell_remaining(app: "App", workspace: str, job_id: str) -> None:
    """Say on a terminal, before the output of a running job, how long it will go on."""
    from orcaops.interfaces.cli.predicted import remaining_words

    left = app.jobs.get(workspace, job_id).remaining if sys.stderr.isatty() else None
    if left is not None:
        note(remaining_words(left), "quiet")


def _print_line(line: "LogLine", *, timestamps: bool, as_json: bool) -> None:
    if as_json:
        print_json(line)
        return
    at = f"{line.at.isoformat(timespec='milliseconds')} " if timestamps else ""
    click.echo(at + line.text, err=line.stream == "stderr", nl=not line.partial)


@jobs.command(epilog="Example: orcaops jobs cancel 01jd2m…")
@click.argument("job_id")
@options()
@with_door
def cancel(app: "App", job_id: str, *, workspace: str, as_json: bool) -> None:
    """Stop a job and everything it started; returns when it has ended."""
    run = app.jobs.cancel(workspace, job_id, by=whoami())
    if as_json:
        print_json(run)
    else:
        click.echo(f"{run.job_id} {run.status.value}")


@jobs.command(epilog="Example: orcaops jobs summary 01jd2m…")
@click.argument("job_id")
@options()
@with_door
def summary(app: "App", job_id: str, *, workspace: str, as_json: bool) -> None:
    """Tell a run in a few lines: what happened, errors, what was unusual, what to do next."""
    told = app.jobs.summary(workspace, job_id)
    if as_json:
        print_json(told)
        return
    click.echo(told.line)
    for title, lines in (
        ("events", told.key_events),
        ("errors", told.errors),
        ("unusual", told.unusual),
        ("next", told.next_steps),
    ):
        if lines:
            click.echo(colour(f"{title}:", "quiet"))
            for line in lines:
                click.echo(f"  {line}")


@jobs.command(epilog="Example: orcaops jobs artifacts 01jd2m…")
@click.argument("job_id")
@options()
@with_door
def artifacts(app: "App", job_id: str, *, workspace: str, as_json: bool) -> None:
    """List the files that a run left."""
    from orcaops.model.quantities import show_size

    found = app.jobs.artifacts(workspace, job_id)
    if as_json:
        print_json_lines(found)
        return
    if not found:
        note("it left none; --artifact GLOB says what to keep")
    table(["size", "sha256", "path"], [[show_size(a.size_bytes), a.sha256[:16], a.path] for a in found])


@jobs.command(epilog="Example: orcaops jobs download 01jd2m… dist/app.whl -o .")
@click.argument("job_id")
@click.argument("path", required=False)
@click.option(
    "-o", "--output", default=".", show_default=True, type=click.Path(file_okay=False, path_type=Path)
)
@options()
@with_door
def download(
    app: "App", job_id: str, path: str | None, *, workspace: str, output: Path, as_json: bool
) -> None:
    """Copy a run's artifact, or all of them, to a folder."""
    paths = [path] if path else [artifact.path for artifact in app.jobs.artifacts(workspace, job_id)]
    for each in paths:
        found = app.jobs.artifact(workspace, job_id, each)
        target = output / each
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, target)
        if as_json:
            print_json({"path": each, "file": str(target), "size_bytes": target.stat().st_size})
        else:
            click.echo(str(target))


@jobs.command(epilog="Example: orcaops jobs rerun 01jd2m…")
@click.argument("job_id")
@options()
def rerun(job_id: str, *, home: str | None, workspace: str | None, as_json: bool) -> int:
    """Run a job again as it was asked for; the exit code is the command's own."""
    from orcaops.interfaces.cli.door import opened
    from orcaops.interfaces.cli.run import execute, failures_are_ours

    with failures_are_ours(), opened(home=home, workspace=workspace) as app:
        spec = app.jobs.rerun(app.settings.workspace, job_id)
        return execute(app, spec, as_json=as_json, fail_on=None)
