"""``orcaops predict``: what a job will take before it runs."""

from typing import TYPE_CHECKING, Any

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.job_options import job_options, spec_of
from orcaops.interfaces.cli.output import print_json

if TYPE_CHECKING:
    from orcaops.app import App


@click.command(epilog="Example: orcaops predict --image python:3.11 -- pytest -q")
@job_options
@options()
@with_door
def predict(app: "App", command: tuple[str, ...], *, workspace: str, as_json: bool, **job: Any) -> None:
    """Say how long a job will take, how much memory it needs, how risky it is and what it costs.

    Each with an interval, a confidence, the number of runs it rests on, and why; or what is
    missing to say so.
    """
    from orcaops.interfaces.cli.telling import print_forecasts

    forecasts = app.predictions.predict(spec_of(command, workspace=workspace, **job))
    if as_json:
        print_json(forecasts)
    else:
        print_forecasts(forecasts)
