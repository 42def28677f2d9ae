"""``orcaops config``: what is set, and where it comes from."""

from itertools import chain, repeat

import click

from orcaops.interfaces.cli.door import configuration, options
from orcaops.interfaces.cli.groups import Group
from orcaops.interfaces.cli.output import print_json_lines, table


@click.group(cls=Group)
def config() -> None:
    """What is set, and where it comes from."""


@config.command(epilog="Example: orcaops config show --origin")
@click.option("--origin", is_flag=True, help="Say where each value came from.")
@options()
def show(*, origin: bool, home: str | None, workspace: str | None, as_json: bool) -> None:
    """Show every setting in force: flag over environment over ./orcaops.toml over user file over default."""
    settings = list(configuration(home=home, workspace=workspace).each())
    if as_json:
        print_json_lines({"name": s.name, "value": s.value, "origin": s.origin} for s in settings)
        return
    rows = [
        [s.name, s.origin, line] if first else ["", "", line]
        for s in settings
        for first, line in zip(chain([True], repeat(False)), _lines(s.written), strict=False)
    ]
    if origin:
        table(["setting", "origin", "value"], rows)
    else:
        table(["setting", "value"], [[name, value] for name, _, value in rows])


def _lines(value: object) -> list[str]:
    """A value as it is shown: one line for each entry of a list."""
    if isinstance(value, list):
        return [str(each) for each in value] or ["–"]
    return ["–" if value is None else str(value)]
