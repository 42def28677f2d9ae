"""``orcaops sandbox``: containers that stay, for commands that follow one another."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orcaops.interfaces.cli.door import opened, options, whoami, with_door
from orcaops.interfaces.cli.groups import Group
from orcaops.interfaces.cli.job_options import absolute_mount, label_pair, variable
from orcaops.interfaces.cli.output import (
    colour,
    fields,
    more_follows,
    note,
    print_json,
    print_json_lines,
    table,
)
from orcaops.interfaces.cli.run import execute, failures_are_ours

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.sandbox import Sandbox

_MOODS = {"running": "good", "stopped": "warn", "creating": "quiet", "removed": "quiet", "lost": "bad"}


@click.group(cls=Group)
def sandbox() -> None:
    """Containers that stay, for commands that follow one another.

    A sandbox is called by its name, by its id, or by the beginning of it.
    """


@sandbox.command(epilog="Example: orcaops sandbox create --image python:3.12 --name try --idle-limit 1h")
@click.option("--image", metavar="IMAGE", help="Container image.")
@click.option("--template", metavar="NAME", help="A kind from sandboxes.templates.")
@click.option("--name", metavar="NAME", help="What to call it.")
@click.option("--memory", metavar="SIZE", help="Memory limit, e.g. 512m.")
@click.option("--cpus", type=float, metavar="N", help="CPU limit, e.g. 1.5.")
@click.option("--pids", type=int, metavar="N", help="Most processes.")
@click.option("-e", "--env", multiple=True, metavar="K=V", help="Variable; K alone takes ours.")
@click.option("-v", "--volume", "volumes", multiple=True, metavar="SRC:DST[:ro]", help="Mount a host folder.")
@click.option("--network", metavar="NET", help="none (default), bridge, …")
@click.option("--label", "labels", multiple=True, metavar="K=V", help="Label.")
@click.option("-w", "--cwd", metavar="DIR", help="Working directory.")
@click.option("--idle-limit", metavar="TIME", help="Unused for so long it is idle, e.g. 30m.")
@click.option("--lifetime", metavar="TIME", help="It is removed after this long, e.g. 8h.")
@options()
@with_door
def create(
    app: "App",
    *,
    workspace: str,
    env: tuple[str, ...],
    volumes: tuple[str, ...],
    labels: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Make a sandbox and start it; prints its id."""
    from pydantic import ValidationError

    from orcaops.interfaces.cli.failures import refuse_field_errors
    from orcaops.model.sandbox import SandboxSpec

    document = {
        **{name: value for name, value in given.items() if value is not None},
        "env": dict(variable(text) for text in env),
        "mounts": [absolute_mount(text) for text in volumes],
        "labels": dict(label_pair(text) for text in labels),
        "workspace": workspace,
    }
    try:
        spec = SandboxSpec.model_validate({name: value for name, value in document.items() if value})
    except ValidationError as error:
        raise refuse_field_errors(error) from None
    made = app.sandboxes.create(spec, by=whoami())
    if as_json:
        print_json(made)
        return
    click.echo(made.id)
    note(f"it stays until {made.expires_at:%Y-%m-%d %H:%M} UTC; run something in it with:")
    note(f"  orcaops sandbox exec {made.name or made.id} -- sh -c 'echo hello'")


@sandbox.command("exec", epilog="Example: orcaops sandbox exec try -- python3 -c 'print(1)'")
@click.argument("sandbox_id", metavar="ID")
@click.option("--timeout", metavar="TIME", help="Stop after this long, e.g. 90s, 5m.")
@click.option("--idle-timeout", metavar="TIME", help="Stop after this long without output.")
@click.option("-e", "--env", multiple=True, metavar="K=V", help="Variable; K alone takes ours.")
@click.option("-w", "--cwd", metavar="DIR", help="Working directory.")
@click.option("--artifact", "artifacts", multiple=True, metavar="GLOB", help="Keep what matches.")
@click.option("--name", metavar="NAME", help="Name of the work; runs of one name share a baseline.")
@click.option("--intent", metavar="TEXT", help="Why, in plain words.")
@click.option("--shell", is_flag=True, help="Hand the command to sh -c.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND…")
@options()
def exec_(
    sandbox_id: str,
    command: tuple[str, ...],
    *,
    env: tuple[str, ...],
    shell: bool,
    as_json: bool,
    home: str | None,
    workspace: str | None,
    **given: Any,
) -> int:
    """Run a command in a sandbox and remember it, as `orcaops run` does; exit codes are the same."""
    from pydantic import ValidationError

    from orcaops.interfaces.cli.failures import refuse_field_errors
    from orcaops.model.job import JobSpec

    with failures_are_ours(), opened(home=home, workspace=workspace) as app:
        place = app.sandboxes.get(app.settings.workspace, sandbox_id)
        document = {
            **{name: value for name, value in given.items() if value},
            "env": dict(variable(text) for text in env),
            "sandbox": place.id,
            "workspace": app.settings.workspace,
        }
        document |= {"shell": " ".join(command)} if shell else {"command": command}
        try:
            spec = JobSpec.model_validate(document)
        except ValidationError as error:
            raise refuse_field_errors(error) from None
        return execute(app, spec, as_json=as_json, fail_on=None)


