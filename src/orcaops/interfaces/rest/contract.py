"""Contract: the OpenAPI document, made to say what the server really does.

FastAPI describes parameters and answers; added here are the bodies that are read strictly, the
problem documents, links from a job to what can be asked about it, and the token.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orcaops.interfaces.rest.problems import CODE, MEANING, MEDIA_TYPE, RETRY_AFTER_S, Problem
from orcaops.model.job import JobSpec
from orcaops.model.sandbox import SandboxSpec

_REF = "#/components/schemas/"
_REQUEST = "{model}Request"  # a word is written otherwise than it is read: a size as "512m"
_bodies: dict[str, type[BaseModel]] = {}

TAGS = [
    {"name": "jobs", "description": "Submit, watch, cancel and look up jobs."},
    {"name": "logs", "description": "What jobs print, while they run and afterwards."},
    {"name": "insights", "description": "What is normal, and what is not."},
    {"name": "failures", "description": "Why a job failed, and what is known about such failures."},
    {"name": "sandboxes", "description": "Containers that stay, for commands that follow one another."},
    {"name": "advice", "description": "What could be improved."},
    {"name": "questions", "description": "Plain English, answered."},
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


_OF_JOB = (
    "getJob",
    "summariseJob",
    "readLog",
    "followLog",
    "listArtifacts",
    "listTests",
    "cancelJob",
    "rerunJob",
    "debugJob",
    "fixJob",
)
_OF_ANOMALY = ("getAnomaly", "acknowledgeAnomaly", "resolveAnomaly", "reopenAnomaly")
_OF_OPTIMIZATION = (
    "getOptimization",
    "approveOptimization",
    "rejectOptimization",
    "rollBackOptimization",
)
_OF_PATTERN = ("getPattern", "forgetPattern", "listSolutions")
_OF_PROPOSAL = ("acceptProposal", "dismissProposal", "editProposal")
_OF_SANDBOX = (
    "getSandbox",
    "execInSandbox",
    "copyFromSandbox",
    "copyIntoSandbox",
    "stopSandbox",
    "startSandbox",
    "removeSandbox",
)
_OF_RECOMMENDATION = (
    "getRecommendation",
    "dismissRecommendation",
    "applyRecommendation",
    "tryRecommendation",
)

LINKS: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "submitJob": ("job_id", "job_id", _OF_JOB),
    "rerunJob": ("job_id", "job_id", _OF_JOB),
    "listJobs": ("job_id", "items/0/job_id", _OF_JOB),
    "listBaselines": ("key", "items/0/key", ("getBaseline", "resetBaseline")),
    "listAnomalies": ("anomaly_id", "items/0/id", _OF_ANOMALY),
    "getAnomaly": ("anomaly_id", "id", _OF_ANOMALY[1:]),
    "listOptimizations": ("optimization_id", "items/0/id", _OF_OPTIMIZATION),
    "getOptimization": ("optimization_id", "id", _OF_OPTIMIZATION[1:]),
    "createSandbox": ("sandbox_id", "id", _OF_SANDBOX),
    "listSandboxes": ("sandbox_id", "items/0/id", _OF_SANDBOX),
    "listRecommendations": ("recommendation_id", "items/0/id", _OF_RECOMMENDATION),
    "getRecommendation": ("recommendation_id", "id", _OF_RECOMMENDATION[1:]),
    "listPatterns": ("pattern_id", "items/0/id", _OF_PATTERN),
    "teachPattern": ("pattern_id", "id", _OF_PATTERN),
    "listSolutions": ("solution_id", "items/0/id", ("giveFeedback",)),
    "teachSolution": ("solution_id", "id", ("giveFeedback",)),
    "listProposals": ("proposal_id", "items/0/id", _OF_PROPOSAL),
}
"""From an operation to others about what it answered: their parameter, and where its value stands."""

_WITHOUT_WORKSPACE = frozenset(
    {"listPatterns", "teachPattern", "listSolutions", "teachSolution", "listProposals"}
)
"""Operations whose answers do not say their workspace: it is the one that was asked for."""


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
        contact=api.contact,
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
    for name in definitions["$defs"]:
        _refuse_other_names(schemas[_REQUEST.format(model=name)])
    _say_what_to_run(schemas[_REQUEST.format(model=JobSpec.__name__)], executors)
    _say_what_to_make(schemas[_REQUEST.format(model=SandboxSpec.__name__)])
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
    parameters = {
        operation["operationId"]: {each["name"] for each in operation.get("parameters", ())}
        for _, operation in operations
    }
    for _, operation in operations:
        _link(operation, parameters)
    document["security"] = [{"token": []}] if token else []
    if token:
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "The token of the server."}
        }
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
    for status in operation["responses"]:
        code = CODE.get(int(status)) if status.isdigit() else None
        if code is None:
            continue
        operation["responses"][status] = {"$ref": f"#/components/responses/{code}"}
    if path in ("/healthz", "/readyz"):
        operation["security"] = []
    operation["responses"].setdefault("405", {"$ref": "#/components/responses/method_not_allowed"})
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
        if parameter["in"] == "path":
            parameter["schema"].setdefault("minLength", 1)
        if parameter["in"] in ("path", "query"):
            _without_nul(parameter["schema"])
        if operation["operationId"] == "importRuns" and parameter["name"] == "format":
            parameter["schema"] = {"type": "string", "enum": list(formats)}


def _link(operation: dict[str, Any], parameters: Mapping[str, set[str]]) -> None:
    """Link an operation to those in :data:`LINKS`; ``parameters`` are the names of each operation's."""
    if operation["operationId"] not in LINKS:
        return
    parameter, place, others = LINKS[operation["operationId"]]
    beside = f"{place.rpartition('/')[0]}/workspace".lstrip("/")
    told = operation["operationId"] not in _WITHOUT_WORKSPACE
    values = {
        parameter: f"$response.body#/{place}",
        "workspace": f"$response.body#/{beside}" if told else "$request.query.workspace",
    }
    answer = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    answer["links"] = {
        other: {
            "operationId": other,
            "parameters": {name: value for name, value in values.items() if name in parameters[other]},
        }
        for other in others
    }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, which is left out and not null when there is nothing to say."""
    choices: list[dict[str, Any]] = [
        choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"
    ]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return choices[0] | rest


def _without_nul(schema: dict[str, Any]) -> None:
    """No address or parameter holds a NUL; see ``arguments.plain_request``."""
    free = schema.get("type") == "string" and not schema.keys() & {"enum", "const", "pattern", "format"}
    if free:
        schema["pattern"] = r"^[^\x00]*$"


def _refuse_other_names(schema: dict[str, Any]) -> None:
    """A name of another form is refused, not passed over: in an object whose names follow a pattern."""
    for field in schema.get("properties", {}).values():
        for choice in (field, *field.get("anyOf", ())):
            if "patternProperties" in choice:
                choice["additionalProperties"] = False


def _say_what_to_make(spec: dict[str, Any]) -> None:
    """A sandbox has an image, or a template that has one."""
    spec["anyOf"] = [
        {"title": title, "required": [name], "properties": {name: {"not": {"type": "null"}}}}
        for name, title in (("image", "from an image"), ("template", "from a template"))
    ]


def _say_what_to_run(spec: dict[str, Any], executors: Sequence[str]) -> None:
    """What the validators of a specification check, in the schema's own terms."""
    given = {"not": {"type": "null"}}
    absent = {"type": "null"}
    spec["anyOf"] = [
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
        {"command": ["echo", "hello"], "name": "greeting", "labels": {"team": "a"}},
    ]
