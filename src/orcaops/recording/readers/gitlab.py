"""gitlab: jobs and pipelines, as GitLab's API gives them (``…/jobs``, ``…/pipelines/ID``)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from orcaops.model.run import Run
from orcaops.recording.foreign_runs import run_of
from orcaops.recording.json_documents import objects_of
from orcaops.recording.reader import BadLine, Reader, ReadOptions

_STATUS = {"success": "succeeded", "failed": "failed", "canceled": "cancelled"}
_DID_NOT_RUN = ("skipped", "manual", "scheduled")
_TIMED_OUT = ("job_execution_timeout", "stuck_or_timeout_failure")
_BY_ITSELF = (None, "", "script_failure", "unknown_failure")
_PROJECT = re.compile(r"https?://[^/]+/(.+?)/-/(?:jobs|pipelines)/")


@dataclass(frozen=True, slots=True)
class Gitlab:
    """Arrays of jobs or pipelines, or several of them one behind the other.

    A job is named ``PROJECT/JOB``, a pipeline ``PROJECT/pipeline``. Failure reasons other than the script's
    own are the infrastructure's doing. Skipped and manual jobs did not run and are passed over.
    """

    name: str = "gitlab"

    def sniff(self, beginning: bytes) -> bool:
        """What only these items hold."""
        return b'"pipeline":' in beginning or (b'"iid"' in beginning and b'"sha"' in beginning)

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per item; numbers count items."""
        number = 0
        try:
            for item in objects_of(file):
                number += 1
                try:
                    if item.get("status") not in _DID_NOT_RUN:
                        yield run_of(_fields(item), self.name, options)
                except (ValueError, TypeError, AttributeError, KeyError) as error:
                    yield BadLine(number, str(error))
        except ValueError as error:
            yield BadLine(number + 1, str(error))


def _fields(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("status") not in _STATUS:
        raise ValueError(f"it has not finished: its status is {item.get('status')!r}")
    status, cause = _STATUS[item["status"]], None
    reason = item.get("failure_reason")
    if status == "failed" and reason in _TIMED_OUT:
        status = "timed_out"
    elif status == "failed" and reason not in _BY_ITSELF:
        cause = "image_unavailable" if reason == "image_pull_failure" else "infrastructure"
    is_job = "pipeline" in item or "stage" in item
    pipeline = item.get("pipeline") or {}
    found = _PROJECT.match(str(item.get("web_url") or ""))
    project = found[1] if found else str(pipeline.get("project_id") or item.get("project_id") or "")
    user = item.get("user") or {}
    return {
        "job_id": f"gitlab-{'job' if is_job else 'pipeline'}-{item['id']}",
        "name": "/".join(part for part in (project, item.get("name") if is_job else "pipeline") if part),
        "status": status,
        "cause": cause,
        "message": reason,
        "submitted_at": item.get("created_at"),
        "started_at": item.get("started_at"),
        "finished_at": item.get("finished_at") or (None if is_job else item.get("updated_at")),
        # Of a pipeline, GitLab's own duration leaves waiting out; of a job it is the time on the runner.
        "duration_s": item.get("duration"),
        "commit": (item.get("commit") or {}).get("id") or item.get("sha"),
        "branch": item.get("ref"),
        "host": (item.get("runner") or {}).get("description"),
        "triggered_by": user.get("username"),
        "parent_job_id": f"gitlab-pipeline-{pipeline['id']}" if pipeline.get("id") else None,
        "labels": {"stage": item["stage"]} if item.get("stage") else None,
        "attributes": {k: str(item[k]) for k in ("web_url", "source") if item.get(k) is not None},
    }


reader: Reader = Gitlab()
