"""Findings about a failed run, as tests of what is made of them begin."""

from datetime import UTC, datetime

from orcaops.learning.failures.causes import CauseLine, Causes
from orcaops.learning.failures.classification import Classification
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.signature import Signature
from orcaops.model.debug import Quote
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Run, Status
from orcaops.services.explaining.findings import Findings

AT = datetime(2026, 3, 2, tzinfo=UTC)
CODE = Classification(0.1)
INFRASTRUCTURE = Classification(0.9)


def run_of(job_id: str = "now", **more: object) -> Run:
    spec = JobSpec(image="team/app:1", command=("make", "all the things"), memory=512 * MIB)
    document = {
        "job_id": job_id,
        "key": "image:team/app:1|command:make",
        "status": Status.FAILED,
        "cause": Cause.COMMAND_FAILED,
        "exit_code": 2,
        "submitted_at": AT,
        "command": "make",
        "requested": spec,
        "effective": spec,
    }
    return Run.model_validate(document | more)


def findings(run: Run, lines: tuple[str, ...] = (), **more: object) -> Findings:
    ranked = tuple(CauseLine(100 * n, n + 1, text, 1.0) for n, text in enumerate(lines))
    given: dict[str, object] = {
        "causes": Causes(ranked=ranked, lines=ranked, line_count=len(lines)),
        "matches": KnowledgeBase.shipped().explain((line.offset, line.text) for line in ranked),
        "quotes": {line.offset: Quote(offset=line.offset, text=line.text[:300]) for line in ranked},
        "signature": Signature("s", "f", "text", "kind"),
        "classification": CODE,
    }
    return Findings(run=run, **(given | more))  # type: ignore[arg-type]
