"""From a configuration it builds the house; with `wiring/` the only place that knows every implementation."""

import importlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from orcaops import plugins
from orcaops.config import Configuration, Settings
from orcaops.learning.learner import Forecaster, Learner
from orcaops.learning.loop import Loop
from orcaops.model.identity import ordered_id
from orcaops.model.job import JobSpec
from orcaops.model.override import OptimizedField
from orcaops.model.run import Context, Run
from orcaops.recording.logs.files import FileLogStore
from orcaops.recording.mirrors import Mirrors
from orcaops.recording.private_files import private_folder
from orcaops.recording.sealed_specs import SealedSpecs
from orcaops.recording.sql import open_store
from orcaops.recording.store import Store, Transaction
from orcaops.running.executor import Executor
from orcaops.running.executors.docker import DockerExecutor
from orcaops.running.executors.process import ProcessExecutor
from orcaops.running.host import host_context
from orcaops.running.ownership import Ownership
from orcaops.running.supervisor import Supervisor
from orcaops.services.absorb import Absorber, AbsorbingThread
from orcaops.services.absorbing.advising import Advising
from orcaops.services.absorbing.announcing import Announcing
from orcaops.services.absorbing.confirming import FLAKY, Confirming, Submit
from orcaops.services.absorbing.diagnosing import Diagnosing
from orcaops.services.absorbing.incidents import Incidents
from orcaops.services.advice import Advice
from orcaops.services.executing.accepting import Accepting
from orcaops.services.executing.dispatcher import Dispatcher
from orcaops.services.executing.recorder import StoreRecorder
from orcaops.services.executing.recovery import Recovery
from orcaops.services.failures import Failures
from orcaops.services.forecasts import Forecasts
from orcaops.services.history import History
from orcaops.services.insights import Insights
from orcaops.services.jobs import Jobs
from orcaops.services.knowing.evidence import EvidenceTaker
from orcaops.services.knowing.known_failures import KnowledgeBases
from orcaops.services.knowing.meaning import Meaning
from orcaops.services.memory import give_back
from orcaops.services.optimizations import Optimizations
from orcaops.services.periodic import PeriodicThread
from orcaops.services.predictions import Predictions
from orcaops.services.questions import Questions
from orcaops.services.remediation import Remediation
from orcaops.services.sandboxes import Sandboxes
from orcaops.services.telling import Telling
from orcaops.services.test_results import TestResults
from orcaops.services.trying.applying import Applying
from orcaops.services.trying.clearing import Clearing
from orcaops.services.trying.moves import Moves
from orcaops.services.trying.trials import Trials
from orcaops.services.upkeep import Upkeep
from orcaops.services.warming import Warming, WarmLimits
from orcaops.services.watching import Watching
from orcaops.wiring import language
from orcaops.wiring.channels import channels
from orcaops.wiring.learners import families, forecasters, learners
from orcaops.wiring.prices import prices_in_force

