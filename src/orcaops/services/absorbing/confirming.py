"""Confirming: what is in doubt is run once more, with the same image and specification, and teaches nothing.

Off unless ``learning.confirm`` says otherwise, and then only for jobs that somebody has declared safe to run
again: by the label ``orcaops.rerun=allowed`` or by ``learning.confirm_keys``. A run is confirmed once at
most, whatever is killed in between; a rerun never is. Nothing is confirmed during an incident, nor what was
given secrets, which are not kept.
"""

import dataclasses
import logging
import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal, Protocol

import orjson

from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.metric import MetricName
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Cause, Run, Status
from orcaops.notifying.digest import correction_of, told_ids
from orcaops.recording.confirmation import Confirmation
from orcaops.recording.measure import duration_of, memory_of
from orcaops.recording.store import MemoryKey, Store, Transaction
from orcaops.services.absorbing.incidents import Incidents
from orcaops.services.absorbing.verdicts import Verdicts
from orcaops.services.signing import Signing
from orcaops.stats import flakiness

log = logging.getLogger(__name__)

LABEL = "orcaops.rerun"
"""The label that says ``allowed`` if a job may be run again; anything else forbids it."""

FLAKY = "flaky"
"""The detector whose memory says how flaky a job is."""

_BY = "orcaops"

Mode = Literal["off", "failures", "anomalies", "all"]

_MEASURED = frozenset(("duration", "memory"))
_IN_DOUBT = (0.1, 0.9)  # a probability of being flaky between these: one rerun says most there
_FLAKE_RATE = 0.01
_WORTH_IT = timedelta(hours=1)  # later the world has changed, and the rerun would confirm something else
_AT_ONCE = 20


class Submit(Protocol):
    """What :meth:`orcaops.services.jobs.Jobs.submit` does."""

    def __call__(
        self, spec: JobSpec, *, idempotency_key: str | None, teaches: bool, retry_of: str | None
    ) -> Run:
        """Queue a job."""


