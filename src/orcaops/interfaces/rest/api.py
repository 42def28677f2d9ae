"""The API: all routes, their problems and their document, around one application."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match, Mount, Route, compile_path
from starlette.types import ASGIApp, Scope

from orcaops import __version__
from orcaops.app import App
from orcaops.guarding.tokens import Token
from orcaops.interfaces.rest import (
    advice,
    ask,
    debug,
    failures,
    forecast,
    history,
    insights,
    jobs,
    logs,
    notify,
    optimizations,
    pages,
    patterns,
    patterns_growth,
    predictions,
    sandboxes,
    tests,
    upkeep,
    warming,
)
from orcaops.interfaces.rest.access import AccessMiddleware
from orcaops.interfaces.rest.arguments import plain_request
from orcaops.interfaces.rest.contract import describe
from orcaops.interfaces.rest.feeds import Feeds
from orcaops.interfaces.rest.head import HeadMiddleware
from orcaops.interfaces.rest.metrics import CountingMiddleware, Metrics
from orcaops.interfaces.rest.problems import answer_with_problems
from orcaops.recording.reader import readers
from orcaops.services.answers import Answers
from orcaops.services.gauges import Gauges

Lifespan = Callable[[], AbstractAsyncContextManager[object]]
"""Something that must be entered before the server answers and left when it ends."""

PREFIX = "/orcaops"
_WAITING = 256  # requests that wait for a job, a cancellation or an import at the same time

# `/jobs/import` and its like come before `/jobs/{job_id}`.
_ROUTERS = (
    history.router,
    jobs.router,
    tests.router,
    logs.router,
    insights.router,
    notify.router,
    debug.router,
    failures.router,
    patterns_growth.router,
    patterns.router,
    predictions.router,
    ask.router,
    forecast.router,
    advice.router,
    optimizations.router,
    sandboxes.router,
    warming.router,
)

_DESCRIPTION = (
    "Runs commands in containers, remembers every run, and learns from them. Times are RFC 3339 in UTC; "
    "durations are seconds, sizes bytes. Lists come in pages: pass `next_cursor` as `cursor`. Unknown "
    "parameters and fields are refused. Failures are problem documents with a `code` and a `hint`."
)


def create_api(
    app: App,
    *,
    token: Token | None = None,
    hosts: Iterable[str] = (),
    mounts: Mapping[str, ASGIApp] | None = None,
    lifespans: Sequence[Lifespan] = (),
) -> FastAPI:
    """The REST interface of an application, with others mounted beside it.

    With a ``token`` every request must show it; without one only requests for loopback names (and
    ``hosts``) are answered. ``mounts`` are applications by path; ``lifespans`` are entered, in order, before
    the first request. Starts and ends nothing of ``app`` itself.
    """

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        api.state.waiting = CapacityLimiter(_WAITING)
        async with AsyncExitStack() as stack:
            for enter in lifespans:
                await stack.enter_async_context(enter())
            yield

    api = FastAPI(
        title="OrcaOps",
        version=__version__,
        summary="Runs commands in containers, remembers, and learns.",
        description=_DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        contact={"name": "OrcaOps contributors"},
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    feeds = Feeds()
    gauges = Gauges(app.store, active=app.dispatcher.active, clock=_now, paused=app.incidents.paused)
    metrics = Metrics(gauges, feeds=lambda: len(feeds))
    api.state.orcaops = app
    api.state.feeds = feeds
    api.state.metrics = metrics
    api.state.resources = _resources()
    api.state.answers = Answers(app.store, clock=_now)
    for router in _ROUTERS:
        api.include_router(router, prefix=PREFIX, dependencies=[Depends(plain_request)])
    api.include_router(upkeep.router)
    _add_pages(api, app, token is not None, mounts or {})
    for path, mounted in (mounts or {}).items():
        api.router.routes.append(Beside(path, mounted))
    answer_with_problems(api)
    api.add_middleware(CountingMiddleware, metrics=metrics)
    api.add_middleware(AccessMiddleware, token=token, hosts=hosts)
    api.add_middleware(HeadMiddleware)  # outermost: added last
    return api


class Beside(Mount):
    """A mounted application that is there without a slash behind its path too."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for it; then with the path as it sees it."""
        if scope["type"] != "http" or scope["path"] != self.path:
            return super().matches(scope)
        path = f"{self.path}/"
        match, inner = super().matches({**scope, "path": path})
        return match, {**inner, "path": path, "raw_path": path.encode()}


def _add_pages(api: FastAPI, app: App, token: bool, mounts: Mapping[str, Any]) -> None:
    document: dict[str, Any] = {}

    def described() -> dict[str, Any]:
        if not document:
            document.update(
                describe(api, executors=app.jobs.executors, formats=tuple(readers()), token=token)
            )
        return document

    async def openapi(_request: Request) -> Response:
        return JSONResponse(described())

    async def docs(_request: Request) -> HTMLResponse:
        return pages.reference(described())

    async def home(_request: Request) -> HTMLResponse:
        return pages.first_page(__version__, mounts)

    api.openapi = described  # type: ignore[method-assign]  # as FastAPI documents it
    api.add_route("/openapi.json", openapi)
    api.add_route("/docs", docs)
    api.add_route("/", home)


def _resources() -> list[tuple[re.Pattern[str], set[str]]]:
    """Each address with all its methods; of several that match, the first is meant."""
    found: dict[str, set[str]] = {}
    for prefix, routers in ((PREFIX, _ROUTERS), ("", (upkeep.router,))):
        for router in routers:
            for route in router.routes:
                if isinstance(route, Route):
                    methods = route.methods or set()
                    found.setdefault(prefix + route.path, set()).update(
                        methods | ({"HEAD"} if "GET" in methods else set())
                    )
    return [(compile_path(path)[0], methods) for path, methods in found.items()]


def _now() -> datetime:
    return datetime.now(UTC)
