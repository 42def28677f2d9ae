"""``orcaops anomalies``: what was unusual, and what people said about it."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, whoami, with_door
from orcaops.interfaces.cli.groups import Group
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
    from collections.abc import Iterator, Sequence

    from orcaops.app import App
    from orcaops.model.anomaly import Anomaly

_JOB = 28  # letters of a job in a list
_IN_THE_DESCRIPTION = frozenset({"tests", "steps", "suspects", "signature", "latest_failure"})


@click.group(cls=Group)
def anomalies() -> None:
    """What was unusual."""


@anomalies.command("list", epilog="Example: orcaops anomalies list --severity critical --open")
@click.option("--type", "type_", metavar="TYPE", help="duration, memory, error, …")
@click.option("--severity", type=click.Choice(["info", "warning", "critical"]))
@click.option("--key", help="Only of this baseline key.")
@click.option("--job", "job_id", help="Only of this job.")
@click.option("--open", "open_", is_flag=True, help="Only episodes that go on.")
@click.option("--unacknowledged", is_flag=True, help="Only what nobody has looked at.")
@click.option(
    "--muted/--not-muted", "muted", default=None, help="Only what is (not) listed without being told."
)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(
    app: "App",
    *,
    workspace: str,
    type_: str | None,
    severity: str | None,
    key: str | None,
    job_id: str | None,
    open_: bool,
    unacknowledged: bool,
    muted: bool | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List what was unusual, latest first."""
    from orcaops.interfaces.cli.telling import MOODS
    from orcaops.model.quantities import show_time

    asked = {
        "type": type_,
        "severity": severity,
        "key": key,
        "job_id": job_id,
        "open": "true" if open_ else None,
        "acknowledged": "false" if unacknowledged else None,
        "muted": None if muted is None else str(muted).lower(),
    }
    paused = app.incidents.automation_paused(workspace)
    if paused is not None:
        note(paused, "bad")
    filters = {name: value for name, value in asked.items() if value is not None}
    page = app.insights.anomalies(workspace, filters=filters, limit=limit, cursor=cursor)
    if as_json:
        print_json_lines(page.items)
    elif not page.items:
        note(
            "nothing matches" if filters else "nothing unusual so far; a job is judged from about ten runs on"
        )
    else:
        table(
            ["id", "when (UTC)", "severity", "runs", "state", "job", "what"],
            [
                [
                    anomaly.id,
                    show_time(anomaly.detected_at),
                    colour(anomaly.severity.value, MOODS[anomaly.severity]),
                    str(anomaly.run_count),
                    ", ".join(_states(anomaly)),
                    _what_runs(anomaly.key),
                    f"└ {anomaly.title}" if anomaly.part_of is not None else anomaly.title,
                ]
                for anomaly in _with_their_parts(page.items)
            ],
        )
    more_follows(page.next_cursor, len(page.items), page.total)


@anomalies.command(epilog="Example: orcaops anomalies show 4kx2…")
@click.argument("anomaly_id", metavar="ID")
@options()
@with_door
def show(app: "App", anomaly_id: str, *, workspace: str, as_json: bool) -> None:
    """Show one anomaly with its evidence."""
    anomaly = app.insights.anomaly(workspace, anomaly_id)
    if as_json:
        print_json(anomaly)
    else:
        _print(anomaly)


@anomalies.command(epilog="Example: orcaops anomalies ack 4kx2… --note 'known, see #12'")
@click.argument("anomaly_id", metavar="ID")
@click.option("--note", "text", help="What you know about it.")
@options()
@with_door
def ack(app: "App", anomaly_id: str, *, workspace: str, text: str | None, as_json: bool) -> None:
    """Note that you have seen it."""
    _decided(app.insights.acknowledge(workspace, anomaly_id, by=whoami(), note=text), as_json=as_json)


@anomalies.command(epilog="Example: orcaops anomalies resolve 4kx2… --resolution 'pinned the image'")
@click.argument("anomaly_id", metavar="ID")
@click.option("--resolution", help="What ended it.")
@click.option(
    "--not-a-problem", is_flag=True, help="List later ones alike and not larger, and tell nobody of them."
)
@options()
@with_door
def resolve(
    app: "App", anomaly_id: str, *, workspace: str, resolution: str | None, not_a_problem: bool, as_json: bool
) -> None:
    """Note what ended it, or that it is no problem; `reopen` takes that back.

    A resolution that says just "not a problem" is the same as --not-a-problem.
    """
    if resolution is None and not not_a_problem:
        raise click.UsageError("Say what ended it with --resolution, or give --not-a-problem.")
    decided = app.insights.resolve(
        workspace,
        anomaly_id,
        by=whoami(),
        resolution=resolution or "not a problem",
        not_a_problem=not_a_problem,
    )
    _decided(decided, as_json=as_json)


