"""Paths: where a server keeps one thing."""

from urllib.parse import quote

from orcaops.model.errors import not_found
from orcaops.model.identity import is_id

_PLURALS = {
    "job": "jobs",
    "anomaly": "anomalies",
    "recommendation": "recommendations",
    "sandbox": "sandboxes",
    "optimization": "optimizations",
}


def job_path(job_id: str) -> str:
    """The path of one job. Raises ``not_found``."""
    return path_of("job", job_id)


def path_of(noun: str, known_by: str) -> str:
    """The path of one thing. Raises ``not_found`` for what cannot be the id of any, as the services do."""
    if not is_id(known_by):
        raise not_found(
            f"there is no {noun} {known_by!r}",
            where="id",
            hint=f"`orcaops {_PLURALS[noun]} list` shows them.",
        )
    return f"/{_PLURALS[noun]}/{quote(known_by, safe='')}"
