"""Logs over HTTP: in pages, as text, and as a stream of events that can be resumed."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from orcaops.app import App
from orcaops.interfaces.rest.arguments import Asked, Cursor, Digits, House, JobId, Offset, SearchText
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.errors import invalid
from orcaops.model.logline import LogLine, Stream
from orcaops.model.query import Page, no_such_page
from orcaops.model.run import Run

router = APIRouter(tags=["logs"])

MOST_LINES = 10_000
_OFFSET = re.compile(r"[0-9]{1,18}", re.ASCII)
_HEARTBEAT_AFTER = 10  # times that nothing came, about a second each
_CHUNK_BYTES = 64 * 1024
_AHEAD_BYTES = 256 * 1024  # of lines that a follower has not taken yet: it may never read
_LINE_BYTES = 1024  # in memory, beside its text
_AFTERMATH_S = 5.0  # between the end of a log and the final record


_EVENT = {
    "type": "object",
    "description": "Each event of the stream.",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["line", "end"]},
        "id": {"type": "string", "pattern": "^[0-9]+$", "description": "Of a line: its offset."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "A LogLine; at the end `job_id`, `status`, `cause` and `exit_code`.",
        },
    },
}


class LogAsked(Asked):
    """Which lines of a log."""

    q: SearchText = Field("", description="Only lines that hold this; `*` stands for anything.")
    after: Offset = Field(-1, description="Only lines behind the one with this offset.")
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_LINES), Digits] | None = Field(
        None, description=f"Most lines; a JSON page has {1000} by default, text has all."
    )
    stream: Stream | None = Field(None, description="Only this stream.")

    def lines_of(self, house: App, job_id: str, *, more: int = 0) -> Iterator[LogLine]:
        """The lines that are asked for, and so many more; without a limit all."""
        return house.jobs.log_lines(
            self.workspace,
            job_id,
            after=max(self.after, self._behind()),
            limit=None if self.limit is None else self.limit + more,
            stream=self.stream,
            text=self.q,
        )

    def _behind(self) -> int:
        """Where the page before ended: the offset of its last line is the cursor."""
        if self.cursor is None:
            return -1
        if not _OFFSET.fullmatch(self.cursor):
            raise no_such_page()
        return int(self.cursor)


class FollowAsked(Asked):
    """Where to begin to follow."""

    after: Offset = Field(-1, description="Only lines behind the one with this offset.")


@router.get(
    "/jobs/{job_id}/logs",
    operation_id="readLog",
    summary="Read what a job printed",
    response_model=Page[LogLine],
    responses=answers(404, 422, 503)
    | {200: {"description": "Lines, or with `Accept: text/plain` the text.", "content": {"text/plain": {}}}},
)
async def read_log(
    request: Request,
    house: House,
    job_id: JobId,
    asked: Annotated[LogAsked, Query()],
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """A page of lines in the order in which they came, or the text of both streams.

    While the job runs, the page that has no `next_cursor` may grow.
    """
    if "text/plain" in accept and "application/json" not in accept:
        await run_in_threadpool(house.jobs.get, asked.workspace, job_id)
        feed = request.app.state.feeds.open(lambda: _pieces(house, job_id, asked), ahead=4)
        return StreamingResponse(_joined(feed), media_type="text/plain; charset=utf-8")
    return await run_in_threadpool(_page, house, job_id, asked)


@router.get(
    "/jobs/{job_id}/logs/stream",
    operation_id="followLog",
    summary="Follow what a job prints",
    response_class=StreamingResponse,
    responses=answers(404, 422, 503)
    | {
        200: {
            "description": "Server-sent events.",
            "content": {"text/event-stream": {"schema": _EVENT}},
        }
    },
)
async def follow_log(
    request: Request,
    house: House,
    job_id: JobId,
    asked: Annotated[FollowAsked, Query()],
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", description="Go on behind this event.", pattern=r"^[0-9]{1,19}$"),
    ] = None,
) -> Response:
    """All lines from the beginning, then those that come, until the job is final.

    Each event `line` has a line as its data and the line's offset as its id; `end` has the job's status. A
    client that was cut off resumes with `Last-Event-ID`, as browsers do by themselves.
    """
    after = asked.after if last_event_id is None else int(last_event_id)
    if after >= 2**63:
        raise invalid("there is no such offset", where="Last-Event-ID", hint="Send the id of an event.")
    await run_in_threadpool(house.jobs.get, asked.workspace, job_id)  # an unknown job is not a stream

    def items() -> Iterator[LogLine | Run | None]:
        yield from house.jobs.follow(asked.workspace, job_id, after=after)
        yield house.jobs.wait(asked.workspace, job_id, timeout_s=_AFTERMATH_S)

    return StreamingResponse(
        _events(request.app.state.feeds.open(items, ahead=_AHEAD_BYTES, weight=_weight)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _events(
    feed: AsyncGenerator[list[LogLine | Run | None], None],
) -> AsyncIterator[bytes]:
    silent = 0
    yield b": following\n\n"
    try:
        async for batch in feed:
            events = b"".join(_event(item) for item in batch if item is not None)
            silent = 0 if events else silent + len(batch)
            if silent >= _HEARTBEAT_AFTER:
                events, silent = b": nothing new\n\n", 0
            if events:
                yield events
    finally:
        await feed.aclose()


def _weight(item: LogLine | Run | None) -> int:
    return _LINE_BYTES + (len(item.text) if isinstance(item, LogLine) else 0)


def _event(item: LogLine | Run) -> bytes:
    if isinstance(item, Run):
        end = {"job_id": item.job_id, "status": item.status, "cause": item.cause, "exit_code": item.exit_code}
        return b"event: end\ndata: %b\n\n" % orjson.dumps(end)
    return b"event: line\nid: %d\ndata: %b\n\n" % (item.offset, item.model_dump_json().encode())


def _pieces(house: App, job_id: str, asked: LogAsked) -> Iterator[bytes]:
    """The text of a log in pieces that are worth sending."""
    piece = bytearray()
    for line in asked.lines_of(house, job_id):
        piece += line.text.encode("utf-8", "replace")
        if not line.partial:
            piece += b"\n"
        if len(piece) >= _CHUNK_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


async def _joined(feed: AsyncGenerator[list[bytes], None]) -> AsyncIterator[bytes]:
    try:
        async for batch in feed:
            yield b"".join(batch)
    finally:
        await feed.aclose()


def _page(house: App, job_id: str, asked: LogAsked) -> Response:
    limit = asked.limit or 1000
    lines = list(asked.model_copy(update={"limit": limit}).lines_of(house, job_id, more=1))
    more = len(lines) > limit
    return shown(
        Page[LogLine](items=tuple(lines[:limit]), next_cursor=str(lines[limit - 1].offset) if more else None)
    )