@anomalies.command(epilog="Example: orcaops anomalies reopen 4kx2… --note 'it is back'")
@click.argument("anomaly_id", metavar="ID")
@click.option("--note", "text", help="Why.")
@options()
@with_door
def reopen(app: "App", anomaly_id: str, *, workspace: str, text: str | None, as_json: bool) -> None:
    """Take back an acknowledgement or a resolution, and what it muted."""
    _decided(app.insights.reopen(workspace, anomaly_id, by=whoami(), note=text), as_json=as_json)


def _decided(anomaly: "Anomaly", *, as_json: bool) -> None:
    if as_json:
        print_json(anomaly)
    else:
        _print(anomaly)


def _print(anomaly: "Anomaly") -> None:
    from orcaops.interfaces.cli.telling import MOODS
    from orcaops.model.quantities import show_time

    click.echo(f"{colour(anomaly.severity.value, MOODS[anomaly.severity])}: {anomaly.title}")
    paragraph(anomaly.description)
    click.echo()
    fields(
        [
            ("id", anomaly.id),
            ("type", anomaly.type),
            ("key", anomaly.key),
            ("job", anomaly.job_id),
            ("expected", _amount(anomaly.expected, anomaly.unit)),
            ("actual", _amount(anomaly.actual, anomaly.unit)),
            (
                "deviation",
                f"{anomaly.deviation_percent:+.0f}%" if anomaly.deviation_percent is not None else None,
            ),
            ("detected", f"{show_time(anomaly.detected_at)} UTC"),
            ("runs", str(anomaly.run_count)),
            ("open", "yes" if anomaly.open else "no"),
            ("acknowledged", "yes" if anomaly.acknowledged else "no"),
            ("note", anomaly.note),
            ("resolution", anomaly.resolution),
            ("part of", anomaly.part_of),
            ("muted", anomaly.muted_because),
            ("rerun", anomaly.confirmed_because),
            ("told", _told(anomaly)),
            ("detector", anomaly.detector),
            *(
                (name.replace("_", " "), _in_words(value) or None)
                for name, value in anomaly.evidence.items()
                if name not in _IN_THE_DESCRIPTION
            ),
        ]
    )


def _with_their_parts(anomalies: "Sequence[Anomaly]") -> "Iterator[Anomaly]":
    """The anomalies in their order, and those that are part of one right behind it."""
    here = {anomaly.id for anomaly in anomalies}
    for anomaly in anomalies:
        if anomaly.part_of in here:
            continue
        yield anomaly
        yield from (each for each in anomalies if each.part_of == anomaly.id)


def _states(anomaly: "Anomaly") -> "Iterator[str]":
    """What to know of an anomaly at a glance, in a word or two each."""
    if not anomaly.open:
        yield "over"
    if anomaly.resolution is not None:
        yield "resolved"
    elif anomaly.acknowledged:
        yield "seen"
    if anomaly.confirmed is not None:
        yield "confirmed" if anomaly.confirmed else "not confirmed"
    if anomaly.part_of is not None:
        return
    if anomaly.muted_by is not None:
        yield "muted"
    elif anomaly.told is False:
        yield "not told"


def _told(anomaly: "Anomaly") -> str | None:
    if anomaly.told is None or anomaly.told_because is None:
        return None
    return f"{'yes' if anomaly.told else 'no'}, {anomaly.told_because}"


def _amount(value: float | None, unit: str | None) -> str | None:
    from orcaops.model.quantities import show_duration, show_size

    if value is None:
        return None
    if unit == "s":
        return show_duration(value)
    if unit == "bytes":
        return show_size(value)
    if unit == "failure rate":
        return f"{value:.1%} of runs fail"
    return f"{_number(value)} {unit}" if unit else _number(value)


def _what_runs(key: str) -> str:
    """The job of a key in few letters: its name, or its command."""
    shown = key.removeprefix("name:") if key.startswith("name:") else key.partition("|command:")[2] or key
    return shown if len(shown) <= _JOB else f"{shown[: _JOB - 1]}…"


def _in_words(value: object) -> str:
    """A piece of evidence on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_number(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_in_words, value))
    return "" if value is None else _number(value)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
