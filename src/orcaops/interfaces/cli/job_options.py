"""The options that describe a job, shared by ``run`` and ``predict``."""

import os
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from orcaops.model.job import JobSpec

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--image", metavar="IMAGE", help="Container image; without one the job runs on this machine."
    ),
    click.option("--executor", metavar="NAME", help="process, docker, … (default: by image)."),
    click.option("--name", metavar="NAME", help="Name of the work; runs of one name share a baseline."),
    click.option("--timeout", metavar="TIME", help="Stop after this long, e.g. 90s, 5m."),
    click.option("--idle-timeout", metavar="TIME", help="Stop after this long without output."),
    click.option("--memory", metavar="SIZE", help="Memory limit, e.g. 512m."),
    click.option("--retries", type=int, metavar="N", help="Try again after failures of the infrastructure."),
    click.option(
        "--pull",
        "pull_policy",
        type=click.Choice(["missing", "always"]),
        help="When to pull the image (default: missing).",
    ),
    click.option("--cpus", type=float, metavar="N", help="CPU limit, e.g. 1.5."),
    click.option("--pids", type=int, metavar="N", help="Most processes."),
    click.option(
        "-e", "--env", multiple=True, metavar="K=V", help="Environment variable; K alone takes ours."
    ),
    click.option(
        "-v", "--volume", "volumes", multiple=True, metavar="SRC:DST[:ro]", help="Mount a host folder."
    ),
    click.option("--network", metavar="NET", help="none (default in containers), bridge, …"),
    click.option("--artifact", "artifacts", multiple=True, metavar="GLOB", help="Keep what matches."),
    click.option("--label", "labels", multiple=True, metavar="K=V", help="Label to search by."),
    click.option("--intent", metavar="TEXT", help="Why, in plain words."),
    click.option("-w", "--cwd", metavar="DIR", help="Working directory."),
    click.option("--shell", is_flag=True, help="Hand the command to sh -c."),
)


def job_options(function: F) -> F:
    """Give a command the options of a job, and the command line after ``--``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND…")(
        function
    )


def spec_of(command: tuple[str, ...], *, workspace: str, **given: Any) -> "JobSpec":
    """The specification that the options describe. Raises ``invalid`` naming the option that cannot be."""
    from pydantic import ValidationError

    from orcaops.interfaces.cli.failures import refuse_field_errors
    from orcaops.model.job import JobSpec

    commit, branch = _commit_and_branch()
    document = {
        "image": given["image"],
        "executor": given["executor"],
        "name": given["name"],
        "timeout": given["timeout"],
        "idle_timeout": given["idle_timeout"],
        "memory": given["memory"],
        "retries": given["retries"],
        "pull_policy": given["pull_policy"],
        "cpus": given["cpus"],
        "pids": given["pids"],
        "env": dict(variable(text) for text in given["env"]),
        "mounts": [absolute_mount(text) for text in given["volumes"]],
        "network": given["network"],
        "artifacts": given["artifacts"],
        "labels": dict(label_pair(text) for text in given["labels"]),
        "intent": given["intent"],
        "cwd": given["cwd"],
        "workspace": workspace,
        "commit": commit,
        "branch": branch,
        "triggered_by": "ci" if os.environ.get("CI") else None,
    }
    document |= {"shell": " ".join(command)} if given["shell"] else {"command": command}
    try:
        return JobSpec.model_validate({name: value for name, value in document.items() if value is not None})
    except ValidationError as error:
        raise refuse_field_errors(error) from None


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is not K=V", param_hint=option)
    return name, value


def label_pair(text: str) -> tuple[str, str]:
    """``K=V`` of ``--label``."""
    return _pair(text, "--label")


def variable(text: str) -> tuple[str, str]:
    """``K=V`` of ``-e``; ``K`` alone takes ours."""
    if "=" not in text:
        if text not in os.environ:
            raise click.BadParameter(f"{text} is not set here; write {text}=VALUE", param_hint="-e")
        return text, os.environ[text]
    return _pair(text, "-e")


def absolute_mount(text: str) -> str:
    """A mount whose source is made absolute, as people expect of a path on the command line."""
    source, colon, rest = text.partition(":")
    if not colon:
        raise click.BadParameter(f"{text!r} is not SRC:DST[:ro]", param_hint="-v")
    return f"{os.path.abspath(os.path.expanduser(source))}:{rest}"  # noqa: PTH100, PTH111 - keeps symlinks


def _commit_and_branch() -> tuple[str | None, str | None]:
    """Commit and branch of the checkout we stand in, from the CI's variables or from git's own files."""
    commit = os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA")
    branch = os.environ.get("GITHUB_REF_NAME") or os.environ.get("CI_COMMIT_REF_NAME")
    if commit:
        return commit, branch
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD", "--abbrev-ref", "HEAD"],
            capture_output=True,
            text=True,
            timeout=2,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None, None
    lines = answer.stdout.split()
    return (lines[0], lines[1]) if answer.returncode == 0 and len(lines) == 2 else (None, None)
