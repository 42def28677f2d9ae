"""``orcaops demo``: the main job with real runs: remember, predict, notice, explain."""

import contextlib
import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import opened, options, whoami
from orcaops.interfaces.cli.output import colour, paragraph, print_json

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.job import JobSpec
    from orcaops.model.run import Run

WORKSPACE = "demo"
_NAME = "demo-tests"
_HISTORY = 12  # runs: a baseline is established from ten successes on
_IMAGES_TRIED = 3

_MEMORY = "128m"  # far more than it needs: something to improve
_QUESTION = f"why did {_NAME} fail?"

# A stand-in for a test suite: what a runner prints, some work, a little noise from the machine.
_SUITE = "tests/test_app.py"
_COLLECTS = "echo 'collected 3 items'; "
_ONE_PASSES = f"echo '{_SUITE}::test_total PASSED [ 33%]'; "
_WORKS = "sleep 0.2; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; "
_OTHERS_PASS = f"echo '{_SUITE}::test_tax PASSED [ 66%]'; echo '{_SUITE}::test_order PASSED [100%]'; "
_PASSES = f"{_COLLECTS}{_ONE_PASSES}{_WORKS}{_OTHERS_PASS}echo '=== 3 passed in 0.20s ==='"
_SLOW = f"echo 'resolving dependencies'; sleep 3; {_PASSES}"
_FAILS = (
    f"{_COLLECTS}{_ONE_PASSES}echo '{_SUITE}::test_tax PASSED [ 66%]'; "
    f"echo '{_SUITE}::test_order FAILED [100%]'; "
    "echo 'Traceback (most recent call last):' >&2; "
    f"echo '  File \"{_SUITE}\", line 14, in test_order' >&2; "
    "echo \"ModuleNotFoundError: No module named 'requests'\" >&2; "
    f"echo \"FAILED {_SUITE}::test_order - ModuleNotFoundError: No module named 'requests'\"; "
    "echo '=== 1 failed, 2 passed in 0.02s ==='; exit 1"
)


@click.command(epilog="Example: orcaops demo")
@options()
def demo(*, home: str | None, workspace: str | None, as_json: bool) -> None:
    """See the main job at work: a small history is made, the next run predicted, two unusual ones noticed.

    Uses a container engine where one answers and has an image, else processes of this machine. Everything
    is kept in the workspace "demo". With --json it is told on standard error, and its outcome is the data.
    """
    telling = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with telling, opened(home=home, workspace=workspace or WORKSPACE) as app:
        image = _image(app)
        where = (
            f"in containers of {image}"
            if image
            else f"as processes at {app.settings.url}"
            if app.settings.url
            else "as processes of this machine (no container engine with a usable image answers)"
        )
        _forget_the_last_demo(app)
        _say(f"OrcaOps runs a small test suite {_HISTORY} times, {where}.")
        _make_history(app, image)
        _predict_and_compare(app, image)
        _advice(app)
        slow = _slow_run(app, image)
        failed = _failing_run(app, image)
        _question(app)
        _what_next(app, failed)
        app.upkeep.mirror(force=True)
        shown = {
            "workspace": app.settings.workspace,
            "image": image,
            "baseline": app.insights.baseline(app.settings.workspace, failed.key),
            "slow": _as_data(app, slow),
            "failed": _as_data(app, failed),
        }
    if as_json:
        print_json(shown)


def _forget_the_last_demo(app: "App") -> None:
    """Its slow run and its failure would be nothing new; its runs stay."""
    from orcaops.model.errors import OrcaError

    with contextlib.suppress(OrcaError):  # there was none
        app.insights.reset_baseline(
            app.settings.workspace, f"name:{_NAME}", by=whoami(), reason="the demo starts anew"
        )


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
        f"95% below {show_duration(baseline.duration_p95 or 0)}, {baseline.success_rate or 0:.0%} pass "
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


def _slow_run(app: "App", image: str | None) -> "Run":
    _say("Now one run is slow. Does it notice?")
    run = app.jobs.run(_job(app, image, _SLOW))
    _tell(app, run)
    return run


def _failing_run(app: "App", image: str | None) -> "Run":
    _say("And one fails. Does it know why?")
    run = app.jobs.run(_job(app, image, _FAILS))
    _tell(app, run)
    return run


def _question(app: "App") -> None:
    from orcaops.interfaces.cli.ask import print_reply
    from orcaops.model.inquiry import Question

    _say(f'orcaops ask "{_QUESTION}"')
    reply = app.questions.ask(Question(question=_QUESTION, workspace=app.settings.workspace))
    print_reply(reply.model_copy(update={"notes": ()}))  # what to do next is said at the end


def _advice(app: "App") -> None:
    """What could be improved about its jobs, where that is something."""
    found = app.advice.recommendations(app.settings.workspace, state="open", limit=1).items
    for each in found:
        _say("What could be improved?")
        click.echo(f"  {each.title}")
        paragraph(each.description, indent="    ")


def _tell(app: "App", run: "Run") -> None:
    from orcaops.interfaces.cli.telling import MOODS

    found = app.insights.anomalies_of(run.workspace, run.job_id)
    for anomaly in found:
        click.echo(f"  {colour(anomaly.severity.value, MOODS[anomaly.severity])}: {anomaly.title}")
        paragraph(anomaly.description, indent="    ")
    if not found:
        click.echo("  nothing unusual was found")


def _as_data(app: "App", run: "Run") -> dict[str, object]:
    return {"job_id": run.job_id, "anomalies": app.insights.anomalies_of(run.workspace, run.job_id)}


def _what_next(app: "App", failed: "Run") -> None:
    workspace = app.settings.workspace
    _say("Try next:")
    called = sys.argv[0]
    known = shutil.which("orcaops") or os.path.basename(called) != "orcaops"  # noqa: PTH119
    program = "orcaops" if known else shlex.quote(os.path.relpath(called))
    nexts = (
        (f"jobs list --workspace {workspace}", "everything that just ran"),
        (f"debug {failed.job_id} --workspace {workspace}", "all about the failure, and what helps"),
        (f"anomalies list --workspace {workspace}", "what was unusual, with evidence"),
        (f"baselines show name:{_NAME} --workspace {workspace}", "what is normal, as a picture"),
        ("run -- sleep 1", "your own first run"),
        ("serve", "REST, MCP and a queue for others"),
    )
    width = max(len(command) for command, _ in nexts)
    for command, meaning in nexts:
        click.echo(f"  {program} {command:{width}}  {colour(meaning, 'quiet')}")


def _job(app: "App", image: str | None, script: str) -> "JobSpec":
    """The same work each time; only the name counts for its baseline."""
    from orcaops.model.job import JobSpec

    return JobSpec(
        image=image,
        command=("sh", "-c", script),
        name=_NAME,
        memory=_MEMORY if image else None,
        timeout=60.0,
        workspace=app.settings.workspace,
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
            workspace=f"{app.settings.workspace}-trial",  # the demo's jobs are not judged by it
        )
        if app.jobs.run(trial).exit_code == 0:
            return image
    return None


def _say(text: str) -> None:
    click.echo(f"\n{colour('▸', 'quiet')} {text}")
