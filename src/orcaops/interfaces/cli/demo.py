"""``orcaops demo``: the main job with real runs: remember, predict, notice, explain."""

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import opened, options
from orcaops.interfaces.cli.output import colour, paragraph

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.job import JobSpec
    from orcaops.model.run import Run

WORKSPACE = "demo"
_NAME = "demo-tests"
_HISTORY = 12  # runs: a baseline is established from ten successes on
_IMAGES_TRIED = 3

# A stand-in for a test suite: some work, some output, a little noise from the machine.
_PASSES = "sleep 0.2; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; echo '12 passed'"
_SLOW = f"echo 'resolving dependencies'; sleep 3; {_PASSES}"
_FAILS = (
    "echo 'collecting tests'; echo 'Traceback (most recent call last):' >&2; "
    "echo '  File \"tests/test_app.py\", line 3, in <module>' >&2; "
    "echo \"ModuleNotFoundError: No module named 'requests'\" >&2; exit 1"
)


@click.command(epilog="Example: orcaops demo")
@options(json=False)
def demo(*, home: str | None, workspace: str | None) -> None:
    """See the main job at work: a small history is made, the next run predicted, two unusual ones noticed.

    Uses a container engine where one answers and has an image, else processes of this machine. Everything
    is kept in the workspace "demo".
    """
    with opened(home=home, workspace=workspace or WORKSPACE) as app:
        image = _image(app)
        where = (
            f"in containers of {image}"
            if image
            else "as processes of this machine (no container engine with a usable image answers)"
        )
        _say(f"OrcaOps runs a small test suite {_HISTORY} times, {where}.")
        _make_history(app, image)
        _predict_and_compare(app, image)
        _slow_run(app, image)
        _failing_run(app, image)
        _what_next(app)
        app.upkeep.mirror(force=True)


def _make_history(app: "App", image: str | None) -> None:
    from orcaops.model.quantities import show_duration

    for count in range(_HISTORY):
        run = app.jobs.run(_job(app, image, _PASSES))
        took = show_duration(run.duration_s or 0)
        mark = (
            "." if not sys.stdout.isatty() else f"\r  {count + 1} of {_HISTORY}: {run.status} after {took}   "
        )
        click.echo(mark, nl=False)
    click.echo()
    baseline = app.insights.baseline(app.settings.workspace, run.key)
    click.echo(
        f"  It remembers: usually {show_duration(baseline.duration_p50 or 0)}, "
        f"95 % below {show_duration(baseline.duration_p95 or 0)}, {baseline.success_rate or 0:.0%} pass "
        f"({baseline.sample_count} runs)."
    )


def _predict_and_compare(app: "App", image: str | None) -> None:
    from orcaops.interfaces.cli.telling import print_forecasts
    from orcaops.model.prediction import DurationPrediction
    from orcaops.model.quantities import show_duration

    _say("What will the next run take?")
    spec = _job(app, image, _PASSES)
    forecasts = app.predictions.predict(spec)
    print_forecasts(forecasts)
    run = app.jobs.run(spec)
    took = run.duration_s or 0.0
    if isinstance(forecasts.duration, DurationPrediction):
        inside = forecasts.duration.range_low <= took <= forecasts.duration.range_high
        verdict = (
            colour("inside the interval", "good")
            if inside
            else colour("outside the interval, as one run in ten is meant to be", "warn")
        )
        click.echo(f"  It took {show_duration(took)}: {verdict}.")


def _slow_run(app: "App", image: str | None) -> None:
    _say("Now one run is slow. Does it notice?")
    _tell(app, app.jobs.run(_job(app, image, _SLOW)))


def _failing_run(app: "App", image: str | None) -> None:
    _say("And one fails.")
    run = app.jobs.run(_job(app, image, _FAILS))
    _tell(app, run)
    summary = app.jobs.summary(run.workspace, run.job_id)
    click.echo(f"  {summary.line}")
    for error in summary.errors:
        click.echo(f"    {error}")


def _tell(app: "App", run: "Run") -> None:
    from orcaops.interfaces.cli.telling import MOODS

    found = app.insights.anomalies_of(run.workspace, run.job_id)
    for anomaly in found:
        click.echo(f"  {colour(anomaly.severity.value, MOODS[anomaly.severity])}: {anomaly.title}")
        paragraph(anomaly.description, indent="    ")
    if not found:
        click.echo("  nothing unusual was found")


def _what_next(app: "App") -> None:
    workspace = app.settings.workspace
    _say("Try next:")
    called = sys.argv[0]
    known = shutil.which("orcaops") or os.path.basename(called) != "orcaops"  # noqa: PTH119
    program = "orcaops" if known else os.path.relpath(called)
    for command, meaning in (
        (f"jobs list --workspace {workspace}", "everything that just ran"),
        (f"anomalies list --workspace {workspace}", "what was unusual, with evidence"),
        (f"baselines show name:{_NAME} --workspace {workspace}", "what is normal, as a picture"),
        ("run -- sleep 1", "your own first run"),
        ("serve", "REST, MCP and a queue for others"),
    ):
        click.echo(f"  {program} {command:54} {colour(meaning, 'quiet')}")


def _job(app: "App", image: str | None, script: str) -> "JobSpec":
    """The same work each time; only the name counts for its baseline."""
    from orcaops.model.job import JobSpec

    return JobSpec(
        image=image, command=("sh", "-c", script), name=_NAME, timeout=60.0, workspace=app.settings.workspace
    )


def _image(app: "App") -> str | None:
    """The smallest image of the engine that has a shell; None where there is none."""
    from orcaops.model.job import JobSpec

    for image in app.upkeep.images()[:_IMAGES_TRIED]:
        trial = JobSpec(
            image=image,
            command=("sh", "-c", "exit 0"),
            name="demo-trial",
            timeout=20.0,
            workspace=app.settings.workspace,
        )
        if app.jobs.run(trial).exit_code == 0:
            return image
    return None


def _say(text: str) -> None:
    click.echo(f"\n{colour('▸', 'quiet')} {text}")
