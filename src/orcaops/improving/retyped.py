"""Retyped: a job as the command line that runs it, to be copied. Pure."""

import shlex
from collections.abc import Sequence

from orcaops.model.job import JobSpec
from orcaops.model.quantities import write_duration, write_size

_MASK = "***"  # what stands in a record where a secret was
_LONGEST = 1000  # a longer command is in somebody's script, where it is started


def retyped(
    spec: JobSpec, *options: str, command: Sequence[str] | None = None, name: str | None = None
) -> str | None:
    """``orcaops run`` with all that the job asks for; None where a command line cannot say it.

    ``command`` and ``name`` stand in for its own. A value of the environment that is masked is taken from
    wherever the command is typed; a command with a secret in it cannot be typed.

    >>> retyped(JobSpec(image="x:1", command=("true",), memory=2**29, env={"A": "b", "KEY": "***"}))
    'orcaops run --image x:1 --memory 512m -e A=b -e KEY -- true'
    """
    steps = (tuple(command),) if command is not None else spec.steps()
    if (
        len(steps) != 1
        or any(_MASK in word for word in steps[0])
        or spec.sandbox is not None
        or spec.parent_job_id is not None
    ):
        return None
    given: list[tuple[str, str | None]] = [
        ("--image", spec.image),
        ("--executor", spec.executor),
        ("--name", name or spec.name),
        (
            "--workspace",
            spec.workspace if spec.workspace != JobSpec.model_fields["workspace"].default else None,
        ),
        ("--timeout", write_duration(spec.timeout) if spec.timeout else None),
        ("--idle-timeout", write_duration(spec.idle_timeout) if spec.idle_timeout else None),
        ("--memory", write_size(spec.memory) if spec.memory else None),
        ("--cpus", f"{spec.cpus:g}" if spec.cpus else None),
        ("--pids", str(spec.pids) if spec.pids else None),
        ("--retries", str(spec.retries) if spec.retries else None),
        ("--pull", spec.pull_policy),
        ("--network", spec.network),
        ("--cwd", spec.cwd),
        *(
            ("-e", variable if _MASK in value else f"{variable}={value}")
            for variable, value in spec.env.items()
        ),
        *(("-v", f"{m.source}:{m.target}{':ro' if m.read_only else ''}") for m in spec.mounts),
        *(("--artifact", pattern) for pattern in spec.artifacts),
        *(("--label", f"{label}={value}") for label, value in spec.labels.items()),
    ]
    words = ["orcaops", "run", *options]
    for option, value in given:
        words += [option, shlex.quote(value)] if value is not None else []
    line = f"{' '.join(words)} -- {shlex.join(steps[0])}"
    return line if len(line) <= _LONGEST else None
