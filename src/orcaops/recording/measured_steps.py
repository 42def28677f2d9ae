"""Steps of a run → samples: each step is learned like a job of its own, under ``<key>|step:<command>``.

=============  ============================================================================
metric         when
=============  ============================================================================
step_failure   1 if it ended otherwise than with 0, 0 if it succeeded
step_duration  it succeeded, in seconds
=============  ============================================================================

Only of jobs with several steps: of one, the job says it all. A step is told by its command with what is
volatile masked; where a job has the same one twice, the second is called ``<command> #2``. A step that was
cut off, by a timeout or a cancellation, says nothing. The scope ``step_of`` is the key of the job.
"""

import math
import shlex
from datetime import datetime
from types import MappingProxyType

from orcaops.model.key import key_of_step, masked_command
from orcaops.model.metric import MetricName
from orcaops.model.run import Run, Status, Step
from orcaops.model.sample import Sample

_SHORTEST_S = 0.001


def samples_of_steps(run: Run, number: int, at: datetime) -> list[Sample]:
    """The samples of the steps of a final run that ended ``at``; none where it had but one. Pure."""
    spec = run.effective or run.requested
    if len(run.steps) < 2 and (spec is None or len(spec.steps()) < 2):
        return []
    scopes = MappingProxyType({"step_of": run.key, "all": run.workspace})
    context = run.context
    arm = run.trial.arm if run.trial is not None and run.trial.stage != "kept" else None
    samples: list[Sample] = []
    seen: dict[str, int] = {}
    cut_off = run.status not in (Status.SUCCEEDED, Status.FAILED)
    for place, step in enumerate(run.steps):
        label = masked_command(_line(step))
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            label = f"{label} #{seen[label]}"
        if step.exit_code is None or (cut_off and place == len(run.steps) - 1):
            continue
        failed = step.exit_code != 0 or step.signal is not None
        values = [(MetricName.STEP_FAILURE, float(failed))]
        if not failed and math.isfinite(step.duration_s) and step.duration_s >= 0:
            values.append((MetricName.STEP_DURATION, max(step.duration_s, _SHORTEST_S)))
        samples += [
            Sample(
                workspace=run.workspace,
                job_id=run.job_id,
                key=key_of_step(run.key, label),
                metric=metric,
                value=value,
                at=at,
                number=number,
                status=Status.FAILED if failed else Status.SUCCEEDED,
                cause=run.cause,
                scopes=scopes,
                image_digest=run.image_digest,
                command=run.command,
                commit=context.commit,
                branch=context.branch,
                host=context.host,
                host_class=context.host_class,
                memory_limit_bytes=spec.memory if spec is not None else None,
                cpus=spec.cpus if spec is not None else None,
                arm=arm,
                submitted_at=run.submitted_at,
                started_at=run.started_at,
            )
            for metric, value in values
        ]
    return samples


def _line(step: Step) -> str:
    """The step as it was asked for: of a shell's line the line."""
    if len(step.command) == 3 and step.command[:2] == ("sh", "-c"):
        return step.command[2]
    return shlex.join(step.command)
