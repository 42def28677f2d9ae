"""The door: the services behind the commands, of this process or of a server.

``ORCAOPS_URL`` decides: without it the house is built here, with it the same methods are called
over HTTP.
"""

import contextlib
import getpass
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from orcaops.interfaces.cli.output import note

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.config import Configuration
    from orcaops.model.run import Run

P = ParamSpec("P")
R = TypeVar("R")

_LONGEST_START_S = 60.0  # of a worker, on a machine that does much else
_SETTLING_S = 10.0  # how long runs of the dead, beyond their grace, may take to get their end
_LONGEST_LOOK_S = 0.5


def options() -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The options that every command has: where state is, which server, which workspace, how to print."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        function = click.option(
            "--json", "as_json", is_flag=True, help="Print data as JSON on standard output."
        )(function)
        function = click.option("--workspace", metavar="NAME", help="Workspace to work in.")(function)
        return click.option("--home", metavar="DIR", help="Folder that holds all state.", hidden=True)(
            function
        )

    return decorate


def configuration(**flags: Any) -> "Configuration":
    """The configuration in force with these flags on top."""
    from orcaops import config

    logging.basicConfig(
        level=os.environ.get("ORCAOPS_LOG", "ERROR").upper(), format="orcaops: %(message)s", stream=sys.stderr
    )
    return config.load(flags)


@contextlib.contextmanager
def opened(*, home: str | None = None, workspace: str | None = None, settle: bool = True) -> "Iterator[App]":
    """The services, closed at the end. Runs of processes that have died are brought to their end first."""
    chosen = configuration(home=home, workspace=workspace)
    if chosen.settings.url:
        from orcaops.interfaces.cli.remote.app import RemoteApp

        with contextlib.closing(RemoteApp(chosen.settings)) as remote:
            yield remote  # type: ignore[misc]  # a test holds the two to the same methods
        return
    from orcaops.app import build

    with contextlib.closing(build(chosen)) as app:
        if (unwritable := app.store.unwritable) is not None:
            note(f"{unwritable}: what is there can be read, and nothing more", "warn")
        elif settle:
            settle_orphans(app)
        yield app


def settle_orphans(app: "App") -> None:
    """If processes of ours have died, let a background worker bring their runs to an honest end."""
    # A container may go on for hours, but what cannot go on has its end in a moment.
    ending = app.recovery.ending()
    worker = start_worker(app, "--adopt-only") if app.recovery.orphans() else None

    def ended(run: "Run") -> bool:
        now = app.jobs.get(run.workspace, run.job_id)
        return now.status.final or now.attempt != run.attempt

    def settled() -> bool:
        return not app.recovery.orphans() and all(map(ended, ending))

    settling_s = app.settings.run.grace_s + _SETTLING_S
    deadline, begun, pause_s = time.monotonic() + _LONGEST_START_S + settling_s, False, 0.05
    while not settled() and (now := time.monotonic()) < deadline:
        # Others were at it before, or it found them at it, or it failed.
        if not begun and (worker is None or worker.poll() is not None):
            deadline, begun = now + settling_s, True
        time.sleep(pause_s)
        pause_s = min(_LONGEST_LOOK_S, pause_s * 1.2)


def start_worker(app: "App", *arguments: str) -> "subprocess.Popen[bytes]":
    """Start ``orcaops work`` as a process of its own that outlives this command."""
    return subprocess.Popen(
        [sys.executable, "-m", "orcaops.interfaces.cli.main", "work", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "ORCAOPS_HOME": str(app.settings.home)},
    )


def whoami() -> str:
    """Who gives this command, for decisions."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def with_door(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the services as its first argument, and the workspace in force."""

    @wraps(function)
    def command(*args: Any, home: str | None = None, workspace: str | None = None, **kwargs: Any) -> Any:
        with opened(home=home, workspace=workspace) as app:
            return function(app, *args, workspace=app.settings.workspace, **kwargs)

    return command