if TYPE_CHECKING:
    from orcaops.services.knowledge import Knowledge

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """The house with its doors: one attribute per service."""

    settings: Settings
    jobs: Jobs
    insights: Insights
    tests: TestResults
    failures: Failures
    remediation: Remediation
    knowing: Callable[[], "Knowledge"]
    predictions: Predictions
    forecasts: Forecasts
    advice: Advice
    optimizations: Optimizations
    history: History
    upkeep: Upkeep
    sandboxes: Sandboxes
    warming: Warming
    periodic: tuple[PeriodicThread, ...]
    recovery: Recovery
    dispatcher: Dispatcher
    absorber: Absorber
    absorbing: AbsorbingThread
    telling: Telling
    incidents: Incidents
    confirming: Confirming
    ownership: Ownership
    supervisor: Supervisor
    store: Store

    @property
    def knowledge(self) -> "Knowledge":
        """What is known of failures."""
        return self.knowing()

    @property
    def meaning(self) -> Meaning:
        """Search by meaning over failures."""
        return Meaning(self.store, KnowledgeBases(self.store))

    @property
    def questions(self) -> Questions:
        """Plain English, answered from the other services."""
        return Questions(
            self.store,
            self.failures,
            self.predictions,
            self.forecasts,
            self.meaning,
            prices=lambda: prices_in_force(self.settings),
            time_zone=self.settings.forecast.time_zone,
            clock=now,
            reader=language.reader(self.settings),
            remedies=lambda: self.knowledge.remedies,
        )

    def start(self) -> None:
        """Become a server: adopt what dead processes left, work off the queue, absorb in the background.

        What does not answer is logged. To look at it also imports the engine's client while no other thread
        runs: two that import and change the filters of warnings at once print what both want ignored.
        """
        for name, why in self.upkeep.health().items():
            log.info("%s: %s", name, why)
        recovered = self.recovery.recover()
        if recovered:
            log.info("took over from dead processes: %s", recovered)
        self.dispatcher.start()
        self.absorbing.start()
        for each in self.periodic:
            each.start()

    def close(self) -> None:
        """End in order: runs first, then what is learned from them, then the store."""
        self.dispatcher.stop()
        self.absorbing.stop()
        for each in self.periodic:
            each.stop()
        self.warming.close()
        self.supervisor.close()
        self.ownership.release()
        self.store.close()