@sandbox.command(epilog="Example: orcaops sandbox copy ./data try:/work/")
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@options()
@with_door
def copy(app: "App", source: str, target: str, *, workspace: str, as_json: bool) -> None:
    """Copy a file or folder into a sandbox (PATH ID:/path) or out of it (ID:/path PATH).

    With a slash at its end the target is a folder to copy into. A link or a name that leads out of what is
    copied is refused, and then nothing is copied.
    """
    inside, outside = _split(source), _split(target)
    if (inside is None) == (outside is None):
        raise click.UsageError("Give one path of this machine and one of a sandbox, as ID:/path.")
    if outside is not None:
        place = app.sandboxes.get(workspace, outside[0])
        app.sandboxes.copy_in(workspace, place.id, _here(source), outside[1])
        count = None
    else:
        assert inside is not None
        place = app.sandboxes.get(workspace, inside[0])
        there = _here(target)
        into = target.endswith("/") or there.is_dir()
        count = app.sandboxes.copy_out(workspace, place.id, inside[1], there, into=into)
    if as_json:
        print_json({"sandbox": place.id, "source": source, "target": target, "files": count})
    else:
        note(
            f"copied {source} to {target}"
            + (f", {count} file{'s' * (count != 1)}" if count is not None else "")
        )


@sandbox.command("list", epilog="Example: orcaops sandbox list")
@click.argument("text", default="")
@click.option("--all", "gone", is_flag=True, help="Also those that are gone.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--cursor", help="Go on where the last page ended.")
@options()
@with_door
def list_(
    app: "App", text: str, *, workspace: str, gone: bool, limit: int, cursor: str | None, as_json: bool
) -> None:
    """List sandboxes with how long nobody has used them.

    With TEXT only those whose id, name or image has it in it; * stands for anything.
    """
    from orcaops.model.quantities import show_duration

    page = app.sandboxes.page(workspace, gone=gone, text=text, limit=limit, cursor=cursor)
    if as_json:
        print_json_lines(page.items)
    elif text and not page.items:
        note(f"no sandbox has {text!r} in its id, name or image")
    elif not page.items:
        note("there are no sandboxes; make one: orcaops sandbox create --image python:3.12")
    else:
        table(
            ["id", "name", "state", "idle", "runs", "until (UTC)", "image"],
            [
                [
                    each.id,
                    each.name or "",
                    colour(each.state.value, _MOODS[each.state]),
                    "in use" if each.executing else show_duration(round(each.idle_s or 0)),
                    str(each.executions),
                    f"{each.ended_at or each.expires_at:%Y-%m-%d %H:%M}",
                    each.image,
                ]
                for each in page.items
            ],
        )
    more_follows(page.next_cursor, len(page.items), page.total)


@sandbox.command(epilog="Example: orcaops sandbox show try")
@click.argument("sandbox_id", metavar="ID")
@options()
@with_door
def show(app: "App", sandbox_id: str, *, workspace: str, as_json: bool) -> None:
    """Show one sandbox."""
    _print(app.sandboxes.get(workspace, sandbox_id), as_json=as_json)


@sandbox.command(epilog="Example: orcaops sandbox stop try")
@click.argument("sandbox_id", metavar="ID")
@options()
@with_door
def stop(app: "App", sandbox_id: str, *, workspace: str, as_json: bool) -> None:
    """End everything that runs in it; its files stay."""
    place = app.sandboxes.get(workspace, sandbox_id)
    _print(app.sandboxes.stop(workspace, place.id, by=whoami()), as_json=as_json)


@sandbox.command(epilog="Example: orcaops sandbox start try")
@click.argument("sandbox_id", metavar="ID")
@options()
@with_door
def start(app: "App", sandbox_id: str, *, workspace: str, as_json: bool) -> None:
    """Go on with a sandbox that was stopped."""
    place = app.sandboxes.get(workspace, sandbox_id)
    _print(app.sandboxes.start(workspace, place.id, by=whoami()), as_json=as_json)


@sandbox.command(epilog="Example: orcaops sandbox remove try")
@click.argument("sandbox_id", metavar="ID")
@options()
@with_door
def remove(app: "App", sandbox_id: str, *, workspace: str, as_json: bool) -> None:
    """Remove it with all that is in it. Its record and its runs stay."""
    place = app.sandboxes.get(workspace, sandbox_id)
    _print(app.sandboxes.remove(workspace, place.id, by=whoami()), as_json=as_json)


def _here(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises where ~name is nobody


def _split(text: str) -> tuple[str, str] | None:
    """``ID:/path`` taken apart; None for a path of this machine."""
    name, colon, path = text.partition(":")
    return (name, path) if colon and name and path.startswith("/") and "/" not in name else None


def _print(found: "Sandbox", *, as_json: bool) -> None:
    from orcaops.model.quantities import show_duration, show_size

    if as_json:
        print_json(found)
        return
    spec = found.spec
    fields(
        [
            ("id", found.id),
            ("name", found.name),
            ("state", colour(found.state.value, _MOODS[found.state])),
            ("why", found.reason),
            ("image", found.image),
            ("digest", found.image_digest),
            ("memory", show_size(spec.memory) if spec.memory is not None else None),
            ("cpus", str(spec.cpus) if spec.cpus is not None else None),
            ("network", spec.network or "none"),
            ("made", f"{found.created_at:%Y-%m-%d %H:%M:%S} UTC by {found.created_by}"),
            (
                "ended" if found.ended_at else "until",
                f"{found.ended_at or found.expires_at:%Y-%m-%d %H:%M:%S} UTC",
            ),
            ("idle", "in use" if found.executing else show_duration(round(found.idle_s or 0))),
            ("idle limit", show_duration(found.idle_limit_s)),
            ("runs", str(found.executions)),
        ]
    )
