"""``orcaops config``: what is set, and where it comes from."""

import click

from orcaops.interfaces.cli.door import configuration, options
from orcaops.interfaces.cli.output import print_json_lines, table


@click.group()
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
    elif origin:
        table(["setting", "value", "origin"], [[s.name, _shown(s.value), s.origin] for s in settings])
    else:
        table(["setting", "value"], [[s.name, _shown(s.value)] for s in settings])


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
