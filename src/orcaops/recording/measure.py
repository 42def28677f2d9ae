"""Run → samples: what there is to learn from one run, as numbers.

=================  ==========================================================================
metric             when
=================  ==========================================================================
duration           it succeeded; *censored* if it had started and was timed out or cancelled
failed_duration    its command failed
memory             it was measured; *censored* at the limit if it was killed for memory
cpu                it was measured, and the run ended by its own doing
queue_wait         it started
silence            it printed something: the longest time without output, or its idle timeout
failure            1 if it failed by its own doing, 0 if it succeeded
error              1, with the failure's signature as ``detail``
test_…, tests      of its tests: see :mod:`orcaops.recording.measured_tests`
step_…             of its steps, if several: see :mod:`orcaops.recording.measured_steps`
=================  ==========================================================================

Runs that say nothing about the work give nothing for ``failure``: those lost, cancelled, or ended by the
infrastructure (no image, engine gone, refused by a policy). A run with ``teaches`` false gives nothing at
all, and neither does one that was ended by a limit that an optimization had lowered. A number that is not
finite or below zero gives no sample; a duration below a millisecond counts as one, because clocks are no
finer and learners take logarithms.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from orcaops.model.attempts import killed_by_override
from orcaops.model.key import mask_volatile, masked_command
from orcaops.model.metric import MetricName
from orcaops.model.prediction import Forecasts, Prediction
from orcaops.model.run import Cause, PhaseName, Run, Status, Usage
from orcaops.model.sample import Sample
from orcaops.model.test_case import TestCase
from orcaops.recording.measured_steps import samples_of_steps
from orcaops.recording.measured_tests import samples_of_tests

SHORTEST_S = 0.001
"""A duration below this counts as this."""

ENOUGH_LOOKS = 3
"""A sampled resident size is used from so many looks on; below, the run was too short to observe."""

_INFRASTRUCTURE = frozenset(
    (Cause.IMAGE_UNAVAILABLE, Cause.ENGINE_LOST, Cause.INFRASTRUCTURE, Cause.POLICY_DENIED)
)
_STOPPED = frozenset((Status.TIMED_OUT, Status.CANCELLED))
_OF_USAGE: frozenset[str] = frozenset((MetricName.MEMORY, MetricName.CPU))
_MEASURED = frozenset((Status.SUCCEEDED, Status.FAILED))

_SIGNATURE_MASKS = (
    (re.compile(r"0x[0-9a-fA-F]+"), "<hex>"),
    (re.compile(r"(?:/[^\s/:'\"]+)+/([^\s/:'\"]+)"), r"…/\1"),  # folders differ, the file's name says which
    (re.compile(r"\d+(?:\.\d+)*"), "<n>"),
)
_LONGEST_SIGNATURE = 200


def samples_of(
    run: Run, number: int, said: str | None = None, cases: Sequence[TestCase] | None = None
) -> list[Sample]:
    """The samples of one final run whose place in the learning order is ``number``. Pure.

    Those of its tests come first, where ``cases`` are given, and those of its steps, so that what is said of
    the run can name what is behind it.

    ``at`` is when the run ended, as well as that is known: its finish, else its start and duration, else
    its submission, so that relearning gives the same. ``said`` is what the log of a failed run told, in words
    that are the same for the same failure; without it the log's first error stands for it.
    """
    if not run.teaches or not run.status.final or killed_by_override(run) is not None:
        return []
    values = _values(run, said)
    at = _ended_at(run)
    inside = samples_of_tests(run, number, at, cases) if cases is not None and _own_doing(run) else []
    if run.steps and _own_doing(run):
        inside += samples_of_steps(run, number, at)
    if not values:
        return inside
    # What is the same for all of them is looked up once.
    spec = run.effective or run.requested
    limit = memory_limit_of(run)
    cpus = spec.cpus if spec else None
    timeout_s = spec.timeout if spec else _noted(run, "timeout_s")
    arm = run.trial.arm if run.trial is not None and run.trial.stage != "kept" else None
    exact = run.usage.exact
    scopes = scopes_of(run.key, run.image, run.command, run.name, run.workspace)
    context = run.context
    predicted = _NOTHING if run.prediction is None else _promised(run.prediction)
    return inside + [
        Sample(
            workspace=run.workspace,
            job_id=run.job_id,
            key=run.key,
            metric=metric,
            value=value,
            at=at,
            number=number,
            status=run.status,
            cause=run.cause,
            censored=censored,
            exact=exact or metric not in _OF_USAGE,
            detail=detail,
            scopes=scopes,
            image_digest=run.image_digest,
            command=run.command,
            commit=context.commit,
            branch=context.branch,
            host=context.host,
            host_class=context.host_class,
            memory_limit_bytes=limit,
            cpus=cpus,
            timeout_s=timeout_s,
            arm=arm,
            submitted_at=run.submitted_at,
            started_at=run.started_at,
            env_names=context.env_names,
            predicted=predicted.get(metric),
            prediction_seen=run.prediction_seen,
        )
        for metric, value, censored, detail in values
    ]


_NOTHING: Mapping[str, Prediction] = {}


def _promised(forecasts: Forecasts) -> Mapping[str, Prediction]:
    """What was predicted before the run started, by the metric in which it comes true."""
    answers = {
        MetricName.DURATION: forecasts.duration,
        MetricName.MEMORY: forecasts.memory,
        MetricName.FAILURE: forecasts.failure_risk,
        MetricName.CPU: forecasts.cost,
    }
    return {metric: answer for metric, answer in answers.items() if isinstance(answer, Prediction)}


_Value = tuple[str, float, bool, str | None]


def _values(run: Run, said: str | None) -> list[_Value]:
    """Metric, value, censored, detail of everything that this run measured."""
    found: list[_Value] = []
    status, cause = run.status, run.cause
    own_doing = _own_doing(run)
    duration = duration_of(run) if own_doing else None
    if duration is not None:
        if status is Status.SUCCEEDED:
            found.append((MetricName.DURATION, duration, False, None))
        elif status in _STOPPED:
            found.append((MetricName.DURATION, duration, True, None))
        elif status is Status.FAILED and cause is not Cause.OOM_KILLED:
            found.append((MetricName.FAILED_DURATION, duration, False, None))
    if own_doing:
        out_of_memory = cause is Cause.OOM_KILLED
        memory = memory_of(run.usage)
        if out_of_memory:
            memory = max(memory or 0, memory_limit_of(run) or 0) or None
        if memory:
            found.append((MetricName.MEMORY, float(memory), out_of_memory or status in _STOPPED, None))
        cpu = run.usage.cpu_seconds
        if cpu is not None and status in _MEASURED and math.isfinite(cpu) and cpu >= 0:
            found.append((MetricName.CPU, cpu, False, None))
    if run.started_at is not None and run.attempt == 1:  # a later attempt waited for the one before it
        ours = run.phases.get(PhaseName.RUN)  # an engine elsewhere has a clock of its own
        begun_at = ours.started_at if ours is not None else run.started_at
        wait = (begun_at - run.submitted_at).total_seconds()
        if wait >= 0:  # below, a clock was set back in between
            found.append((MetricName.QUEUE_WAIT, wait, False, None))
    silence = silence_of(run) if own_doing else None
    if silence is not None:
        found.append((MetricName.SILENCE, silence, False, None))
    if own_doing and status is not Status.CANCELLED:
        failed = status is not Status.SUCCEEDED
        found.append((MetricName.FAILURE, float(failed), False, None))
        if failed:
            found.append((MetricName.ERROR, 1.0, False, signature_of(run, said)))
    return found


def _own_doing(run: Run) -> bool:
    """Whether how the run ended says something about the work."""
    return run.status is not Status.LOST and run.cause not in _INFRASTRUCTURE


def duration_of(run: Run) -> float | None:
    """Seconds from exec to exit, at least a millisecond; None if the run never started or makes no sense."""
    seconds = run.duration_s
    if seconds is None and run.started_at is not None and run.finished_at is not None:
        seconds = (run.finished_at - run.started_at).total_seconds()
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return None
    if run.started_at is None and run.status in _STOPPED:
        return None  # stopped while it was waiting: nothing ran
    return max(seconds, SHORTEST_S)


def memory_of(usage: Usage) -> int | None:
    """Bytes that the processes held, where the run was long enough to see it; else the kernel's peak.

    The kernel's peak counts page cache, so a job that writes a large file looks large by it; a sampled
    resident size is a lower bound that is worth something only after some looks.
    """
    resident = usage.memory_resident_bytes
    if resident and (
        usage.memory_resident_basis != "sampled"
        or usage.memory_samples is None
        or usage.memory_samples >= ENOUGH_LOOKS
        or usage.memory_peak_bytes is None
    ):
        return resident
    return usage.memory_peak_bytes or None


def silence_of(run: Run) -> float | None:
    """Seconds that passed at most without output, the last of them included; None where it printed nothing.

    A run that was stopped for being silent was silent for its idle timeout at least.
    """
    silence = run.longest_silence_s
    spec = run.effective or run.requested
    if run.cause is Cause.TIMEOUT_IDLE and spec is not None and spec.idle_timeout is not None:
        return max(silence or 0.0, spec.idle_timeout)
    return silence


def memory_limit_of(run: Run) -> int | None:
    """The limit that was in force: of the job as it ran, or as an import noted it."""
    spec = run.effective or run.requested
    if spec is not None:
        return spec.memory
    noted = _noted(run, "memory_limit_bytes")
    return int(noted) if noted is not None else None


def _noted(run: Run, attribute: str) -> float | None:
    """A number that an import kept among the attributes, because there was no command to make a job of."""
    text = run.context.attributes.get(attribute)
    return float(text) if text is not None else None


def signature_of(run: Run, said: str | None = None) -> str:
    """What failed, alike for the same failure: how it ended, and what was said of it.

    Where nothing was (None), the first error with its numbers masked stands for it.
    """
    if run.cause is not None and run.cause is not Cause.COMMAND_FAILED:
        ending = str(run.cause)
    elif run.signal is not None:
        ending = f"signal {run.signal}"
    else:
        ending = f"exit {run.exit_code}" if run.exit_code is not None else "failed"
    if said is not None:
        return f"{ending}: {said}" if said else ending
    line = (run.log.first_error if run.log else None) or ""
    return f"{ending}: {masked_line(line)}" if line else ending


@lru_cache(maxsize=4096)
def masked_line(line: str) -> str:
    """A line of a log without what differs from run to run."""
    text = mask_volatile(line)
    for pattern, mask in _SIGNATURE_MASKS:
        text = pattern.sub(mask, text)
    return text[:_LONGEST_SIGNATURE]


@lru_cache(maxsize=8192)
def scopes_of(
    key: str, image: str | None, command_line: str, name: str | None, workspace: str
) -> Mapping[str, str]:
    """Whose memories a run belongs to, per back-off level; the mapping is shared and cannot be changed.

    ``key`` the same work; ``command`` the same masked command on any image; ``tool`` the same image
    repository and first two words; ``image`` the same repository; ``all`` the workspace.

    >>> dict(scopes_of("name:t", "registry.local:5000/py@sha256:ab", "FOO=1 /usr/bin/pytest -q", "t", "w"))
    ... # doctest: +NORMALIZE_WHITESPACE
    {'key': 'name:t', 'command': 'FOO=1 /usr/bin/pytest -q', 'tool': 'registry.local:5000/py|pytest -q',
     'image': 'registry.local:5000/py', 'all': 'w'}
    """
    repository = repository_of(image)
    command = masked_command(command_line)
    words = [word for word in command.split(" ") if not re.match(r"[A-Za-z_][A-Za-z0-9_]*=", word)]
    first = words[0].rsplit("/", 1)[-1] if words else ""
    tool = " ".join([first, *words[1:2]]) if first else f"name:{name or ''}"
    return MappingProxyType(
        {
            "key": key,
            "command": command or key,
            "tool": f"{repository}|{tool}",
            "image": repository,
            "all": workspace,
        }
    )


def repository_of(image: str | None) -> str:
    """An image reference without tag and digest; ``host`` where there is no image.

    >>> repository_of("python:3.11"), repository_of("registry.local:5000/a/b@sha256:00"), repository_of(None)
    ('python', 'registry.local:5000/a/b', 'host')
    """
    if not image:
        return "host"
    reference = image.split("@", 1)[0]
    folder, slash, last = reference.rpartition("/")
    return folder + slash + last.split(":", 1)[0]


def _ended_at(run: Run) -> datetime:
    return run.finished_at or run.started_at or run.submitted_at
