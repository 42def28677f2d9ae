"""Checks that every advisor must pass, and dossiers to look at: for the shipped ones and for outsiders.

``for check in CHECKS: check(advisor)``. Each check asks the advisor about all of :func:`dossiers`: jobs
with too much memory, hung runs, flaky failures and so on, and jobs in which nothing is to be improved.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.model.baseline import Baseline
from orcaops.model.job import JobSpec
from orcaops.model.key import key_of
from orcaops.model.prices import Prices
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Cause, Run, Status, Step, Usage

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LIMITS = frozenset(("memory", "timeout", "idle_timeout", "cpus"))
"""Fields whose change is replayed over history before it is shown."""

_ENDED = {
    Cause.SUCCESS: Status.SUCCEEDED,
    Cause.TIMEOUT_TOTAL: Status.TIMED_OUT,
    Cause.TIMEOUT_IDLE: Status.TIMED_OUT,
    Cause.CANCELLED: Status.CANCELLED,
    Cause.ENGINE_LOST: Status.LOST,
}
_GIB = 1024**3


def a_run(
    number: int,
    seconds: float = 60.0,
    *,
    spec: JobSpec | None = None,
    cause: Cause = Cause.SUCCESS,
    every: timedelta = timedelta(hours=1),
    usage: Usage | None = None,
    **fields: Any,
) -> Run:
    """One finished run of a job: the ``number``-th, submitted ``every`` so often."""
    spec = spec or JobSpec(name="job", command=("make", "test"))
    begun = START + number * every
    command = spec.command_line()
    made = {
        "job_id": f"job-{number:04}",
        "key": key_of(image=spec.image, command_line=command, name=spec.name),
        "status": _ENDED.get(cause, Status.FAILED),
        "cause": cause,
        "submitted_at": begun,
        "started_at": begun,
        "finished_at": begun + timedelta(seconds=seconds),
        "duration_s": seconds,
        "name": spec.name,
        "image": spec.image,
        "command": command,
        "requested": spec,
        "effective": spec,
        "usage": usage or Usage(),
        "number": number + 1,
    }
    return Run.model_validate(made | fields)


def a_dossier(runs: Sequence[Run], **fields: Any) -> Dossier:
    """What is known of a job of which these are the runs, oldest first."""
    newest = tuple(reversed(runs))
    seconds = sorted(r.duration_s for r in runs if r.duration_s is not None and r.cause is Cause.SUCCESS)
    baseline = Baseline(
        key=newest[0].key,
        sample_count=len(seconds),
        duration_p50=seconds[len(seconds) // 2] if seconds else None,
        run_count=len(runs),
        failure_count=sum(run.cause is not Cause.SUCCESS for run in runs),
        last_updated=newest[0].submitted_at,
    )
    made: dict[str, Any] = {
        "workspace": "default",
        "key": newest[0].key,
        "at": newest[0].finished_at or newest[0].submitted_at,
        "baseline": baseline,
        "runs": newest,
    }
    return Dossier(**(made | fields))


def dossiers() -> Iterator[tuple[str, Dossier]]:
    """Jobs of many kinds, by name; what an advisor says of them depends on the advisor."""
    roomy = JobSpec(name="roomy", command=("make",), memory=4 * _GIB, cpus=8, timeout=86400)
    lean = Usage(cpu_seconds=20.0, memory_resident_bytes=200 * 1024**2, memory_peak_bytes=_GIB)
    yield "roomy limits", a_dossier([a_run(n, 60 + n % 5, spec=roomy, usage=lean) for n in range(40)])
    fits = JobSpec(name="fits", command=("make",), memory=_GIB, cpus=1, timeout=300, retries=1)
    snug = Usage(cpu_seconds=50.0, memory_resident_bytes=700 * 1024**2, memory_peak_bytes=800 * 1024**2)
    yield "nothing to improve", a_dossier([a_run(n, 60 + n % 5, spec=fits, usage=snug) for n in range(40)])
    killed = [
        a_run(n, 30, spec=fits, usage=snug, cause=Cause.OOM_KILLED if n % 10 == 9 else Cause.SUCCESS)
        for n in range(40)
    ]
    yield "killed for memory", a_dossier(killed)
    hung = Cause.TIMEOUT_TOTAL
    yield (
        "hung",
        a_dossier(
            [
                a_run(n, 86400.0, spec=roomy, cause=hung, usage=Usage(cpu_seconds=1.0))
                if n % 10 == 9
                else a_run(n, 60.0, spec=roomy, usage=lean)
                for n in range(40)
            ]
        ),
    )
    lost = [a_run(n, 60.0, cause=Cause.INFRASTRUCTURE if n % 8 == 3 else Cause.SUCCESS) for n in range(40)]
    yield "the infrastructure fails", a_dossier(lost)
    steps = [("pip", "install", "-r", "requirements.txt"), ("ruff", "check"), ("mypy", "src"), ("pytest",)]
    several = JobSpec(image="python:3.11", commands=tuple(steps), network="bridge")
    quiet = Usage(network_received_bytes=100, network_sent_bytes=0, exact=True)
    yield (
        "install, then check",
        a_dossier(
            [
                a_run(
                    n,
                    100.0,
                    spec=several,
                    usage=quiet,
                    image_digest=f"sha256:{n // 20}",
                    steps=[
                        Step(command=command, started_at=START, duration_s=25.0 + n % 3, exit_code=0)
                        for command in steps
                    ],
                )
                for n in range(40)
            ],
            prices=Prices(currency="EUR", per_cpu_second=0.0001),
        ),
    )
    yield "one run", a_dossier([a_run(0, spec=roomy, usage=lean)])


def told(advisor: Advisor, dossier: Dossier) -> list[Recommendation]:
    """What an advisor says of a dossier, asked as the house asks it."""
    if not advisor.concerns(dossier.runs[0], dossier.baseline):
        return []
    return list(advisor.advise(dossier))


def check_it_is_one_frozen_instance(advisor: Any) -> None:
    """Its fields are its parameters, its docstring says what it does, with an example."""
    assert dataclasses.is_dataclass(type(advisor))
    assert advisor == dataclasses.replace(advisor)
    hash(advisor)
    assert ">>>" in (type(advisor).__doc__ or ""), "the docstring has no example"
    assert advisor.name
    assert advisor.needed >= 1


def check_it_is_pure(advisor: Advisor) -> None:
    """The same dossier gives the same answer, and is left as it was."""
    for _, dossier in dossiers():
        before = repr(dossier)
        assert told(advisor, dossier) == told(advisor, dossier)
        assert repr(dossier) == before


def check_ids_are_stable(advisor: Advisor) -> None:
    """With one more run the same proposals keep their ids; no two of one answer share one."""
    for _, dossier in dossiers():
        fewer = dataclasses.replace(dossier, runs=dossier.runs[1:]) if len(dossier.runs) > 30 else dossier
        now, then = told(advisor, dossier), told(advisor, fewer)
        assert len({each.id for each in now}) == len(now)
        fields = {each.field: each.id for each in then}
        assert all(fields.get(each.field, each.id) == each.id for each in now)


def check_an_effect_has_an_interval(advisor: Advisor) -> None:
    """What it saves is stated with an interval that holds the estimate, and the score is its three parts."""
    for each in _everything(advisor):
        saving = each.saving
        assert saving is not None
        assert saving.low <= saving.per_run <= saving.high
        assert saving.per_day_low <= saving.per_day <= saving.per_day_high
        assert 0 < saving.coverage < 1
        product = each.impact_score * each.frequency * each.ease_score
        assert abs(each.score - product) <= 1e-9 * abs(each.score)
        assert each.impact_score >= 0


def check_a_limit_is_replayed(advisor: Advisor) -> None:
    """A change of a limit says what it would have done to the runs there were."""
    for each in _everything(advisor):
        if each.change is not None and each.change.field in LIMITS:
            assert each.evidence["replayed_runs"] >= 1
            assert each.evidence["would_have_been_stopped"] == 0 or each.type == "reliability"


def check_it_names_its_evidence(advisor: Advisor) -> None:
    """Job ids and their number stand in the evidence, an action to be copied beside it."""
    for each in _everything(advisor):
        assert each.evidence["job_ids"]
        assert each.evidence["runs"] >= len(each.evidence["job_ids"])
        assert each.action.strip()
        assert each.title.strip()
        assert each.impact.strip()
        Recommendation.model_validate_json(each.model_dump_json())


def check_it_is_silent_with_too_little(advisor: Advisor) -> None:
    """With fewer runs than it needs it says nothing, unless a run was killed."""
    for _, dossier in dossiers():
        few = dossier.runs[: min(2, advisor.needed - 1)]
        if few and all(run.cause is Cause.SUCCESS for run in few):
            assert not told(advisor, dataclasses.replace(dossier, runs=few))


def check_it_is_silent_where_nothing_is_to_be_improved(advisor: Advisor) -> None:
    """A job whose limits fit, which succeeds and waits for nothing, is left alone."""
    assert not told(advisor, dict(dossiers())["nothing to improve"])


CHECKS: tuple[Callable[[Any], None], ...] = (
    check_it_is_one_frozen_instance,
    check_it_is_pure,
    check_ids_are_stable,
    check_an_effect_has_an_interval,
    check_a_limit_is_replayed,
    check_it_names_its_evidence,
    check_it_is_silent_with_too_little,
    check_it_is_silent_where_nothing_is_to_be_improved,
)
"""All of them, to be called with an advisor."""


def _everything(advisor: Advisor) -> Iterable[Recommendation]:
    for _, dossier in dossiers():
        yield from told(advisor, dossier)
