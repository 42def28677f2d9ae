"""``orcaops optimizations`` and ``orcaops optimize``: changes on trial, and what may happen by itself."""

from typing import TYPE_CHECKING, Any

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
    from collections.abc import Sequence

    from orcaops.app import App
    from orcaops.model.optimization import Benefit, FieldMode, Optimization

_STATES = (
    "proposed",
    "approved",
    "canary",
    "half",
    "kept",
    "paused",
    "rolled_back",
    "rejected",
    "superseded",
)
_MOODS = {"proposed": "warn", "approved": "warn", "kept": "good", "rolled_back": "bad"}


@click.group(cls=Group)
def optimizations() -> None:
    """Changes of limits that are tried, kept, or taken back."""


@optimizations.command("list", epilog="Example: orcaops optimizations list --state canary")
@click.argument("text", required=False, default="")
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@click.option("--key", help="Only those of this job.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(
    app: "App",
    text: str,
    *,
    workspace: str,
    state: str | None,
    key: str | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List changes, the one that moved last first; TEXT is a part of the key."""
    from orcaops.model.optimization import State

    page = app.optimizations.optimizations(
        workspace, state=State(state) if state else None, key=key, text=text, limit=limit, cursor=cursor
    )
    if as_json:
        print_json_lines(page.items)
    elif not page.items and (text or key or state):
        note("no change fits")
    elif not page.items:
        note("no change is proposed; proposals begin with five runs of a job that has limits")
    else:
        table(
            ["id", "state", "runs", "what", "job"],
            [
                [
                    each.id,
                    colour(_state(each), _MOODS.get(each.state, "quiet")),
                    _progress(each),
                    each.title,
                    each.key,
                ]
                for each in page.items
            ],
        )
    more_follows(page.next_cursor, len(page.items), page.total)


@optimizations.command(epilog="Example: orcaops optimizations show 4kx2…")
@click.argument("optimization_id", metavar="ID")
@options()
@with_door
def show(app: "App", optimization_id: str, *, workspace: str, as_json: bool) -> None:
    """Show one change: its promise, its evidence, and who moved it when and why."""
    _print(app.optimizations.optimization(workspace, optimization_id), as_json=as_json)


@optimizations.command(epilog="Example: orcaops optimizations approve 4kx2…")
@click.argument("optimization_id", metavar="ID")
@click.option("--reason", help="Why.")
@options()
@with_door
def approve(app: "App", optimization_id: str, *, workspace: str, reason: str | None, as_json: bool) -> None:
    """Let a change be tried: on some of the runs first, on all if nothing gets worse."""
    found = app.optimizations.approve(workspace, optimization_id, by=whoami(), reason=reason)
    _print(found, as_json=as_json)


@optimizations.command(epilog="Example: orcaops optimizations reject 4kx2… --reason 'month end needs it'")
@click.argument("optimization_id", metavar="ID")
@click.option("--reason", help="Why not.")
@options()
@with_door
def reject(app: "App", optimization_id: str, *, workspace: str, reason: str | None, as_json: bool) -> None:
    """Say no to a proposal."""
    found = app.optimizations.reject(workspace, optimization_id, by=whoami(), reason=reason)
    _print(found, as_json=as_json)


@optimizations.command(epilog="Example: orcaops optimizations rollback 4kx2…")
@click.argument("optimization_id", metavar="ID")
@click.option("--reason", help="Why.")
@options()
@with_door
def rollback(app: "App", optimization_id: str, *, workspace: str, reason: str | None, as_json: bool) -> None:
    """Take a change back: no run that starts from now on has it."""
    found = app.optimizations.rollback(workspace, optimization_id, by=whoami(), reason=reason)
    _print(found, as_json=as_json)


@click.command(epilog="Example: orcaops optimize --mode auto --field memory")
@click.option(
    "--mode",
    type=click.Choice(["off", "suggest", "approve", "auto"]),
    help="off: change nothing; suggest: propose; approve: propose and ask; auto: start what is safe.",
)
@click.option(
    "--field",
    type=click.Choice(["timeout", "memory", "cpus", "pull_policy", "retries"]),
    help="Only of this field; of all by default.",
)
@options()
@with_door
def optimize(app: "App", *, workspace: str, mode: str | None, field: str | None, as_json: bool) -> None:
    """Show, or with --mode decide, how much OrcaOps may change by itself.

    Significant changes ask in every mode: to less than half of a limit, of a job with fewer than 20 runs or
    labelled prod, or where the job sets no limit itself.
    """
    from orcaops.model.optimization import Mode
    from orcaops.model.override import OptimizedField

    if mode is None:
        if field is not None:
            raise click.UsageError("--field says what --mode is for; give both, or neither.")
        chosen = app.optimizations.modes(workspace)
    else:
        only = OptimizedField(field) if field else None
        chosen = app.optimizations.set_mode(workspace, Mode(mode), field=only, by=whoami())
    if as_json:
        print_json_lines(chosen)
        return
    _print_modes(chosen)


def _print_modes(modes: "Sequence[FieldMode]") -> None:
    from orcaops.model.quantities import show_time

    table(
        ["field", "mode", "decided"],
        [
            [
                each.field.replace("_", " "),
                str(each.mode),
                f"{show_time(each.at)} by {each.by}" if each.at else "default",
            ]
            for each in modes
        ],
    )


def _print(found: "Optimization", *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    from orcaops.model.amounts import show_number
    from orcaops.model.quantities import show_time

    click.echo(f"{colour(_state(found), _MOODS.get(found.state, 'quiet'))}: {found.title}")
    paragraph(found.reason)
    click.echo()
    evidence = found.evidence
    lines: list[tuple[str, str | None]] = [
        ("id", found.id),
        ("job", found.key),
        ("field", str(found.field)),
        ("asks because", found.asks if found.state == "proposed" else None),
        ("promised", _benefit(found.promised)),
        ("realised", _benefit(found.realised)),
        ("replayed", _replayed(found)),
    ]
    if evidence.candidates:
        lines += [
            ("with it", f"{evidence.candidates} runs, {evidence.candidate_failures} failed"),
            ("without it", f"{evidence.controls} runs, {evidence.control_failures} failed"),
            ("evidence of harm", f"{show_number(evidence.e_value)} (ends the trial above 20)"),
            (
                "duration",
                f"{evidence.duration_ratio:.2f} times as long" if evidence.duration_ratio else None,
            ),
        ]
    if found.quarantine_runs:
        lines.append(("rests for", f"{found.quarantine_runs} runs"))
    fields(lines)
    click.echo()
    for entry in found.history:
        paragraph(entry.reason, label=f"{show_time(entry.at)}  {entry.state:11}  {entry.by}: ")
    if found.state == "proposed":
        note(f"try it with: orcaops optimizations approve {found.id}")


def _state(found: "Optimization") -> str:
    return found.state.replace("_", " ")


def _progress(found: "Optimization") -> str:
    evidence = found.evidence
    return f"{evidence.of_stage} of {evidence.needed}" if found.state.trying and evidence.needed else "-"


def _benefit(effect: "Benefit | None") -> str | None:
    if effect is None:
        return None
    from orcaops.model.amounts import show_benefit

    told = f" ({effect.sentence})" if effect.sentence else ""
    return f"{show_benefit(effect)}, on {effect.runs} runs{told}"


def _replayed(found: "Optimization") -> str | None:
    past: dict[str, Any] = found.counterfactual
    if "would_have_been_killed" not in past:
        return None
    return f"{past['runs']} past runs, of which it would have killed {past['would_have_been_killed']}"
