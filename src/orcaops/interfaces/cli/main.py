"""``orcaops``: the table of commands. Nothing heavy is imported until a command is called."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from orcaops import __version__
from orcaops.interfaces.cli.endings import end_in_order
from orcaops.interfaces.cli.failures import show_failure
from orcaops.interfaces.cli.groups import Group

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("orcaops.interfaces.cli.run:run", "Run a command and remember it."),
    "jobs": ("orcaops.interfaces.cli.jobs:jobs", "What ran, what runs, its output and its tests."),
    "sandbox": ("orcaops.interfaces.cli.sandbox:sandbox", "Containers that stay, for several commands."),
    "import": ("orcaops.interfaces.cli.history:import_", "Bring a history in."),
    "export": ("orcaops.interfaces.cli.history:export", "Write runs as JSON, JSON Lines or CSV."),
    "predict": ("orcaops.interfaces.cli.predict:predict", "Say what a job will take before it runs."),
    "forecast": ("orcaops.interfaces.cli.forecast:forecast", "How much comes, and what it takes and costs."),
    "baselines": ("orcaops.interfaces.cli.baselines:baselines", "What is normal for each job."),
    "anomalies": ("orcaops.interfaces.cli.anomalies:anomalies", "What was unusual."),
    "debug": ("orcaops.interfaces.cli.debug:debug", "Why a job failed, and what helps."),
    "kb": ("orcaops.interfaces.cli.kb:kb", "The failures that are known; teach it yours."),
    "ask": ("orcaops.interfaces.cli.ask:ask", "Ask about what ran in plain English."),
    "recommendations": (
        "orcaops.interfaces.cli.recommendations:recommendations",
        "What could be improved, with proof.",
    ),
    "optimizations": (
        "orcaops.interfaces.cli.optimizations:optimizations",
        "Changes of limits that are tried, kept, or taken back.",
    ),
    "optimize": ("orcaops.interfaces.cli.optimizations:optimize", "How much may be changed by itself."),
    "warm": ("orcaops.interfaces.cli.standing_ready:warm", "Containers held ready for jobs that are likely."),
    "serve": ("orcaops.server:serve", "Serve REST and MCP, and run jobs for others."),
    "mcp": ("orcaops.server:mcp", "Speak MCP over standard input and output."),
    "notify": ("orcaops.interfaces.cli.notify:notify", "How people are told, and whether it reaches them."),
    "config": ("orcaops.interfaces.cli.config:config", "What is set, and where it comes from."),
    "doctor": ("orcaops.interfaces.cli.upkeep:doctor", "Check that everything is well."),
    "gc": ("orcaops.interfaces.cli.upkeep:gc", "Remove what has expired or was left behind."),
    "relearn": (
        "orcaops.interfaces.cli.history:relearn",
        "Derive all that was learned from the facts again.",
    ),
    "exam": ("orcaops.interfaces.cli.history:exam", "Score predictions and detectors on a history."),
    "demo": ("orcaops.interfaces.cli.demo:demo", "See it at work with real runs, in under a minute."),
    "work": ("orcaops.interfaces.cli.work:work", "Work off queued jobs in the background."),
}
"""Each command with where it is and what it says of itself in the list."""

SECTIONS = {
    "run": "Run",
    "predict": "Understand",
    "recommendations": "Improve",
    "serve": "Operate",
}
"""The headings of the list, by the command that each begins with."""

HIDDEN = frozenset({"work"})

_WELCOME = """\
OrcaOps runs commands in containers and remembers: what is normal, what is not, what comes next.

Start here:
  orcaops demo                                see it at work, in under a minute
  orcaops run -- sleep 1                      run something on this machine
  orcaops run --image python:3.11 -- pytest   run something in a container
  orcaops predict -- sleep 1                  what it will take next time
  orcaops jobs list                           what ran
  orcaops anomalies list                      what was unusual
  orcaops ask "what failed today?"            or ask for what you want to know

`orcaops --help` lists all commands; every command has --help with an example.
"""


class LazyGroup(Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All commands in the order of the table."""
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        _keep_example_on_one_line(command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Call a command; a reader that has enough (``orcaops jobs list | head``) is no failure of it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            return show_failure(error)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        sections: dict[str, list[tuple[str, str]]] = {}
        heading = ""
        for name in self.list_commands(ctx):
            heading = SECTIONS.get(name, heading)
            sections.setdefault(heading, []).append((name, COMMANDS[name][1]))
        widest = max(len(name) for rows in sections.values() for name, _ in rows)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(widest), text) for name, text in rows])


def _keep_example_on_one_line(command: click.Command) -> None:
    """An example is there to be copied: it is not wrapped."""
    if command.epilog and not command.epilog.startswith("\b"):
        command.epilog = f"\b\n{command.epilog}"
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _keep_example_on_one_line(below)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: orcaops run --image python:3.11 --memory 512m -- pytest",
)
@click.version_option(__version__, prog_name="orcaops")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run commands in containers, and remember: what is normal, what is not, what comes next."""
    if ctx.invoked_subcommand is None:
        click.echo(_WELCOME, nl=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """The program. Exits with the command's code; expected failures are shown as two lines."""
    # Learning is arithmetic on short lists: threads of a linear algebra library only cost.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    _open_standard_streams()
    end_in_order()
    try:
        given = list(arguments) if arguments is not None else None
        code = cli.main(args=given, prog_name="orcaops", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the one place where failures become exit codes
        sys.exit(show_failure(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _open_standard_streams() -> None:
    """Where one of them is closed, nothing else may take its number: output would be written into it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    main()
