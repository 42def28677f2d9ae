"""ReattachingRun: one job's run in a container, whose engine may go away and come back meanwhile.

Between two losses of the engine the run is an attempt, which ends with the container or with the engine. When
the engine is back the container is looked for: if it is there, the next attempt takes it over where the last
one left it, and if its job certainly never began, it is started after all. Whoever adopts the run of a dead
owner does the same, and has only missed how it began.
"""

import contextlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime

from orcaops.model.job import JobSpec
from orcaops.model.run import PhaseName, Run
from orcaops.running.containers import leftovers
from orcaops.running.containers.attempt import ContainerAttempt, failed
from orcaops.running.containers.comeback import Comeback
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.heard import Heard
from orcaops.running.containers.launch_script import LaunchRecords
from orcaops.running.containers.output import engine_time
from orcaops.running.containers.request import (
    LABEL_JOB,
    LABEL_WARM,
    LABEL_WORD,
    JobRefusedError,
    container_name,
)
from orcaops.running.containers.status import ended_with_engine
from orcaops.running.containers.warm_attempt import WarmAttempt
from orcaops.running.containers.warm_pool import Held, WarmPool
from orcaops.running.engine.errors import EngineError, EngineGoneError, EngineRefusedError
from orcaops.running.executor import Failure, Halt, Observer, Outcome


