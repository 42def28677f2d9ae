"""Sandboxes over HTTP: make, use, stop and remove them, and copy files in and out."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from orcaops.interfaces.rest.arguments import (
    Asked,
    House,
    InWorkspace,
    JsonBody,
    NoQuery,
    PageAsked,
    SearchText,
    YesOrNo,
    bounded,
    in_waiting_thread,
    media_type_of,
    parsed,
)
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import BY, accepted, shown
from orcaops.interfaces.rest.once import IdempotencyKey, Once
from orcaops.model.identity import Id
from orcaops.model.job import JobSpec
from orcaops.model.query import Page
from orcaops.model.run import Run
from orcaops.model.sandbox import Sandbox, SandboxSpec

router = APIRouter(tags=["sandboxes"])

LARGEST_COPY_BYTES = 4 * 1024**3
_IN_MEMORY = 1 << 20
_TAR = ("application/x-tar", "application/octet-stream")

SandboxId = Annotated[Id, Path(description="Id of a sandbox, or its name.")]


class SandboxesAsked(PageAsked):
    """Which sandboxes."""

    q: SearchText = Field("", description="A part of the id, the name or the image; `*` stands for anything.")
    gone: YesOrNo = Field("false", description="Also those of which nothing is left but the record.")


class FilesAsked(Asked):
    """Where in the sandbox."""

    path: str = Field(
        min_length=1,
        max_length=4096,
        pattern=r"^/[^\x00]*$",
        description="From the root of the sandbox: what to copy, or the folder to copy into.",
    )


@router.post(
    "/sandboxes",
    operation_id="createSandbox",
    summary="Make a sandbox",
    status_code=201,
    response_model=Sandbox,
    responses=answers(403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(SandboxSpec),
)
async def create_sandbox(
    request: Request,
    house: House,
    once: Once,
    body: JsonBody,
    _asked: NoQuery,
) -> Response:
    """Make a container that stays, and start it. The workspace is that of the specification."""
    spec = parsed(SandboxSpec, body)

    def create(_workspace: str, spec: SandboxSpec) -> Sandbox:
        return house.sandboxes.create(spec, by=BY)

    made = await in_waiting_thread(request, once, create, spec.workspace, spec)
    made.status_code = 201
    return made


@router.get(
    "/sandboxes",
    operation_id="listSandboxes",
    summary="List sandboxes",
    response_model=Page[Sandbox],
    responses=answers(404, 422, 503),
)
def list_sandboxes(house: House, asked: Annotated[SandboxesAsked, Query()]) -> Response:
    """Sandboxes, the newest first, with how long nobody has used them."""
    return shown(
        house.sandboxes.page(
            asked.workspace,
            gone=asked.gone == "true",
            text=asked.q,
            limit=asked.limit,
            cursor=asked.cursor,
        )
    )


@router.get(
    "/sandboxes/{sandbox_id}",
    operation_id="getSandbox",
    summary="Look up a sandbox",
    response_model=Sandbox,
    responses=answers(404, 422, 503),
)
def get_sandbox(house: House, sandbox_id: SandboxId, asked: InWorkspace) -> Response:
    """The record of a sandbox; it stays when the sandbox is gone."""
    return shown(house.sandboxes.get(asked.workspace, sandbox_id))


@router.post(
    "/sandboxes/{sandbox_id}/exec",
    operation_id="execInSandbox",
    summary="Run a command in a sandbox",
    status_code=202,
    response_model=Run,
    responses=answers(403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(JobSpec),
)
def exec_in_sandbox(
    house: House,
    sandbox_id: SandboxId,
    body: JsonBody,
    _asked: NoQuery,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Accept a job that runs in the sandbox: a run like any other, with its log and its usage."""
    spec = parsed(JobSpec, body)
    place = house.sandboxes.get(spec.workspace, sandbox_id)
    spec = spec.model_copy(update={"sandbox": place.id})
    return accepted(house.jobs.submit(spec, idempotency_key=idempotency_key))


@router.post(
    "/sandboxes/{sandbox_id}/stop",
    operation_id="stopSandbox",
    summary="Stop a sandbox",
    response_model=Sandbox,
    responses=answers(404, 409, 422, 503),
)
async def stop_sandbox(
    request: Request, house: House, once: Once, sandbox_id: SandboxId, asked: InWorkspace
) -> Response:
    """End everything that runs in it; its files stay."""
    return await in_waiting_thread(request, once, house.sandboxes.stop, asked.workspace, sandbox_id, by=BY)


@router.post(
    "/sandboxes/{sandbox_id}/start",
    operation_id="startSandbox",
    summary="Start a sandbox again",
    response_model=Sandbox,
    responses=answers(404, 409, 422, 503),
)
async def start_sandbox(
    request: Request, house: House, once: Once, sandbox_id: SandboxId, asked: InWorkspace
) -> Response:
    """Go on with a sandbox that was stopped."""
    return await in_waiting_thread(request, once, house.sandboxes.start, asked.workspace, sandbox_id, by=BY)


@router.delete(
    "/sandboxes/{sandbox_id}",
    operation_id="removeSandbox",
    summary="Remove a sandbox",
    response_model=Sandbox,
    responses=answers(404, 409, 422, 503),
)
async def remove_sandbox(
    request: Request, house: House, sandbox_id: SandboxId, asked: InWorkspace
) -> Response:
    """Remove it with all that is in it. Its record and its runs stay; removing it again changes nothing."""
    return shown(await in_waiting_thread(request, house.sandboxes.remove, asked.workspace, sandbox_id, by=BY))


@router.get(
    "/sandboxes/{sandbox_id}/files",
    operation_id="copyFromSandbox",
    summary="Copy out of a sandbox",
    response_class=StreamingResponse,
    responses=answers(404, 409, 422, 503)
    | {
        200: {
            "description": "A tar archive of what lies there.",
            "content": {"application/x-tar": {"schema": {"type": "string"}}},
        }
    },
)
def copy_from_sandbox(house: House, sandbox_id: SandboxId, asked: Annotated[FilesAsked, Query()]) -> Response:
    """A file or a folder of the sandbox as a tar archive."""
    copying = house.sandboxes.fetch(asked.workspace, sandbox_id, asked.path)
    pieces = copying.__enter__()

    def all_of_it() -> Iterator[bytes]:
        with contextlib.ExitStack() as stack:
            stack.push(copying)
            yield from pieces

    return StreamingResponse(
        all_of_it(),
        media_type="application/x-tar",
        headers={
            "Content-Disposition": 'attachment; filename="files.tar"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.put(
    "/sandboxes/{sandbox_id}/files",
    operation_id="copyIntoSandbox",
    summary="Copy into a sandbox",
    status_code=204,
    response_class=Response,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "A tar archive of files, folders, and links that stay inside of it.",
            "content": {kind: {"schema": {"type": "string"}} for kind in _TAR},
        }
    },
)
async def copy_into_sandbox(
    request: Request, house: House, sandbox_id: SandboxId, asked: Annotated[FilesAsked, Query()]
) -> Response:
    """Unpack a tar archive in an existing folder of the sandbox. If anything in it leads out, nothing is."""
    if (kind := media_type_of(request)) not in _TAR:
        raise HTTPException(
            415, f"{kind or 'a body without Content-Type'} is not read here: send application/x-tar"
        )
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        async for piece in bounded(request, LARGEST_COPY_BYTES):
            await anyio.to_thread.run_sync(file.write, piece)
        file.seek(0)
        await in_waiting_thread(request, house.sandboxes.put, asked.workspace, sandbox_id, asked.path, file)
    return Response(status_code=204)
