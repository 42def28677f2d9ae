"""The real application over MCP, with executors that follow a script instead of running anything."""

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from mcp.client import Client

from orcaops.app import App
from orcaops.guarding.tokens import Token
from orcaops.interfaces.mcp.http import mcp_app
from orcaops.interfaces.mcp.server import create_server
from orcaops.interfaces.rest.api import create_api
from tests.interfaces.conftest import serving

REVISIONS = ("legacy", "2026-07-28")
"""How the SDK's client opens: with the handshake of 2025-11-25, or without one."""

TOOLS = {
    "orcaops_run_job",
    "orcaops_get_job",
    "orcaops_list_jobs",
    "orcaops_get_summary",
    "orcaops_cancel_job",
    "orcaops_debug_job",
    "orcaops_get_logs",
    "orcaops_record_outcome",
    "orcaops_predict_job",
    "orcaops_get_baselines",
    "orcaops_get_anomalies",
    "orcaops_resolve_anomaly",
    "orcaops_get_recommendations",
    "orcaops_decide_recommendation",
}

Session = Callable[[Client], Coroutine[Any, Any, None]]


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    """Each current revision of the protocol in turn."""
    revision: str = request.param
    return revision


@pytest.fixture
def talk(house: App) -> Callable[..., None]:
    """Lets a client talk to the application in this process, within a bounded time."""

    def talk(session: Session, *, mode: str = "2026-07-28", read_only: bool = False) -> None:
        async def main() -> None:
            with anyio.fail_after(30):
                async with Client(create_server(house, read_only=read_only), mode=mode) as client:
                    await session(client)

        anyio.run(main)

    return talk


@pytest.fixture(scope="module")
def served(house: App) -> Iterator[Callable[..., str]]:
    """Serves the application on loopback for real; gives the address of its MCP interface."""

    def api(token: str | None = None, read_only: bool = False) -> FastAPI:
        agents, lifespan = mcp_app(house, read_only=read_only)
        return create_api(
            house,
            token=None if token is None else Token.of(token),
            mounts={"/mcp": agents},
            lifespans=[lifespan],
        )

    with serving(api) as serve:
        yield lambda *args, **kwargs: f"{serve(*args, **kwargs)}/mcp"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a file."""
    return tmp_path / "file"
