"""``orcaops work``: works off queued jobs and the runs of dead processes, then ends."""

import time

import click

from orcaops.interfaces.cli.door import opened, options


@click.command(hidden=True, epilog="Example: orcaops work")
@click.option("--adopt-only", is_flag=True, help="Leave the queue to a server.")
@options()
def work(*, adopt_only: bool, home: str | None, workspace: str | None, as_json: bool) -> None:  # noqa: ARG001 - it prints nothing
    """Work off queued jobs and the runs of dead processes in the background, then end."""
    with opened(home=home, workspace=workspace, settle=False) as app:
        app.ownership.claim()
        app.recovery.recover()
        if not adopt_only:
            app.dispatcher.start()
        app.recovery.reap()
        app.recovery.wait()
        while not app.dispatcher.idle():
            time.sleep(0.05)
        app.absorber.absorb_all()
        app.upkeep.mirror()
