"""Accepting: what becomes of a job between being asked for and being queued.

The policy sets its limits, an executor is found that can keep them, optimizations on trial are laid over it,
and what is expected of it is written into its record, where it can be scored later.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from orcaops.guarding.policy import Policy, apply, check
from orcaops.improving.overrides import Laid
from orcaops.model.job import JobSpec
from orcaops.model.key import key_of
from orcaops.model.run import Context, Run, Status
from orcaops.recording.redaction import redact_spec
from orcaops.recording.store import Transaction
from orcaops.running.executor import Capabilities, Executor
from orcaops.running.placement import choose, place
from orcaops.services.predictions import Predictions
from orcaops.services.trying.trials import Trials

_MAY_CHANGE = ("executor", "memory", "cpus", "pids", "timeout", "retries", "pull_policy")


class Accepting:
    """Turns a specification into the record of a run that is about to be queued.

    ``host`` is this machine; ``default_executor`` and ``default_timeout_s`` are for jobs that name none.
    """

    def __init__(
        self,
        executors: Mapping[str, Executor],
        predictions: Predictions,
        trials: Trials,
        *,
        policy: Policy,
        default_executor: str | None,
        default_timeout_s: float | None,
        host: Context,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._executors = executors
        self._predictions = predictions
        self._trials = trials
        self._policy = policy
        self._default_executor = default_executor
        self._default_timeout_s = default_timeout_s
        self._host = host
        self._clock = clock
        self._new_id = new_id

    def admitted(self, spec: JobSpec) -> JobSpec:
        """The job with the limits and the executor that it will have.

        Raises ``forbidden`` by policy, ``invalid`` or ``conflict`` where no executor can run it as asked.
        """
        if spec.timeout is None and self._default_timeout_s is not None:
            spec = spec.model_copy(update={"timeout": self._default_timeout_s})
        effective = apply(self._policy, spec)
        name = choose(effective, self._capabilities(), default=self._default_executor)
        placed = effective.model_copy(update={"executor": name})
        check(self._policy, placed)  # the rules for executors hold for the one that nobody named, too
        return placed

    def runnable(self, effective: JobSpec) -> None:
        """Raise ``unavailable`` where the executor of an admitted job cannot run anything now."""
        place(effective, self._executors)

    def run_of(
        self,
        transaction: Transaction,
        spec: JobSpec,
        effective: JobSpec,
        *,
        owner: str | None,
        attached: bool,
        teaches: bool = True,
    ) -> tuple[Run, JobSpec]:
        """The record of a job, and the job as it will run: with what optimizations change about it."""
        shown = redact_spec(spec)
        command = shown.command_line()
        key = key_of(image=spec.image, command_line=command, name=spec.name)
        job_id = self._new_id()
        laid = Laid(effective)
        # A sandbox has limits of its own, and what only confirms something is to run as it did.
        if teaches and spec.sandbox is None:
            work = key_of(image=spec.image, command_line=command, name=None)
            laid = self._trials.lay(transaction, key, job_id, effective, self._fits, work=work)
        effective = laid.spec
        # Policy, placement and optimizations change limits and the executor only: nothing that could hold a
        # secret.
        shown_effective = shown.model_copy(update={name: getattr(effective, name) for name in _MAY_CHANGE})
        prediction, seen = self._predictions.foresee(transaction, shown_effective)
        run = Run(
            job_id=job_id,
            key=key,
            status=Status.QUEUED,
            submitted_at=self._clock(),
            name=spec.name,
            image=spec.image,
            command=command,
            executor=effective.executor,
            requested=shown,
            effective=shown_effective,
            prediction=prediction,
            prediction_seen=seen,
            labels=shown.labels,
            context=self._host.model_copy(
                update={
                    "commit": spec.commit,
                    "branch": spec.branch,
                    "triggered_by": spec.triggered_by,
                    "env_names": tuple(sorted(spec.env)),
                }
            ),
            workspace=spec.workspace,
            intent=shown.intent,
            parent_job_id=spec.parent_job_id,
            sandbox=spec.sandbox,
            owner=owner,
            attached=attached,
            teaches=teaches,
            masked=shown != spec,
            overrides=laid.overrides,
            trial=laid.trial,
        )
        return run, effective

    def _fits(self, spec: JobSpec) -> None:
        """Raise what an executor that cannot keep these limits, or the policy, raises."""
        choose(spec, self._capabilities())
        check(self._policy, spec)

    def _capabilities(self) -> dict[str, Capabilities]:
        return {name: each.capabilities for name, each in self._executors.items()}