def build(configuration: Configuration) -> App:
    """Wire the house. Opens the store; starts nothing.

    Raises ``OrcaError`` where something cannot be opened.
    """
    settings = configuration.settings
    home = private_folder(settings.home)
    store = open_store(settings.store_url)
    logs = FileLogStore(home / "logs", limit_bytes=settings.run.log_limit)
    prices = partial(prices_in_force, settings)

    # What is known of failures.
    knowledge_bases = KnowledgeBases(store)
    evidence = EvidenceTaker(store, logs, knowledge_bases)

    @cache
    def knowledge() -> "Knowledge":
        """Made when it is asked for: few commands need it, and what reads logs takes a moment to import."""
        from orcaops.services.knowledge import Knowledge

        return Knowledge(store, logs, knowledge_bases, clock=now, new_id=new_id)

    def reapply(transaction: Transaction) -> bool:
        """What a server does in the background; a command that teaches does it itself."""
        return dispatcher.started and knowledge().growth.settle(transaction)

    failures = Failures(
        store, logs, knowledge_bases, knowledge, settings.policy, lambda: language.assistant(settings, logs)
    )

    # Changes that are tried, and what stops them.
    incidents = Incidents(store, clock=now)
    moves = Moves(clock=now, new_id=new_id, incident=incidents.paused_in)
    trials = _trials(settings, store, moves)
    optimizations = Optimizations(store, moves)

    # What runs jobs.
    installation = store.installation()
    recorder = StoreRecorder(
        store,
        logs,
        SealedSpecs(installation),
        evidence,
        trials,
        artifacts=home / "artifacts",
        index_limit_bytes=settings.run.index_limit,
    )
    ownership = Ownership(home, secrets.token_hex(4))
    executors = _executors(settings, installation, ownership)
    supervisor = Supervisor(executors, recorder, grace_s=settings.run.grace_s)
    host = host_context()
    sandboxes = _sandboxes(settings, store, executors, host)
    warming = _warming(settings, store, executors, incidents)
    tending = PeriodicThread("warming", 2.0, warming.tend)

    def finished(run: Run) -> None:
        sandboxes.used(run)
        if dispatcher.started:
            absorbing.wake()
            tending.wake()

    dispatcher = Dispatcher(
        store,
        logs,
        recorder,
        supervisor,
        ownership,
        policy=settings.policy,
        adopting=frozenset(name for name, executor in executors.items() if executor.capabilities.adopts),
        concurrency=settings.server.concurrency,
        finished=finished,
        clock=now,
        still=trials.still,
    )
    recovery = Recovery(store, executors, ownership, dispatcher, now)

    # What learns, and what is said of it.
    loop = Loop(learners(settings))
    foreseeing = forecasters(settings)
    advising = Advising(
        plugins.find("advisor", settings.plugins.dirs, settings.advisors),
        prices=prices,
        concurrency=settings.server.concurrency,
    )
    predictions = Predictions(store, loop, now)

    # What orders runs by itself: a server queues them; without one they run here and now.
    def try_out(spec: JobSpec) -> Run:
        return jobs.submit(spec, teaches=False) if dispatcher.started else jobs.run(spec, teaches=False)

    def again(spec: JobSpec, idempotency_key: str) -> Run:
        if dispatcher.started:
            return jobs.submit(spec, idempotency_key=idempotency_key)
        return jobs.run(spec)

    def rerun(spec: JobSpec, *, idempotency_key: str | None, teaches: bool, retry_of: str | None) -> Run:
        return jobs.submit(spec, idempotency_key=idempotency_key, teaches=teaches, retry_of=retry_of)

    def clean() -> tuple[tuple[str, ...], int]:
        swept = upkeep.gc()
        return swept.removed, swept.freed_bytes

    advice = Advice(
        store,
        advising,
        launch=try_out,
        appliers=(Applying(store, moves, clock=now), Clearing(sandboxes)),
        clock=now,
        new_id=new_id,
        idle_sandboxes=sandboxes.idle,
    )
    confirming = _confirming(settings, store, rerun, incidents, loop.learners)
    remediation = Remediation(
        store,
        failures,
        launch=again,
        clean=clean,
        policy=settings.policy,
        paused=incidents.automation_paused,
        clock=now,
        new_id=new_id,
    )

    # What follows the end of a run.
    announcing = Announcing(now, settings=settings.notify, families=families(loop.learners))
    watching = Watching(store, logs, loop, announcing, clock=now)
    telling = Telling(store, channels(settings), now, settings=settings.notify)
    absorber = Absorber(
        store,
        loop,
        advising=[advising.follow],
        telling=[
            watching.follow,
            trials.follow,
            announcing.follow,
            confirming.follow,
            remediation.follow,
            advice.tell,
        ],
        settling=[advising.settle, reapply],
        diagnose=Diagnosing(knowledge_bases).diagnose,
    )
    upkeep = Upkeep(
        store,
        logs,
        Mirrors(home),
        executors,
        loop,
        absorber,
        recovery,
        home=home,
        logs_for=timedelta(days=settings.retention.logs_days),
        artifacts_for=timedelta(days=settings.retention.artifacts_days),
        clock=now,
        further=[telling.checks, incidents.checks, optimizations.checks, sandboxes.checks],
        sweeps=[sandboxes.sweep],
        failing=telling.failing,
        gathering=evidence.missing,
    )
    absorbing = AbsorbingThread(absorber, upkeep.mirror)

    accepting = Accepting(
        executors,
        predictions,
        trials,
        policy=settings.policy,
        default_executor=settings.run.executor,
        default_timeout_s=settings.run.timeout,
        host=host,
        clock=now,
        new_id=new_id,
    )
    jobs = Jobs(
        store,
        logs,
        accepting,
        recorder,
        dispatcher,
        predictions,
        executors,
        ownership,
        queue_limit=settings.server.queue_limit,
        absorb=absorber.absorb_all,
        clock=now,
        new_id=new_id,
        inside=sandboxes.inside,
    )
    return App(
        settings=settings,
        jobs=jobs,
        tests=TestResults(store),
        insights=Insights(
            store,
            clock=now,
            new_id=new_id,
            stale_after=timedelta(days=settings.learning.stale_after_days),
        ),
        failures=failures,
        remediation=remediation,
        knowing=knowledge,
        predictions=predictions,
        forecasts=_forecasts(settings, store, foreseeing),
        advice=advice,
        optimizations=optimizations,
        history=History(
            store,
            logs,
            absorber,
            lambda: learners(settings),
            ownership,
            clock=now,
            index_limit_bytes=settings.run.index_limit,
            evidence=evidence,
            forecasters=foreseeing,
        ),
        upkeep=upkeep,
        sandboxes=sandboxes,
        warming=warming,
        periodic=(
            tending,
            PeriodicThread("sandboxes", 30.0, sandboxes.sweep),
            PeriodicThread("watching", 10.0, watching.look),
            PeriodicThread("telling", 2.0, telling.deliver),
            PeriodicThread("taking over", 2.0, recovery.take_over),
            PeriodicThread("reaping", 30.0, recovery.reap),
            PeriodicThread("confirming", 2.0, confirming.submit_wanted),
            PeriodicThread("memory", 60.0, give_back),
        ),
        recovery=recovery,
        dispatcher=dispatcher,
        absorber=absorber,
        absorbing=absorbing,
        telling=telling,
        incidents=incidents,
        confirming=confirming,
        ownership=ownership,
        supervisor=supervisor,
        store=store,
    )


