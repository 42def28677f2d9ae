"""All faces offer the same services; where one does not, this table says why."""

import ast
from pathlib import Path

import pytest

import orcaops.interfaces
from orcaops.services.absorbing.incidents import Incidents
from orcaops.services.advice import Advice
from orcaops.services.failures import Failures
from orcaops.services.forecasts import Forecasts
from orcaops.services.history import History
from orcaops.services.insights import Insights
from orcaops.services.jobs import Jobs
from orcaops.services.knowledge import Knowledge
from orcaops.services.optimizations import Optimizations
from orcaops.services.predictions import Predictions
from orcaops.services.questions import Questions
from orcaops.services.remediation import Remediation
from orcaops.services.sandboxes import Sandboxes
from orcaops.services.telling import Telling
from orcaops.services.test_results import TestResults
from orcaops.services.upkeep import Upkeep
from orcaops.services.warming import Warming

SERVICES = {
    "advice": Advice,
    "failures": Failures,
    "knowledge": Knowledge,
    "forecasts": Forecasts,
    "history": History,
    "incidents": Incidents,
    "insights": Insights,
    "jobs": Jobs,
    "optimizations": Optimizations,
    "predictions": Predictions,
    "questions": Questions,
    "remediation": Remediation,
    "sandboxes": Sandboxes,
    "tests": TestResults,
    "telling": Telling,
    "upkeep": Upkeep,
    "warming": Warming,
}
FACES = ("cli", "rest", "mcp")

INSIDE = {
    "advice.tell": "a step of absorbing",
    "incidents.checks": "what Upkeep.doctor says",
    "incidents.paused_in": "what whoever acts by itself asks",
    "jobs.each": "what History.export gives away",
    "knowledge.growth": "what `failures.debug` asks, and the absorber's last step",
    "knowledge.remedies": "what `failures.debug` asks",
    "optimizations.checks": "what Upkeep.doctor says",
    "predictions.again": "what Questions.ask tells of a job's next run",
    "predictions.foresee": "what Jobs.submit attaches",
    "predictions.remaining": "what Jobs.get says of a running job",
    "remediation.follow": "a step of absorbing",
    "sandboxes.checks": "what Upkeep.doctor says",
    "sandboxes.idle": "what Advice.recommendations asks",
    "sandboxes.inside": "what Jobs.submit asks",
    "sandboxes.sweep": "what Upkeep.gc does, and a server by itself",
    "sandboxes.used": "what follows the end of a run",
    "telling.checks": "what Upkeep.doctor says",
    "telling.failing": "what Upkeep.health says",
    "warming.close": "a step of the server's end",
    "warming.mode": "a part of its status",
    "warming.tend": "what a server does by itself",
}
"""Methods that other services and ``app.py`` use, and no face."""