class ReattachingRun:
    """One run of ``spec`` in the ``fleet``; ``engine_wait_s`` is how long :class:`Comeback` waits each time.

    Whatever is told to ``observer`` is told once.
    """

    def __init__(
        self, fleet: Fleet, run: Run, spec: JobSpec, observer: Observer, halt: Halt, *, engine_wait_s: float
    ) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._run = run
        self._spec = spec
        self._heard = Heard(observer)
        self._halt = halt
        self._engine_wait_s = engine_wait_s

    def cold(self) -> Outcome:
        """Run the job in a container that is made for it.

        An engine that goes away is waited for: before the container is started, because the jobs that wait
        must not all fail while one is started anew; and afterwards, because the container may outlive it.
        """
        try:
            return self._started()
        finally:
            self._fleet.hosts.take_back(container_name(self._run.job_id))

    def warm(self, held: Held, pool: WarmPool) -> Outcome | None:
        """Run the job in a container that stood ready; None if it never began there, and is to start cold."""
        attempt = WarmAttempt(
            self._engine, self._run, self._spec, held, pool, self._fleet.shares, self._heard, self._halt
        )
        try:
            with attempt:
                if attempt.run():
                    attempt.finish()
        except EngineGoneError:
            return self._reattached(away_since=datetime.now(UTC))
        return None if attempt.missed else replace(attempt.outcome, warm=True)

    def adopted(self, *, seen_until: datetime | None) -> Outcome:
        """Bring the run of a dead owner to its end, of which all was heard that came until ``seen_until``."""
        try:
            return self._reattached(seen_until=seen_until)
        finally:
            self._fleet.hosts.take_back(container_name(self._run.job_id))

    def _started(self) -> Outcome:
        comeback = self._comeback()
        while True:
            try:
                return self._attempted()
            except EngineGoneError as error:
                away_since, placed = datetime.now(UTC), self._heard.engine_ref is not None
                if not placed:
                    self._heard.phase(PhaseName.CREATE)
                if not comeback.awaited():
                    return failed(error, self._spec.image, existed=placed)
                if placed and not self._is_unbegun():
                    return self._reattached(away_since=away_since)
            except (EngineError, JobRefusedError) as error:
                return failed(error, self._spec.image)

    def _attempted(self) -> Outcome:
        """Raises :class:`EngineGoneError` where the engine went away, be it while the job ran."""
        run, word = self._run, secrets.token_hex(8)
        name = container_name(run.job_id)
        body, group = self._fleet.request(run, self._spec, word, name=name, owner=run.job_id)
        with ContainerAttempt(
            self._engine, run, self._spec, word, group, self._fleet.shares, self._heard, self._halt
        ) as attempt:
            if attempt.create(body) and attempt.run():
                attempt.finish()
        return attempt.outcome

    def _is_unbegun(self) -> bool:
        with contextlib.suppress(EngineError):
            return leftovers.never_began(self._fleet, self._run.job_id)
        return False

    def _reattached(
        self, *, seen_until: datetime | None = None, away_since: datetime | None = None
    ) -> Outcome:
        """Follow the container of a run that has been placed, as often as its engine comes back.

        ``away_since`` is when the engine was lost, where somebody saw it.
        """
        placed = self._run.changed(engine_ref=self._heard.engine_ref or self._run.engine_ref)
        comeback = self._comeback()
        while True:
            if not comeback.awaited():
                return failed(EngineGoneError("it does not answer"), self._spec.image, existed=True)
            try:
                return self._taken_over(placed, seen_until, away_since)
            except EngineGoneError:
                away_since = datetime.now(UTC)
            except (EngineError, JobRefusedError) as refusal:
                return failed(refusal, self._spec.image, existed=True)

    def _taken_over(self, run: Run, seen_until: datetime | None, away_since: datetime | None) -> Outcome:
        """Raises :class:`EngineGoneError` where the engine went away (again)."""
        container, word, warm_id = self._left_of(run)
        attempt = ContainerAttempt(
            self._engine,
            run,
            self._spec,
            word,
            self._fleet.groups.of(warm_id or run.job_id),
            self._fleet.shares,
            self._heard,
            self._halt,
            launch=LaunchRecords(word) if warm_id else None,
        )
        with attempt:
            attempt.outcome = Outcome(
                failure=Failure.ENGINE_LOST,
                message=f"{'OrcaOps ended' if away_since is None else 'The engine went away'} while this job "
                "ran, and no container that had started is left.",
            )
            if container:
                state = attempt.take_over(container)
                begun = engine_time(state["StartedAt"])
                if warm_id:  # it stood ready before, and may never have heard of the job
                    begun = leftovers.launched_at(self._engine, container, word)
                if state["Status"] != "created" and begun is not None:
                    attempt.replay(begun, self._heard.tell_again(seen_until))
                    attempt.finish()
                    if not self._halt.requested:
                        attempt.outcome = self._unless_ended_with_engine(attempt.outcome, away_since)
        return replace(attempt.outcome, warm=True) if warm_id else attempt.outcome

    def _left_of(self, run: Run) -> tuple[str, str, str]:
        """Id of the run's container, the word of its records, its id while it stood ready; each or empty."""
        for ref in filter(None, (run.engine_ref, container_name(run.job_id))):
            with contextlib.suppress(EngineRefusedError):
                facts = self._engine.inspect(ref)
                labels = facts["Config"].get("Labels") or {}
                warm_id = labels.get(LABEL_WARM, "") if ref == run.engine_ref else ""
                if self._fleet.has(labels) and (labels.get(LABEL_JOB) == run.job_id or warm_id):
                    return facts["Id"], labels.get(LABEL_WORD, ""), warm_id
        return "", "", ""

    def _unless_ended_with_engine(self, outcome: Outcome, away_since: datetime | None) -> Outcome:
        if outcome.failure is not None or not outcome.exit_code or outcome.oom_killed:
            return outcome
        since, keeps = self._engine.life()
        if not ended_with_engine(
            outcome.exit_code,
            outcome.started_at,
            outcome.finished_at,
            engine_since=engine_time(since),
            keeps=keeps,
            away_since=away_since,
        ):
            return outcome
        message = (
            f"The engine was started anew at {since[:19]}Z; the container ended with the one before, with "
            f"the status {outcome.exit_code}."
        )
        return replace(outcome, failure=Failure.ENGINE_LOST, message=message)

    def _comeback(self) -> Comeback:
        return Comeback(self._engine, self._run, self._halt, self._engine_wait_s, self._heard.unheard)
