"""github: workflow runs and jobs, as GitHub's Actions API gives them (``…/actions/runs``, ``…/jobs``)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from orcaops.model.run import Run
from orcaops.recording.foreign_runs import run_of, step_of
from orcaops.recording.json_documents import objects_of
from orcaops.recording.reader import BadLine, Reader, ReadOptions

_STATUS = {
    "success": "succeeded",
    "neutral": "succeeded",
    "failure": "failed",
    "startup_failure": "failed",
    "cancelled": "cancelled",
    "timed_out": "timed_out",
}
_DID_NOT_RUN = ("skipped", "action_required", "stale")
_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)/|github\.com/([^/]+/[^/]+)/actions")


@dataclass(frozen=True, slots=True)
class Github:
    """Pages of the API, arrays of their items, or several of them one behind the other.

    A workflow run is named ``REPO/WORKFLOW``, a job ``REPO/WORKFLOW/JOB`` with its steps and with the
    workflow run as its parent. What was skipped did not run and is passed over.
    """

    name: str = "github"

    def sniff(self, beginning: bytes) -> bool:
        """What only these pages hold."""
        return b'"workflow_runs"' in beginning or b'"head_sha"' in beginning or b'"run_attempt"' in beginning

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per item; numbers count items."""
        number = 0
        try:
            for document in objects_of(file):
                for item in document.get("workflow_runs") or document.get("jobs") or _single(document):
                    number += 1
                    try:
                        if item.get("conclusion") in _DID_NOT_RUN:
                            continue
                        yield run_of(_fields(item), self.name, options)
                    except (ValueError, TypeError, AttributeError, KeyError) as error:
                        yield BadLine(number, str(error))
        except ValueError as error:
            yield BadLine(number + 1, str(error))


def _single(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [document] if "id" in document else []


def _fields(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("status") not in (None, "completed"):
        raise ValueError(f"it has not finished: its status is {item.get('status')!r}")
    conclusion = item.get("conclusion")
    if conclusion not in _STATUS:
        raise ValueError(f"'conclusion' is {conclusion!r}")
    is_job = "run_id" in item
    attempt = item.get("run_attempt") or 1
    repository = _repository(item)
    workflow = (item.get("workflow_name") if is_job else item.get("name")) or item.get("path") or ""
    parts = [repository, workflow, item.get("name") if is_job else None]
    common = {
        "name": "/".join(str(part) for part in parts if part),
        "status": _STATUS[conclusion],
        "cause": "infrastructure" if conclusion == "startup_failure" else None,
        "submitted_at": item.get("created_at"),
        "commit": item.get("head_sha"),
        "branch": item.get("head_branch"),
        "attempt": attempt,
        "attributes": {
            k: str(item[k]) for k in ("html_url", "event", "run_number") if item.get(k) is not None
        },
    }
    if not is_job:
        actor = (item.get("triggering_actor") or item.get("actor") or {}).get("login")
        return common | {
            "job_id": f"github-run-{item['id']}-{attempt}",
            "started_at": item.get("run_started_at") or item.get("created_at"),
            "finished_at": item.get("updated_at"),
            "triggered_by": actor,
        }
    steps = (
        step_of(
            str(step.get("name")),
            step.get("started_at"),
            step.get("completed_at"),
            succeeded={"success": True, "failure": False}.get(step.get("conclusion")),
        )
        for step in item.get("steps") or ()
    )
    return common | {
        "job_id": f"github-job-{item['id']}",
        "submitted_at": item.get("created_at") or item.get("started_at"),
        "started_at": item.get("started_at"),
        "finished_at": item.get("completed_at"),
        "parent_job_id": f"github-run-{item['run_id']}-{attempt}",
        "host": item.get("runner_name") or None,
        "labels": {"runner": ",".join(item["labels"])} if item.get("labels") else None,
        "steps": [step for step in steps if step is not None],
    }


def _repository(item: dict[str, Any]) -> str:
    full_name = (item.get("repository") or {}).get("full_name")
    if full_name:
        return str(full_name)
    for field in ("run_url", "url", "html_url"):
        if match := _REPOSITORY.search(str(item.get(field) or "")):
            return match[1] or match[2]
    return ""


reader: Reader = Github()
