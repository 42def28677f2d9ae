"""``orcaops gc`` and ``orcaops doctor``."""

from typing import TYPE_CHECKING, Literal

import click

from orcaops.interfaces.cli.door import configuration, opened, options, with_door
from orcaops.interfaces.cli.output import colour, note, paragraph, print_json, print_json_lines

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.check import Check

_MOODS = {"ok": "good", "warning": "warn", "failed": "bad"}


@click.command(epilog="Example: orcaops gc --dry-run")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@options()
@with_door
def gc(app: "App", *, workspace: str, dry_run: bool, as_json: bool) -> None:  # noqa: ARG001 - of all workspaces
    """Remove logs and artifacts whose time has passed, and what dead runs left in the engines.

    Records stay. Nothing that is not OrcaOps' own is touched.
    """
    from orcaops.model.quantities import show_size

    swept = app.upkeep.gc(dry_run=dry_run)
    if as_json:
        print_json({"removed": swept.removed, "freed_bytes": swept.freed_bytes, "dry_run": dry_run})
        return
    for sentence in swept.removed:
        click.echo(sentence)
    verb = "would remove" if dry_run else "removed"
    note(
        f"{verb} {len(swept.removed)} things, {show_size(swept.freed_bytes)}"
        if swept.removed
        else "nothing to remove"
    )


def _disk(home: str | None) -> "list[Check]":
    """How much room there is, where nothing else can be looked at."""
    import shutil

    from orcaops.model.check import Check
    from orcaops.model.errors import OrcaError
    from orcaops.model.quantities import show_size

    try:
        place = configuration(home=home).settings.home
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
    except (OrcaError, OSError):
        return []
    state: Literal["ok", "failed"] = "ok" if free else "failed"
    return [Check(name="disk", state=state, sentence=f"{show_size(free)} free at {place}")]


@click.command(epilog="Example: orcaops doctor")
@options()
def doctor(*, home: str | None, workspace: str | None, as_json: bool) -> int:
    """Check everything OrcaOps depends on, and say what to do where something is not well.

    Exits with 1 if something has failed.
    """
    from orcaops.model.check import Check
    from orcaops.model.errors import OrcaError

    try:
        with opened(home=home, workspace=workspace, settle=False) as app:
            checks = app.upkeep.doctor()
    except OrcaError as error:
        checks = [Check(name="start", state="failed", sentence=str(error), hint=error.hint), *_disk(home)]
    if as_json:
        print_json_lines(checks)
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            state = colour(check.state.ljust(8), _MOODS[check.state])
            paragraph(check.sentence, label=f"{state} {check.name.ljust(width)}  ")
            if check.hint:
                paragraph(check.hint, indent=" " * (width + 11), label="→ ")
    return 1 if any(check.state == "failed" for check in checks) else 0