def _trials(settings: Settings, store: Store, moves: Moves) -> Trials:
    return Trials(
        store,
        moves,
        ceilings={
            OptimizedField.MEMORY: settings.policy.max_memory,
            OptimizedField.CPUS: settings.policy.max_cpus,
            OptimizedField.TIMEOUT: settings.policy.max_timeout,
        },
        raise_to=settings.optimization.raise_to,
        clock=now,
    )


def _sandboxes(
    settings: Settings, store: Store, executors: Mapping[str, Executor], host: Context
) -> Sandboxes:
    chosen = settings.sandboxes
    return Sandboxes(
        store,
        executors,
        policy=settings.policy,
        host=host.host,
        idle_limit_s=chosen.idle_limit,
        lifetime_s=chosen.lifetime,
        clean_idle=chosen.clean_idle,
        most=chosen.most,
        templates=chosen.templates,
        grace_s=settings.run.grace_s,
        clock=now,
        new_id=new_id,
    )


def _warming(
    settings: Settings, store: Store, executors: Mapping[str, Executor], incidents: Incidents
) -> Warming:
    chosen = settings.warm
    return Warming(
        store,
        executors,
        mode=chosen.mode,
        worth_min=chosen.worth_minutes,
        limits=WarmLimits(
            containers=chosen.containers,
            memory_bytes=chosen.memory,
            disk_bytes=chosen.disk,
            minutes_per_day=chosen.minutes_per_day,
        ),
        paused=incidents.automation_paused,
        clock=now,
        new_id=new_id,
    )


def _confirming(
    settings: Settings, store: Store, rerun: Submit, incidents: Incidents, learners: Sequence[Learner]
) -> Confirming:
    return Confirming(
        store,
        rerun,
        incidents,
        mode=settings.learning.confirm,
        per_hour=settings.learning.confirm_per_hour,
        keys=settings.learning.confirm_keys,
        flaky_version=next((each.version for each in learners if each.name == FLAKY), 0),
        clock=now,
        new_id=new_id,
    )


def _forecasts(settings: Settings, store: Store, forecasters: Sequence[Forecaster]) -> Forecasts:
    return Forecasts(
        store,
        forecasters,
        prices=partial(prices_in_force, settings),
        time_zone=settings.forecast.time_zone,
        holidays=settings.forecast.holidays,
        wait_goal_s=settings.forecast.wait_goal,
        concurrency=settings.server.concurrency,
        clock=now,
    )


def import_everything() -> None:
    """Import what building the house and running a job in a container would import on the way."""
    for module in (
        "docker",
        "sqlalchemy.dialects.sqlite",
        "orcaops.recording.sql.store",
    ):
        importlib.import_module(module)


def now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random id that sorts by the time of its making."""
    return ordered_id(time.time_ns() // 1_000_000, os.urandom(10))


def _executors(settings: Settings, installation: str, ownership: Ownership) -> Mapping[str, Executor]:
    return {
        "docker": DockerExecutor(
            installation=installation,
            pids=settings.run.pids,
            hosts=settings.home / "hosts",
            engine_wait_s=settings.run.engine_wait,
            ownership=ownership,
        ),
        "process": ProcessExecutor(settings.home / "work", installation=installation),
    }
