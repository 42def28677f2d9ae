"""``orcaops recommendations``: what could be improved, with proof."""

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
from orcaops.model.quantities import show_duration, show_size

if TYPE_CHECKING:
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
                    _number(each.score),
                    f"{_number(each.impact_score)} × {_number(each.frequency)} × {_number(each.ease_score)}",
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
                    f"{_number(found.score)} = {_number(found.impact_score)} min a run × "
                    f"{_number(found.frequency)} runs a week × {_number(found.ease_score)} for ease"
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
    unit = effect.unit.replace("_", " ")

    def ends(low: float, high: float) -> str:
        return f"({_number(low)} to {_number(high)}, {100 * effect.coverage:.0f}%)"

    promised = f"{_number(effect.promised)} {unit} a run {ends(effect.promised_low, effect.promised_high)}"
    realised = None
    if effect.realised is not None:
        between = ends(effect.realised_low or 0.0, effect.realised_high or 0.0)
        realised = f"{_number(effect.realised)} {unit} a run {between}"
    return [("promised", promised), ("realised", realised), ("effect", effect.sentence)]


def _number(value: float) -> str:
    """Three digits that matter."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _shown(name: str, value: object) -> tuple[str, str | None]:
    """A name and a value of the evidence for people: bytes and seconds with the units that fit them."""
    words = name.replace("_", " ")
    if isinstance(value, int | float) and name.endswith("_bytes"):
        return words.removesuffix(" bytes"), show_size(int(value))
    if isinstance(value, int | float) and name.endswith(("_s", "_seconds")):
        return words.removesuffix(" s").removesuffix(" seconds"), show_duration(float(value))
    return words, _short(value)


def _short(value: object) -> str | None:
    """What evidence says; nothing for what is empty."""
    if value in (None, [], {}):
        return None
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
