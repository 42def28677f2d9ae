"""``orcaops baselines``: what is normal for each job."""

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
from orcaops.model.key import STEP_BEHIND

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.baseline import Baseline

_MOST_STEPS = 50
_BARS = "▁▂▃▄▅▆▇█"


@click.group(cls=Group)
def baselines() -> None:
    """What is normal for each job."""


@baselines.command("list", epilog="Example: orcaops baselines list pytest")
@click.argument("text", default="")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--tests-of", metavar="KEY", help="Those of the tests inside the jobs of this key instead.")
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(
    app: "App",
    text: str,
    *,
    workspace: str,
    limit: int,
    tests_of: str | None,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List baselines, latest update first; TEXT is a part of the key."""
    page = app.insights.baselines(workspace, text=text, tests_of=tests_of, limit=limit, cursor=cursor)
    app.upkeep.mirror()
    if as_json:
        print_json_lines(page.items)
    elif not page.items:
        note(
            "no baseline yet: every finished run adds to one"
            if tests_of is None
            else "no test is known there; `orcaops jobs tests JOB` shows those of a run"
        )
    else:
        table(
            ["usually", "spread", "memory", "passes", "runs", "key"],
            [
                [
                    _seconds(baseline.duration_p50),
                    _seconds(baseline.duration_stddev),
                    _size(baseline.memory_mean_mb),
                    f"{baseline.success_rate:.0%}" if baseline.success_rate is not None else "",
                    progress(baseline),
                    baseline.key,
                ]
                for baseline in page.items
            ],
        )
    more_follows(page.next_cursor, len(page.items), page.total)


@baselines.command(epilog="Example: orcaops baselines show 'image:python:3.11|command:pytest'")
@click.argument("key")
@options()
@with_door
def show(app: "App", key: str, *, workspace: str, as_json: bool) -> None:
    """Show what is normal for one key, with a picture of its last runs."""
    from orcaops.model.quantities import show_time

    baseline = app.insights.baseline(workspace, key)
    if as_json:
        print_json(baseline)
        return
    fields(
        [
            ("key", baseline.key),
            ("state", state(baseline)),
            ("runs", f"{baseline.run_count}, {baseline.sample_count} successes in the present regime"),
            (
                "passes",
                f"{baseline.success_rate:.1%}" if baseline.success_rate is not None else "not known yet",
            ),
            ("usually", _seconds(baseline.duration_p50) or "not known yet"),
            ("95% below", _seconds(baseline.duration_p95) or None),
            ("99% below", _seconds(baseline.duration_p99) or None),
            (
                "mean",
                " ± ".join(filter(None, map(_seconds, (baseline.duration_mean, baseline.duration_stddev))))
                or None,
            ),
            (
                "memory",
                f"{_size(baseline.memory_mean_mb)}, at most {_size(baseline.memory_max_mb)}"
                if baseline.memory_mean_mb is not None and baseline.memory_max_mb is not None
                else None,
            ),
            ("since", f"{show_time(baseline.regime_since)} UTC" if baseline.regime_since else None),
            ("updated", f"{show_time(baseline.last_updated)} UTC"),
            ("last run", _context(baseline)),
        ]
    )
    if len(baseline.recent_durations) > 1:
        click.echo(f"\n{picture(baseline.recent_durations)}")
        low, high = min(baseline.recent_durations), max(baseline.recent_durations)
        click.echo(
            colour(
                f"last {min(len(baseline.recent_durations), 60)} successes, "
                f"{_seconds(low)} to {_seconds(high)}",
                "quiet",
            )
        )
    if STEP_BEHIND not in baseline.key:
        _print_steps(app, workspace, baseline.key)


def _print_steps(app: "App", workspace: str, key: str) -> None:
    """What is normal for the steps of a job, where it has several."""
    found = app.insights.baselines(workspace, text=f"{key}{STEP_BEHIND}", limit=_MOST_STEPS).items
    steps = [each for each in found if each.key.startswith(key + STEP_BEHIND)]
    if steps:
        click.echo()
        table(
            ["usually", "spread", "passes", "runs", "step"],
            [
                [
                    _seconds(step.duration_p50),
                    _seconds(step.duration_stddev),
                    f"{step.success_rate:.0%}" if step.success_rate is not None else "",
                    progress(step),
                    step.key.partition(STEP_BEHIND)[2],
                ]
                for step in sorted(steps, key=lambda each: each.key)
            ],
        )


def _context(baseline: "Baseline") -> str | None:
    """What else is known of the latest run: where, on what and with which limits it ran."""
    known = {name: value for name, value in baseline.context.items() if value}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known.items()) or None


@baselines.command(epilog="Example: orcaops baselines reset 'name:nightly' --reason 'new hardware'")
@click.argument("key")
@click.option("--reason", help="Why, for the record.")
@options()
@with_door
def reset(app: "App", key: str, *, workspace: str, reason: str | None, as_json: bool) -> None:
    """Forget what is normal for a key; its runs stay."""
    app.insights.reset_baseline(workspace, key, by=whoami(), reason=reason)
    if as_json:
        print_json({"key": key, "workspace": workspace, "reset": True})
    else:
        click.echo(f"forgot what was normal for {key}")


@baselines.command(epilog="Example: orcaops baselines export > baselines.jsonl")
@options()
@with_door
def export(app: "App", *, workspace: str, as_json: bool) -> None:  # noqa: ARG001 - it prints nothing else
    """Print all baselines as JSON Lines."""
    print_json_lines(app.insights.each_baseline(workspace))


def progress(baseline: "Baseline") -> str:
    """How far a baseline has come: ``"7 of 10"`` until it is established, then its count."""
    if baseline.established:
        return str(baseline.sample_count)
    return f"{baseline.sample_count} of {baseline.needed}"


def state(baseline: "Baseline") -> str:
    """In words: established, how many runs are missing, or stale."""
    if baseline.stale:
        return colour("stale: no run for long, so it judges nothing until there are new ones", "warn")
    if baseline.established:
        return colour("established", "good")
    return f"{progress(baseline)} successes until it is established"


def picture(durations: tuple[float, ...], most: int = 60) -> str:
    """The last durations as bars, the highest being the longest."""
    shown = durations[-most:]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    return "".join(_BARS[min(int((value - low) / span * len(_BARS)), len(_BARS) - 1)] for value in shown)


def _size(mebibytes: float | None) -> str:
    from orcaops.model.quantities import MIB, show_size

    return "" if mebibytes is None else show_size(mebibytes * MIB)


def _seconds(value: float | None) -> str:
    from orcaops.model.quantities import show_duration

    return "" if value is None else show_duration(value)
