"""History over HTTP: runs from elsewhere come in, runs go out."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from orcaops.interfaces.rest.arguments import (
    House,
    bounded,
    in_waiting_thread,
    media_type_of,
)
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import SearchAsked
from orcaops.interfaces.rest.once import Once
from orcaops.model.errors import OrcaError, invalid, unavailable
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace

router = APIRouter(tags=["history"])

LARGEST_FILE_BYTES = 4 * 1024**3
READ = (
    "application/octet-stream",
    "application/json",
    "application/jsonl",
    "application/x-ndjson",
    "application/gzip",
    "application/zstd",
    "application/xml",
    "text/csv",
    "text/plain",
    "text/xml",
)
_FORM = "multipart/form-data"
_MEDIA_TYPES = {"json": "application/json", "jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}


class ImportAsked(BaseModel):
    """How a file is read."""

    model_config = {"extra": "forbid", "frozen": True}

    workspace: Workspace = Field(DEFAULT_WORKSPACE, description="Workspace that the runs come into.")
    format: Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")] | None = Field(
        None, description="The format of the file; without it, it is found out from the content."
    )


class ExportAsked(SearchAsked):
    """Which runs, and as what."""

    format: Literal["json", "jsonl", "csv"] = Field("jsonl", description="The format of the answer.")


class ImportReport(BaseModel):
    """What an import did."""

    added: int = Field(ge=0, description="Runs that were new.")
    known: int = Field(ge=0, description="Runs that were there already; they stay as they were.")
    bad: int = Field(ge=0, description="Lines that were left out.")
    problems: tuple[str, ...] = Field(
        description="The bad lines by number, with the reason; a thousand at most."
    )


@router.post(
    "/jobs/import",
    operation_id="importRuns",
    summary="Import a history",
    response_model=ImportReport,
    responses=answers(409, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The file as it is, or as the one file of a form.",
            # No schema: whatever comes is read line by line, and what cannot be a run is reported. JSON is
            # read the same way, but its kind would promise a document.
            "content": {kind: {} for kind in READ if kind != "application/json"}
            | {
                _FORM: {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "additionalProperties": False,
                        "properties": {
                            "file": {"type": "string", "contentMediaType": "application/octet-stream"}
                        },
                    }
                }
            },
        }
    },
)
async def import_runs(
    request: Request,
    house: House,
    once: Once,
    asked: Annotated[ImportAsked, Query()],
) -> Response:
    """Bring the runs of a file in and learn from them; the same file twice adds nothing.

    A line that cannot be a run is reported and does not stop the rest.
    """
    async with _received(request) as (path, digest):

        def take_in(workspace: str, wanted: str | None, _digest: str) -> ImportReport:
            try:
                report = house.history.import_file(path, wanted, workspace=workspace)
            except OrcaError as error:
                # Where the server keeps the file for the moment is nobody's business.
                where = "body" if error.where.startswith(str(path)) else error.where.replace("--", "query.")
                hint = error.hint.replace("--format", "`format`")
                raise OrcaError(error.code, error.message, where=where, hint=hint) from error
            return ImportReport(
                added=report.added, known=report.known, bad=report.bad, problems=tuple(report.problems)
            )

        return await in_waiting_thread(request, once, take_in, asked.workspace, asked.format, digest)


@router.get(
    "/jobs/export",
    operation_id="exportRuns",
    summary="Export runs",
    response_class=StreamingResponse,
    responses=answers(422, 503)
    | {
        200: {
            "description": "All matches, oldest first.",
            "content": {
                "application/jsonl": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
async def export_runs(request: Request, house: House, asked: Annotated[ExportAsked, Query()]) -> Response:
    """Every run that matches a search. What is exported as JSON Lines or CSV can be imported again."""
    feed = request.app.state.feeds.open(
        lambda: house.history.export(asked.workspace, asked.format, q=asked.q), ahead=64
    )
    try:
        first = await anext(feed)  # a search that says nothing is a problem, not half a file
    except StopAsyncIteration:
        first = []
    return StreamingResponse(
        _pieces(first, feed),
        media_type=_MEDIA_TYPES[asked.format],
        headers={"Content-Disposition": f'attachment; filename="runs.{asked.format}"'},
    )


async def _pieces(first: list[bytes], feed: AsyncGenerator[list[bytes], None]) -> AsyncIterator[bytes]:
    try:
        yield b"".join(first)
        async for batch in feed:
            yield b"".join(batch)
    finally:
        await feed.aclose()


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[tuple[Path, str]]:
    """The file in a request's body, in a folder of its own, with the digest of its content.

    Raises ``HTTPException`` 415 for another kind of body, 413 for one that is too large; ``invalid`` for a
    form without a file.
    """
    kind = media_type_of(request)
    if kind not in (*READ, _FORM):
        sent = kind or "a body without Content-Type"
        raise HTTPException(415, f"{sent} is not read here: send the file as application/octet-stream")
    folder = Path(await anyio.to_thread.run_sync(lambda: tempfile.mkdtemp(prefix="orcaops-import-")))
    try:
        pieces = _form_file(request) if kind == _FORM else bounded(request, LARGEST_FILE_BYTES)
        try:
            digest = await _kept(pieces, folder / "runs")
        except OSError as error:
            raise unavailable(
                f"the file cannot be kept while it is read: {error.strerror}",
                hint="The server needs room for temporary files.",
            ) from error
        yield folder / "runs", digest
    finally:
        await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))


async def _kept(pieces: AsyncIterator[bytes], path: Path) -> str:
    digest = blake2b(digest_size=16)
    async with await anyio.open_file(path, "wb") as file:
        async for piece in pieces:
            digest.update(piece)
            await file.write(piece)
    return digest.hexdigest()


async def _form_file(request: Request) -> AsyncIterator[bytes]:
    async with request.form(max_files=1, max_fields=0) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise invalid(
                "the form has no file", where="body.file", hint="Send it as the form's field `file`."
            )
        while piece := await file.read(1024 * 1024):
            yield piece
