"""``orcaops recommendations``: what could be improved, with proof."""

from functools import partial
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
from orcaops.model.amounts import show_amount, show_between, show_number
from orcaops.model.quantities import show_duration, show_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orcaops.app import App
    from orcaops.model.recommendation import Recommendation

_MOODS = {"low": "quiet", "medium": "warn", "high": "bad"}


@click.group(cls=Group)
def recommendations() -> None:
    """What could be improved, with proof."""


@recommendations.command("list", epilog="Example: orcaops recommendations list pytest")
@click.argument("text", required=False, default="")
@click.option(
    "--state", type=click.Choice(["open", "dismissed", "applied", "all"]), default="open", show_default=True
)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(
    app: "App", text: str, *, workspace: str, state: str, limit: int, cursor: str | None, as_json: bool
) -> None:
    """List what could be improved, the most worthwhile first; TEXT is a part of the key."""
    chosen = None if state == "all" else state
    page = app.advice.recommendations(workspace, state=chosen, text=text, limit=limit, cursor=cursor)
    if as_json:
        print_json_lines(page.items)
        more_follows(page.next_cursor, len(page.items), page.total)
        return
    if page.items:
        table(
            ["id", "priority", "score", "impact × a week × ease", "kind", "what", "where"],
            [
                [
                    each.id,
                    colour(each.priority.value, _MOODS[each.priority]),
                    show_number(each.score),
                    " × ".join(map(show_number, (each.impact_score, each.frequency, each.ease_score))),
                    each.type,
                    each.title + _standing(each, state),
                    each.key,
                ]
                for each in page.items
            ],
        )
        for each in page.items:
            if each.effect is not None and each.effect.verdict == "worse":
                note(f"{each.id}: {each.effect.sentence}", "warn")
    elif text:
        note(f"nothing to improve is known of a job with {text!r} in its key")
    else:
        note("nothing to improve is known; advice begins with ten runs of a job")
    if cursor is None and state == "open" and not text:
        for soon in app.advice.nearly(workspace):
            note(f"{soon.have} of {soon.need} runs: {soon.key}", "quiet")
    more_follows(page.next_cursor, len(page.items), page.total)


@recommendations.command(epilog="Example: orcaops recommendations show 4kx2…")
@click.argument("recommendation_id", metavar="ID")
@options()
@with_door
def show(app: "App", recommendation_id: str, *, workspace: str, as_json: bool) -> None:
    """Show one recommendation with its evidence."""
    _print(app.advice.recommendation(workspace, recommendation_id), as_json=as_json)


@recommendations.command(
    epilog="Example: orcaops recommendations dismiss 4kx2… --reason 'peaks at month end'"
)
@click.argument("recommendation_id", metavar="ID")
@click.option("--reason", required=True, help="Why not.")
@options()
@with_door
def dismiss(app: "App", recommendation_id: str, *, workspace: str, reason: str, as_json: bool) -> None:
    """Say no to it."""
    _print(app.advice.dismiss(workspace, recommendation_id, by=whoami(), reason=reason), as_json=as_json)


@recommendations.command(epilog="Example: orcaops recommendations apply 4kx2…")
@click.argument("recommendation_id", metavar="ID")
@options()
@with_door
def apply(app: "App", recommendation_id: str, *, workspace: str, as_json: bool) -> None:
    """Have it carried out where OrcaOps can, and note that it applies from now on."""
    _print(app.advice.apply(workspace, recommendation_id, by=whoami()), as_json=as_json)


@recommendations.command("try", epilog="Example: orcaops recommendations try 4kx2…")
@click.argument("recommendation_id", metavar="ID")
@options()
@with_door
def try_(app: "App", recommendation_id: str, *, workspace: str, as_json: bool) -> None:
    """Run the job once as proposed, and see. Nothing is learned from that run."""
    _print(app.advice.try_out(workspace, recommendation_id, by=whoami()), as_json=as_json)


def _print(found: "Recommendation", *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    click.echo(f"{colour(found.priority.value, _MOODS[found.priority])}: {found.title}")
    paragraph(found.description)
    if found.remark:
        paragraph(found.remark)
    click.echo()
    fields(
        [
            ("id", found.id),
            ("kind", found.type),
            ("where", found.key),
            ("impact", found.impact),
            ("do", found.action),
            ("state", found.state),
            (
                "score",
                (
                    f"{show_number(found.score)} = {show_number(found.impact_score)} min a run × "
                    f"{show_number(found.frequency)} runs a week × {show_number(found.ease_score)} for ease"
                ),
            ),
            ("tried", _tried(found)),
            *_effect(found),
            *(_shown(name, value) for name, value in found.evidence.items()),
        ]
    )


def _standing(found: "Recommendation", state: str) -> str:
    """What a line of the list says after the title: its state among others, and that a trial spoke of it."""
    told: list[str] = [found.state] if state == "all" and found.state != "open" else []
    if found.trial is not None and found.trial.state != "untried":
        told.append(f"trial: {found.trial.state}")
    return f" ({', '.join(told)})" if told else ""


def _tried(found: "Recommendation") -> str | None:
    if found.trial is None:
        return None
    if found.trial.state == "untried":
        return f"not yet: orcaops recommendations try {found.id}"
    return f"{found.trial.state}: {found.trial.sentence}"


def _effect(found: "Recommendation") -> list[tuple[str, str | None]]:
    """Promised and realised side by side, per run."""
    effect = found.effect
    if effect is None:
        return []

    def told(amount: float, low: float, high: float) -> str:
        amount_, *between = show_between(effect.unit, amount, low, high).split(", ")
        return f"{amount_} a run" + (f" ({between[0]}, {100 * effect.coverage:.0f}%)" if between else "")

    promised = told(effect.promised, effect.promised_low, effect.promised_high)
    realised = None
    if effect.realised is not None:
        realised = told(effect.realised, effect.realised_low or 0.0, effect.realised_high or 0.0)
    return [("promised", promised), ("realised", realised), ("effect", effect.sentence)]


def _shown(name: str, value: object) -> tuple[str, str | None]:
    """A name and a value of the evidence for people: with the unit that fits it."""
    words = name.replace("_", " ")
    for unit, show in _UNITS.items():
        if words.endswith(f" {unit}") or words.startswith(f"{unit} "):
            bare = words.removesuffix(unit).strip() or words
            if isinstance(value, int | float):
                return bare, show(float(value))
            if isinstance(value, dict) and all(isinstance(each, int | float) for each in value.values()):
                return bare, ", ".join(
                    f"{where}: {show(float(each))}" for where, each in value.items()
                ) or None
    return words, _short(value)


_UNITS: "Mapping[str, Callable[[float], str]]" = {
    "bytes": show_size,
    "s": show_duration,
    "seconds": show_duration,
    "gib hours": partial(show_amount, "gib_hours"),
    "cpu hours": partial(show_amount, "cpu_hours"),
}
"""What stands at an end of the name of a value that is counted so."""


def _short(value: object) -> str | None:
    """What evidence says; nothing for what is empty."""
    if value in (None, [], {}):
        return None
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    return show_number(value) if isinstance(value, float) else str(value)
