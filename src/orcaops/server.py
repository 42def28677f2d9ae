"""``orcaops serve``: puts REST and MCP into one process over one house.

It stands above the interfaces because they do not know each other.
"""

import click

from orcaops.interfaces.cli.door import configuration, options
from orcaops.interfaces.cli.output import print_json
from orcaops.model.errors import invalid


@click.command(epilog="Example: orcaops serve --port 8750")
@click.option("--host", help="Address to listen on; anything but loopback needs a token.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 lets the system choose.")
@options()
def serve(
    *, host: str | None, port: int | None, home: str | None, workspace: str | None, as_json: bool
) -> None:
    """Serve REST under /orcaops and MCP under /mcp, run queued jobs, learn from them; ends with Ctrl-C.

    ORCAOPS_TOKEN (or token in the configuration) is the bearer token that clients must show. With --json
    the address is printed on standard output once requests are answered.
    """
    flags = {"home": home, "workspace": workspace, "server.host": host, "server.port": port}
    settings = (chosen := configuration(**flags)).settings  # logging is set up before a library does it

    from orcaops.app import build
    from orcaops.interfaces.mcp.http import mcp_app
    from orcaops.interfaces.rest.serve import serve as serve_rest

    house = build(chosen)
    agents, lifespan = mcp_app(house)
    serve_rest(
        house,
        host=settings.server.host,
        port=settings.server.port,
        token=settings.token,
        mounts={"/mcp": agents},
        lifespans=[lifespan],
        listening=(lambda url: print_json({"url": url})) if as_json else None,
    )


@click.command(epilog="Example: orcaops mcp --read-only")
@click.option("--read-only", is_flag=True, help="Offer no tool that starts, stops or changes anything.")
@options()
def mcp(*, read_only: bool, home: str | None, workspace: str | None, as_json: bool) -> None:  # noqa: ARG001
    """Speak MCP over standard input and output, for an agent that starts this command.

    Standard output carries nothing but the protocol, which is JSON; the log goes to standard error.
    """
    chosen = configuration(home=home, workspace=workspace)
    if chosen.settings.url:
        raise invalid(
            f"ORCAOPS_URL points at {chosen.settings.url}, and this command works on this machine",
            where="ORCAOPS_URL",
            hint=f"Connect the client to {chosen.settings.url.rstrip('/')}/mcp, or unset ORCAOPS_URL.",
        )

    from orcaops.app import build
    from orcaops.interfaces.mcp.stdio import serve_stdio

    serve_stdio(lambda: build(chosen), read_only=read_only)