class Confirming:
    """Wants reruns when runs are absorbed, submits them from a server, and notes what they showed."""

    def __init__(
        self,
        store: Store,
        submit: Submit,
        incidents: Incidents,
        *,
        mode: Mode,
        per_hour: int,
        keys: Sequence[str],
        flaky_version: int,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        """``flaky_version`` is that of the memories of the detector :data:`FLAKY`."""
        self._store = store
        self._submit = submit
        self._incidents = incidents
        self._mode = mode
        self._per_hour = per_hour
        self._keys = keys
        self._flaky_version = flaky_version
        self._clock = clock
        self._signing = Signing(clock, new_id)

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:
        """A step of absorbing: heed the reruns among live runs, and want new ones."""
        for run in runs:
            if run.source != "local":
                continue
            if not run.teaches:
                known = transaction.confirmations.of_rerun(run.workspace, run.job_id)
                if known is not None:
                    self._conclude(transaction, known, run)
            elif self._mode != "off" and run.retry_of is None and self._is_allowed(run):
                self._consider(transaction, run, absorbed)

    def submit_wanted(self) -> int:
        """Submit the reruns that wait, as far as the budget of the hour goes; returns how many."""
        if self._mode == "off":
            return 0
        now = self._clock()
        with self._store.read() as transaction:
            wanted = transaction.confirmations.wanted(now - _WORTH_IT, _AT_ONCE)
            if not wanted:
                return 0
            room = self._per_hour - transaction.confirmations.begun_since(now - timedelta(hours=1))
            paused = {
                workspace: self._incidents.paused_in(transaction, workspace)
                for workspace in {each.workspace for each in wanted}
            }
        submitted = 0
        for each in wanted:
            if submitted >= room or paused[each.workspace]:
                continue  # it waits, and is forgotten when it is no longer worth it
            submitted += self._rerun(each)
        return submitted

    def _is_allowed(self, run: Run) -> bool:
        """Whether somebody has declared that it can be run again without harm."""
        if run.effective is not None and run.effective.sandbox is not None:
            return False  # a sandbox stays, and is another one after each command
        said = run.labels.get(LABEL)
        if said is not None:
            return said == "allowed"
        return any(fnmatchcase(run.key, pattern) for pattern in self._keys)

    def _consider(self, transaction: Transaction, run: Run, absorbed: Absorbed) -> None:
        begun = [
            anomaly
            for anomaly in absorbed.anomalies
            if anomaly.workspace == run.workspace and anomaly.open and run.job_id in anomaly.job_ids[-1:]
        ]
        found: Anomaly | None = None
        because = ""
        if self._mode in ("anomalies", "all"):
            found = next(
                (
                    a
                    for a in begun
                    if a.type in _MEASURED and a.severity is Severity.CRITICAL and not a.muted_by
                ),
                None,
            )
            because = found.title if found is not None else ""
        tried_again = run.effective is not None and run.effective.retries  # that says the same
        failed = run.cause is Cause.COMMAND_FAILED and not tried_again
        if found is None and self._mode in ("failures", "all") and failed:
            doubt = self._doubt(transaction, run)
            if doubt is not None and _IN_DOUBT[0] < doubt < _IN_DOUBT[1]:
                found = next((a for a in begun if a.type in ("error", "flaky", "degradation")), None)
                because = f"it failed, and is flaky with a probability of {doubt:.0%}"
        if because:
            transaction.confirmations.want(
                Confirmation(
                    workspace=run.workspace,
                    job_id=run.job_id,
                    anomaly_id=None if found is None else found.id,
                    state="wanted",
                    because=because,
                    at=self._clock(),
                )
            )

    def _doubt(self, transaction: Transaction, run: Run) -> float | None:
        """The probability that a job is flaky, as far as its detector has learned."""
        place = MemoryKey(run.workspace, FLAKY, self._flaky_version, MetricName.FAILURE, "key", run.key)
        stored = transaction.memories.get_many([place]).get(place)
        hidden = orjson.loads(stored).get("hidden") if stored is not None else None
        if hidden is None:
            return None
        return flakiness.rate_above(hidden, flakiness.FLAKY, _FLAKE_RATE)

    def _rerun(self, wanted: Confirmation) -> bool:
        with self._store.read() as transaction:
            run = transaction.runs.get(wanted.workspace, wanted.job_id)
        spec = run.effective or run.requested
        if run.masked or spec is None:
            return self._decline(wanted, "it was given secrets, which are not kept")
        once = {"parent_job_id": run.job_id, "triggered_by": "confirmation", "retries": 0}
        spec = spec.model_copy(update=once)
        try:
            # The key makes it one rerun for ever, also where this process is killed behind the next line.
            rerun = self._submit(
                spec, idempotency_key=f"confirm-{run.job_id}", teaches=False, retry_of=run.job_id
            )
        except OrcaError as error:
            if error.code in (ErrorCode.UNAVAILABLE, ErrorCode.CONFLICT):  # or another process just did it
                log.info("%s cannot be confirmed now: %s", run.job_id, error)
                return False
            return self._decline(wanted, str(error))
        begun = dataclasses.replace(wanted, state="running", at=self._clock(), rerun_id=rerun.job_id)
        with self._store.write() as transaction:
            transaction.confirmations.keep(begun)
            final = transaction.runs.get(rerun.workspace, rerun.job_id)
            if final.number is not None:  # it was absorbed before anybody knew what it was for
                self._conclude(transaction, begun, final)
        return True

    def _decline(self, wanted: Confirmation, because: str) -> bool:
        with self._store.write() as transaction:
            transaction.confirmations.keep(dataclasses.replace(wanted, state="declined", because=because))
        return False

    def _conclude(self, transaction: Transaction, confirmation: Confirmation, rerun: Run) -> None:
        """Note what a rerun showed, and show it on the anomaly."""
        if confirmation.state == "done":
            return
        run = transaction.runs.get(confirmation.workspace, confirmation.job_id)
        found = transaction.anomalies.find(run.workspace, filter(None, [confirmation.anomaly_id]))
        anomaly = found[0] if found else None
        confirmed, said = _compared(run, rerun, anomaly)
        because = (
            f"{'cannot be ' if confirmed is None else '' if confirmed else 'not '}confirmed by rerun"
            f" {rerun.job_id}: {said}"
        )
        done = dataclasses.replace(confirmation, state="done", because=because)
        transaction.confirmations.keep(done)
        if confirmed is None:
            return
        self._signing.sign(
            transaction,
            run.workspace,
            "job" if anomaly is None else "anomaly",
            run.job_id if anomaly is None else anomaly.id,
            "confirm",
            by=_BY,
            reason=because,
            details={
                "confirmed": confirmed,
                "because": because,
                "job_id": rerun.job_id,
                "run_count": 1 if anomaly is None else anomaly.run_count,
            },
        )
        if anomaly is None:
            return
        (shown,) = Verdicts().anew(transaction, [anomaly])
        transaction.anomalies.put_many([shown])
        if transaction.outbox.known(shown.workspace, told_ids(shown)):
            transaction.outbox.add([correction_of(shown)], due_at=self._clock())


def _compared(run: Run, rerun: Run, anomaly: Anomaly | None) -> tuple[bool | None, str]:
    """Whether a rerun did the same, None where it says nothing, and a few words."""
    if rerun.image_digest != run.image_digest:
        return None, "the image is another one by now"
    if rerun.status in (Status.CANCELLED, Status.LOST) or rerun.cause in (
        Cause.IMAGE_UNAVAILABLE,
        Cause.ENGINE_LOST,
        Cause.INFRASTRUCTURE,
        Cause.POLICY_DENIED,
    ):
        return None, f"it ended by another cause ({rerun.cause or rerun.status})"
    if anomaly is None or anomaly.type not in _MEASURED:
        if rerun.status is Status.SUCCEEDED:
            return False, "it passed"
        return True, f"it failed again ({f'exit code {rerun.exit_code}' if rerun.exit_code else rerun.cause})"
    if rerun.status is not Status.SUCCEEDED:
        return None, "it failed"
    value = duration_of(rerun) if anomaly.type == "duration" else memory_of(rerun.usage)
    limit = anomaly.evidence.get("usual_high")
    if value is None or not isinstance(limit, (int, float)) or not math.isfinite(limit):
        return None, "it was not measured"
    shown = show_duration(value) if anomaly.type == "duration" else show_size(value)
    return (True, f"{shown} again") if value > limit else (False, f"{shown}, as usual")