OPERATOR = "it is the operator's, at the machine"
AGENT = "agents are not to do it, or have no use for it"
SEVERAL = "a job of an agent has a container of its own; sandboxes are for people and scripts"
MISSING: dict[str, dict[str, str]] = {
    "advice.recommendation": {"mcp": "the list has every field"},
    "forecasts.forecast": {"mcp": AGENT},
    "history.examine": {"rest": OPERATOR, "mcp": OPERATOR},
    "history.examine_file": {"rest": OPERATOR, "mcp": OPERATOR},
    "history.export": {"mcp": "too large for a model: lists come in pages"},
    "history.import_file": {"mcp": AGENT},
    "incidents.automation_paused": {"mcp": "`orcaops_get_anomalies` with type `incident`, open"},
    "incidents.paused": {"cli": "`doctor` says it", "mcp": OPERATOR},
    "insights.anomalies_of": {"rest": "`GET /anomalies?job_id=` and the record's ids"},
    "insights.anomaly": {"mcp": "the list has every field"},
    "insights.each_baseline": {"rest": "lists come in pages", "mcp": "lists come in pages"},
    "insights.reset_baseline": {"mcp": AGENT},
    "knowledge.accept": {"mcp": AGENT},
    "knowledge.coverage": {"mcp": AGENT},
    "knowledge.dismiss": {"mcp": AGENT},
    "knowledge.edit": {"mcp": AGENT},
    "knowledge.export": {"mcp": AGENT},
    "knowledge.forget": {"mcp": AGENT},
    "knowledge.import_": {"mcp": AGENT},
    "knowledge.match": {"rest": "a log lies with who asks", "mcp": "`orcaops_debug_job` reads the job's log"},
    "knowledge.proposals": {"mcp": AGENT},
    "knowledge.teach": {"mcp": AGENT},
    "jobs.artifacts": {"mcp": "they stand in the record, and each is a resource"},
    "jobs.executors": {"cli": "`doctor` names them with their health", "mcp": "refusals name them"},
    "jobs.facets": {"mcp": "searches with `limit` 1 count: every page has its total"},
    "jobs.follow": {"mcp": "a cursor on a growing log; streams belong to one request"},
    "jobs.log_tail": {"rest": "`after` begins anywhere, and clients keep what they need of a text"},
    "jobs.rerun": {"mcp": "the record has the specification, to be run as it is or changed"},
    "jobs.run": {"rest": "a server queues: submit, then wait", "mcp": "a server queues: submit, then wait"},
    "jobs.wait": {"cli": "it runs in its own process", "mcp": "waits without holding a thread"},
    "optimizations.approve": {"mcp": AGENT},
    "optimizations.modes": {"mcp": AGENT},
    "optimizations.optimization": {"mcp": AGENT},
    "optimizations.optimizations": {"mcp": AGENT},
    "optimizations.reject": {"mcp": AGENT},
    "optimizations.rollback": {"mcp": AGENT},
    "optimizations.set_mode": {"mcp": AGENT},
    "optimizations.waiting": {"rest": "`GET /optimizations?state=proposed&key=`", "mcp": AGENT},
    "failures.prompt": {"mcp": "an agent is a language model itself"},
    "remediation.fix": {"mcp": "`orcaops_run_job` takes what a fix says"},
    "sandboxes.copy_in": {"rest": "files come and go as tar archives", "mcp": SEVERAL},
    "sandboxes.copy_out": {"rest": "files come and go as tar archives", "mcp": SEVERAL},
    "sandboxes.create": {"mcp": SEVERAL},
    "sandboxes.fetch": {"cli": "`copy` unpacks it", "mcp": SEVERAL},
    "sandboxes.get": {"mcp": SEVERAL},
    "sandboxes.page": {"mcp": SEVERAL},
    "sandboxes.put": {"cli": "`copy` packs it", "mcp": SEVERAL},
    "sandboxes.remove": {"mcp": SEVERAL},
    "sandboxes.start": {"mcp": SEVERAL},
    "sandboxes.stop": {"mcp": SEVERAL},
    "telling.deliver": {"rest": "the server does it by itself", "mcp": AGENT},
    "telling.deliveries": {"mcp": AGENT},
    "telling.retry": {"mcp": AGENT},
    "telling.test": {"mcp": AGENT},
    "tests.page": {"mcp": "the record counts them, and anomalies name those behind them"},
    "upkeep.doctor": {"rest": "`/readyz` and `/metrics`", "mcp": OPERATOR},
    "upkeep.gc": {"rest": OPERATOR, "mcp": OPERATOR},
    "upkeep.health": {"cli": "`doctor` says it, and more", "mcp": OPERATOR},
    "upkeep.images": {"rest": OPERATOR, "mcp": OPERATOR},
    "upkeep.mirror": {"rest": "the server does it by itself", "mcp": "the server does it by itself"},
    "upkeep.relearn": {"rest": OPERATOR, "mcp": OPERATOR},
    "warming.plan": {"mcp": OPERATOR},
    "warming.status": {"mcp": OPERATOR},
}
"""What a face does not offer, with the reason."""


def methods() -> set[str]:
    """Every public method and property of the services."""
    return {
        f"{name}.{member}"
        for name, service in SERVICES.items()
        for member in vars(service)
        if not member.startswith("_")
    }


def offered(face: str) -> set[str]:
    """The methods that the modules of a face name: ``….jobs.page``, or ``jobs.page`` of a local ``jobs``."""
    folder = Path(next(iter(orcaops.interfaces.__path__))) / face
    named = set()
    for path in folder.glob("*.py"):  # not cli/remote: it stands for the services, and names them all
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute | ast.Name):
                owner = node.value.attr if isinstance(node.value, ast.Attribute) else node.value.id
                named.add(f"{owner}.{node.attr}")
    return named & methods()


@pytest.mark.parametrize("face", FACES)
def test_a_face_offers_everything_but_what_the_table_names(face: str) -> None:
    missing = {method for method, faces in MISSING.items() if face in faces}
    assert methods() - INSIDE.keys() - offered(face) == missing


def test_the_table_names_what_there_is() -> None:
    assert MISSING.keys() | INSIDE.keys() <= methods()
    for method, faces in MISSING.items():
        assert faces.keys() < set(FACES), f"{method} is offered by nobody"
        assert all(faces.values())
