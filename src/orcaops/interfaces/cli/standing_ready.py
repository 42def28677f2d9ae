"""``orcaops warm``: what stands ready for jobs to come, and what it brings."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.groups import Group
from orcaops.interfaces.cli.output import colour, fields, note, print_json, table

if TYPE_CHECKING:
    from orcaops.app import App


@click.group(cls=Group)
def warm() -> None:
    """What a server holds ready for jobs to come, and what it brings."""


@warm.command(epilog="Example: orcaops warm status")
@options()
@with_door
def status(app: "App", *, workspace: str, as_json: bool) -> None:
    """What stands ready, within which budget, hit rate, seconds saved and minutes wasted."""
    from orcaops.model.quantities import show_duration, show_size

    found = app.warming.status(workspace)
    if as_json:
        print_json(found)
        return
    budget = found.budget
    fields(
        [
            ("mode", found.mode),
            ("paused", found.paused),
            ("containers", f"{budget.containers_used} of {budget.containers}"),
            ("memory", f"{show_size(budget.memory_used_bytes)} of {show_size(budget.memory_bytes)}"),
            ("images", f"{show_size(budget.disk_used_bytes)} of {show_size(budget.disk_bytes)}"),
            ("waiting today", f"{budget.minutes_used:.1f} of {budget.minutes_per_day:.0f} minutes"),
        ]
    )
    if found.ready:
        click.echo()
        table(
            ["ready", "for", "image"],
            [[each.id, show_duration(round(each.idle_s)), each.image] for each in found.ready],
        )
    if found.images:
        click.echo()
        table(
            ["last 7 days", "hits", "misses", "hit rate", "saved", "stood", "in vain", "goes on"],
            [
                [
                    each.image,
                    str(each.hits),
                    str(each.misses),
                    f"{each.hit_rate:.0%}" if each.hit_rate is not None else "",
                    f"{each.saved_s:.1f} s",
                    f"{each.idle_min:.1f} min",
                    f"{each.wasted_min:.1f} min",
                    "yes" if each.pays else colour("no: it does not pay", "warn"),
                ]
                for each in found.images
            ],
        )
    if found.mode != "auto":
        note('nothing is held: `warm.mode = "auto"` lets `orcaops serve` do it; see `orcaops warm plan`')


@warm.command(epilog="Example: orcaops warm plan")
@options()
@with_door
def plan(app: "App", *, workspace: str, as_json: bool) -> None:
    """What is expected of each image, what would be held for it now, and why."""
    found = app.warming.plan(workspace)
    if as_json:
        print_json(found)
        return
    if not found.intents:
        note("no job has run in an image within 14 days: there is nothing to prepare for")
        return
    table(
        ["image", "runs", "last", "within 1 h", "hold", "until", "why"],
        [
            [
                each.image,
                str(each.arrivals),
                f"{each.last_at:%m-%d %H:%M}",
                f"{each.chance_next_hour:.0%}",
                f"{each.granted} of {each.hold}" if each.hold else ("fetch" if each.fetch else "-"),
                f"{each.until:%m-%d %H:%M}" if each.until else "",
                each.why,
            ]
            for each in found.intents
        ],
    )
    if found.mode != "auto":
        note(f"mode is {found.mode}: nothing of this is done")
