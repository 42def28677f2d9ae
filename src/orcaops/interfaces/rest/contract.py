"""Contract: the OpenAPI document, made to say what the server really does.

FastAPI describes parameters and answers; added here are the bodies that are read strictly, the
problem documents, links from a job to what can be asked about it, and the token.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orcaops.interfaces.rest.problems import CODE, MEANING, MEDIA_TYPE, RETRY_AFTER_S, Problem
from orcaops.model.job import JobSpec

_REF = "#/components/schemas/"
_REQUEST = "{model}Request"  # a word is written otherwise than it is read: a size as "512m"
_bodies: dict[str, type[BaseModel]] = {}

TAGS = [
    {"name": "jobs", "description": "Submit, watch, cancel and look up jobs."},
    {"name": "logs", "description": "What jobs print, while they run and afterwards."},
    {"name": "insights", "description": "What is normal, and what is not."},
    {"name": "advice", "description": "What could be improved."},
    {"name": "predictions", "description": "What to expect of a job before it runs."},
    {"name": "history", "description": "Bring a history in, take runs out."},
    {"name": "server", "description": "Whether the server is well."},
]

Answers = dict[int | str, dict[str, Any]]


def answers(*statuses: int) -> Answers:
    """The problems that an operation may answer with, beside those that every one may."""
    return {status: _problem_answer(status) for status in sorted({*statuses, 401, 403, 500})}


def body_of(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The JSON body of an operation that reads it itself."""
    _bodies[model.__name__] = model
    return {
        "requestBody": {
            "required": required,
            "content": {
                "application/json": {"schema": {"$ref": _REF + _REQUEST.format(model=model.__name__)}}
            },
        },
    }


def links_to_job() -> dict[str, Any]:
    """What can be asked about the job in an answer."""
    of_job = {"job_id": "$response.body#/job_id", "workspace": "$response.body#/workspace"}
    operations = {
        "look": "getJob",
        "tell": "summariseJob",
        "readLog": "readLog",
        "cancel": "cancelJob",
        "artifacts": "listArtifacts",
        "again": "rerunJob",
    }
    return {
        name: {"operationId": operation, "parameters": of_job, "description": f"To `{operation}`."}
        for name, operation in operations.items()
    }


def describe(
    api: FastAPI, *, executors: Sequence[str], formats: Sequence[str], token: bool
) -> dict[str, Any]:
    """The OpenAPI document of a server with these executors and import formats."""
    document = get_openapi(
        title=api.title,
        version=api.version,
        summary=api.summary,
        description=api.description,
        license_info=api.license_info,
        routes=api.routes,
        tags=TAGS,
        servers=[{"url": "/"}],
        openapi_version="3.1.0",
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    operations = list(_operations(document))
    _, definitions = models_json_schema(
        [(model, "validation") for _, model in sorted(_bodies.items())], ref_template=_REF + _REQUEST
    )
    schemas.update({_REQUEST.format(model=name): schema for name, schema in definitions["$defs"].items()})
    _say_what_to_run(schemas[_REQUEST.format(model=JobSpec.__name__)], executors)
    components["responses"] = {
        CODE[status]: {
            "description": MEANING[CODE[status]],
            "headers": _headers(status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + Problem.__name__}}},
        }
        for status in CODE
    }
    for path, operation in operations:
        _tidy(path, operation, formats)
    if token:
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "The token of the server."}
        }
        document["security"] = [{"token": []}]
    return document


def _problem_answer(status: int) -> dict[str, Any]:
    return {"description": MEANING[CODE[status]], "model": Problem}


def _headers(status: int) -> dict[str, Any]:
    if status == 401:
        return {"WWW-Authenticate": _header({"type": "string"}, "How to show a token.")}
    if status == 405:
        return {"Allow": _header({"type": "string"}, "The methods that this address knows.")}
    if status == 503:
        schema = {"type": "integer", "minimum": 0, "examples": [RETRY_AFTER_S]}
        return {"Retry-After": _header(schema, "Seconds after which to try again.", required=False)}
    return {}


def _header(schema: dict[str, Any], description: str, *, required: bool = True) -> dict[str, Any]:
    return {"schema": schema, "description": description, "required": required}


def _operations(document: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _tidy(path: str, operation: dict[str, Any], formats: Sequence[str]) -> None:
    """Refer to the shared problems, and narrow what FastAPI cannot know."""
    for status, answer in list(operation["responses"].items()):
        code = CODE.get(int(status)) if status.isdigit() else None
        if code is None:
            continue
        operation["responses"][status] = {"$ref": f"#/components/responses/{code}"}
        del answer
    operation["responses"] = dict(sorted(operation["responses"].items()))
    if path in ("/healthz", "/readyz"):
        operation["security"] = []
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["schema"].setdefault("minLength", 1)
        if operation["operationId"] == "importRuns" and parameter["name"] == "format":
            parameter["schema"] = {"type": "string", "enum": list(formats)}


def _say_what_to_run(spec: dict[str, Any], executors: Sequence[str]) -> None:
    """What the validators of a specification check, in the schema's own terms."""
    given = {"not": {"type": "null"}}
    absent = {"type": "null"}
    spec["oneOf"] = [
        {
            "title": "a command",
            "required": ["command"],
            "properties": {"command": given, "commands": absent, "shell": {"type": "boolean"}},
        },
        {
            "title": "several commands",
            "required": ["commands"],
            "properties": {"commands": given, "command": absent, "shell": {"type": "boolean"}},
        },
        {
            "title": "a shell line",
            "required": ["shell"],
            "properties": {"shell": {"type": "string"}, "command": absent, "commands": absent},
        },
    ]
    spec["properties"]["executor"] = {
        "anyOf": [{"type": "string", "enum": sorted(executors)}, {"type": "null"}],
        "description": "Where to run it; by default in a container, or as a local process without an image.",
        "default": None,
    }
    spec["examples"] = [
        {"image": "python:3.11", "command": ["pytest", "-q"], "memory": "512m", "timeout": "5m"},
        {"command": ["make", "check"], "name": "check", "labels": {"team": "a"}},
    ]
