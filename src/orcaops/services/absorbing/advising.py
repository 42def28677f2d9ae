"""Advising: the step of absorbing that looks again at the jobs that ran.

A key's recommendations follow from its runs up to its latest one, from what else was known by then, and
from what people decided: however runs came in and were batched, the same ones stand there in the end. After
few runs it is done at once, in their transaction; after many (an import, relearning) each key is looked at
once, when nothing is left to learn from. A mark in the store says how far this has come.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from orcaops.improving.advisor import Advisor, SandboxAdvisor
from orcaops.improving.decided import once_each, promised_in, trials_of, tried, with_decisions
from orcaops.improving.dossier import Dossier, IdleSandbox, Variant, wait_s
from orcaops.improving.works import LASTS_FROM, runs_one_work
from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.model.decision import Decision
from orcaops.model.errors import OrcaError
from orcaops.model.prices import Prices
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run, Status
from orcaops.recording.store import Transaction

log = logging.getLogger(__name__)

RUNS = 50
"""Latest runs of a key that advisors look at."""

_FEWEST = 3  # runs of a key until it is looked at
_AT_ONCE = 32  # with more runs in a batch, keys are looked at when nothing is left to learn from
_KEYS = 100  # looked at in one transaction
_VARIANTS = 3
_FOLLOWED = 12  # runs whose predecessor is looked up
_LONG_S = 10.0  # shorter jobs are not worth running beside another
_LONG_WAIT_S = 10.0
_LONG_TESTS_S = 60.0
_WEEKS = timedelta(days=14)

MARK = "advice"

SANDBOXES = "sandboxes"
"""The key of what is advised about a workspace's sandboxes."""

_IN_SANDBOXES = 200  # latest runs of a workspace that are looked through for the last in its sandboxes


class Advising:
    """Keeps the recommendations of every key up to date. Its methods are called within transactions."""

    def __init__(
        self,
        advisors: Sequence[Advisor],
        *,
        prices: Callable[[], Prices | None],
        concurrency: int | None = None,
    ) -> None:
        self._advisors = advisors
        self._prices = prices
        self._concurrency = concurrency
        self._decided = -1
        self._decisions: dict[tuple[str, str], list[Decision]] = {}

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:  # noqa: ARG002
        """A step of absorbing: look again at the keys of few runs; those of many wait for :meth:`settle`."""
        if len(runs) > _AT_ONCE:
            return
        for workspace, key in {(run.workspace, run.key): None for run in runs}:
            number = max(run.number or 0 for run in runs if (run.workspace, run.key) == (workspace, key))
            self.look_again(transaction, workspace, key, until=number)
        if transaction.mark(MARK) >= (runs[0].number or 0) - 1:
            transaction.set_mark(MARK, runs[-1].number or 0)

    def settle(self, transaction: Transaction) -> bool:
        """Look at keys that :meth:`follow` left, a hundred at a time; whether there are more."""
        mark, end = transaction.mark(MARK), transaction.watermark()
        if mark >= end:
            return False
        keys = transaction.runs.touched(mark, least=_FEWEST, limit=_KEYS)
        for workspace, key, number in keys:
            self.look_again(transaction, workspace, key, until=number)
        more = len(keys) == _KEYS
        transaction.set_mark(MARK, keys[-1][2] if more else end)
        return more

    def look_again(
        self, transaction: Transaction, workspace: str, key: str, *, until: int | None = None
    ) -> None:
        """Find a key's recommendations anew; what is no longer worth proposing is withdrawn."""
        dossier = self._dossier(transaction, workspace, key, until)
        found = self._advise(dossier) if dossier is not None else []
        usual = dossier.baseline if dossier is not None else None
        self._show(transaction, workspace, key, found, usual)

    def look_at_sandboxes(
        self, transaction: Transaction, workspace: str, idle: Sequence[IdleSandbox], at: datetime
    ) -> None:
        """The same for the sandboxes of a workspace that nobody uses: no job's, and under a key of their own.

        The evidence are the last commands in them.
        """
        ids = {each.sandbox_id for each in idle}
        latest = transaction.runs.page(workspace, limit=_IN_SANDBOXES).items if ids else ()
        runs = tuple(run for run in latest if run.sandbox in ids)
        dossier = Dossier(
            workspace=workspace,
            key=SANDBOXES,
            at=at,
            baseline=Baseline(key=SANDBOXES, workspace=workspace, sample_count=0, last_updated=at),
            runs=runs,
            per_day=1.0,
            sandboxes=tuple(idle),
            prices=self._known_prices(),
        )
        found = self._said(
            SANDBOXES,
            lambda advisor: (
                advisor.advise_on_sandboxes(dossier) if ids and isinstance(advisor, SandboxAdvisor) else ()
            ),
        )
        self._show(transaction, workspace, SANDBOXES, found, None)

    def _show(
        self,
        transaction: Transaction,
        workspace: str,
        key: str,
        found: Sequence[Recommendation],
        usual: Baseline | None,
    ) -> None:
        """Put what was found, and what people decided about it; withdraw the rest.

        What a trial refuted is worth nothing when a dismissal is compared with it.
        """
        decisions = self._decisions_about(transaction, workspace, key)
        shown = list(found)
        if decisions:
            found = [self._tried(transaction, each, decisions, usual) for each in found]
            now = {each.id for each in found}
            shown = [
                each if each.id in now else self._tried(transaction, each, decisions, usual)
                for each in with_decisions(found, decisions)
            ]
        transaction.recommendations.put_many(shown)
        for each in shown if decisions else ():
            transaction.recommendations.decide(workspace, each.id, each.state)
        transaction.recommendations.withdraw(workspace, key, [each.id for each in shown])

    def applied(
        self, transaction: Transaction, workspace: str, key: str
    ) -> list[tuple[Recommendation, Decision]]:
        """The recommendations of a key that are in force, each as it was promised, with the decision."""
        last: dict[str, Decision] = {}
        for decision in self._decisions_about(transaction, workspace, key):
            if decision.verb in ("apply", "dismiss"):
                last[decision.subject_id] = decision
        found = [(promised_in(each), each) for each in last.values() if each.verb == "apply"]
        return [(promised, decision) for promised, decision in found if promised is not None]

    def _tried(
        self,
        transaction: Transaction,
        shown: Recommendation,
        decisions: Sequence[Decision],
        usual: Baseline | None,
    ) -> Recommendation:
        runs: dict[str, Run] = {}
        job_ids = trials_of(decisions, shown.id)[-20:]
        for job_id in job_ids:
            try:
                runs[job_id] = transaction.runs.get(shown.workspace, job_id)
            except OrcaError:
                continue  # retention took it
        return tried(shown, job_ids, runs, usual)

    def _advise(self, dossier: Dossier) -> list[Recommendation]:
        latest, baseline = dossier.latest or dossier.runs[0], dossier.baseline
        return self._said(
            dossier.key,
            lambda advisor: advisor.advise(dossier) if advisor.concerns(latest, baseline) else (),
        )

    def _said(self, key: str, ask: Callable[[Advisor], Sequence[Recommendation]]) -> list[Recommendation]:
        """What advisors say to a question; one that raises is passed over."""
        found: list[Recommendation] = []
        for advisor in self._advisors:
            try:
                said = tuple(ask(advisor))
                if not all(isinstance(each, Recommendation) for each in said):
                    raise TypeError("it gave something that is no recommendation")
                found.extend(said)
            except Exception:
                log.exception("the advisor %s raised about %s and is passed over", advisor.name, key)
        return once_each(found)

    def _dossier(
        self, transaction: Transaction, workspace: str, key: str, until: int | None
    ) -> Dossier | None:
        try:
            baseline = transaction.baselines.get(workspace, key)
        except OrcaError:
            return None  # all its runs were of a kind that teaches nothing
        if baseline.run_count < _FEWEST:
            return None
        latest = transaction.runs.latest_of_key(workspace, key, LASTS_FROM, until=until)
        latest = [run for run in latest if run.teaches]
        if latest and runs_one_work(latest) and not self._concerned(latest[0], baseline):
            return None
        runs = tuple(
            r for r in transaction.runs.latest_of_key(workspace, key, RUNS, until=until) if r.teaches
        )
        if len(runs) < _FEWEST:
            return None
        number = until or max((run.number or 0 for run in runs), default=0)
        return Dossier(
            workspace=workspace,
            key=key,
            at=max(run.finished_at or run.submitted_at for run in runs),
            baseline=baseline,
            runs=runs,
            variants=self._variants(transaction, runs[0], number),
            previous=self._previous(transaction, runs),
            anomalies=_flaky(transaction, workspace, key),
            arrivals=_arrivals(transaction, workspace, runs),
            concurrency=self._concurrency,
            tests=_tests(transaction, runs, baseline),
            prices=self._known_prices(),
        )

    def _concerned(self, latest: Run, baseline: Baseline) -> bool:
        for advisor in self._advisors:
            try:
                if advisor.concerns(latest, baseline):
                    return True
            except Exception:
                log.exception("the advisor %s raised about %s and is passed over", advisor.name, latest.key)
        return False

    def _variants(self, transaction: Transaction, run: Run, until: int) -> tuple[Variant, ...]:
        """The same command on other images, where the image is a part of the key."""
        if run.image is None or run.name is not None:
            return ()
        found = transaction.runs.images_of_command(run.workspace, run.command, until=until)
        found.pop(run.key, None)
        variants = []
        for key, image in list(found.items())[:_VARIANTS]:
            runs = transaction.runs.latest_of_key(run.workspace, key, RUNS, until=until)
            variants.append(Variant(key=key, image=image, runs=tuple(r for r in runs if r.teaches)))
        return tuple(variants)

    def _previous(self, transaction: Transaction, runs: Sequence[Run]) -> dict[str, Run]:
        """The runs submitted right before the latest ones, where the job is long enough to matter."""
        latest = [run for run in runs[:_FOLLOWED] if (run.duration_s or 0.0) >= _LONG_S]
        if len(latest) < _FOLLOWED // 2:
            return {}
        return transaction.runs.before_each(runs[0].workspace, [run.job_id for run in latest])

    def _known_prices(self) -> Prices | None:
        try:
            return self._prices()
        except OrcaError:
            return None  # a wrong price file must not keep anybody from learning; `forecast` tells of it

    def _decisions_about(self, transaction: Transaction, workspace: str, key: str) -> list[Decision]:
        """Decisions about this key's recommendations, oldest first; read again when there are new ones."""
        latest = transaction.decisions.latest()
        if latest != self._decided:
            self._decisions = {}
            for decision in transaction.decisions.each("recommendation"):
                promised = promised_in(decision)
                if promised is not None:
                    place = (decision.workspace, promised.key)
                    self._decisions.setdefault(place, []).append(decision)
            self._decided = latest
        return self._decisions.get((workspace, key), [])


def _flaky(transaction: Transaction, workspace: str, key: str) -> tuple[Anomaly, ...]:
    return tuple(transaction.anomalies.open_of_key(workspace, key, "flaky"))


def _tests(transaction: Transaction, runs: Sequence[Run], baseline: Baseline) -> dict[str, float]:
    """Seconds of the test cases of the latest success that left results, where the job takes long."""
    if (baseline.duration_p50 or 0.0) < _LONG_TESTS_S:
        return {}
    tested = next((run for run in runs if run.tests is not None and run.status is Status.SUCCEEDED), None)
    if tested is None:
        return {}
    cases = transaction.test_cases.of_run(tested.workspace, tested.job_id)
    return {case.id: case.duration_s for case in cases if case.duration_s is not None}


def _arrivals(transaction: Transaction, workspace: str, runs: Sequence[Run]) -> tuple[float, ...]:
    """Runs of the workspace per hour of the day over the two weeks before, where the job has to wait."""
    waits = sorted(wait_s(run) for run in runs)
    if waits[len(waits) // 2] < _LONG_WAIT_S and waits[-1] < 6 * _LONG_WAIT_S:
        return ()
    end = runs[0].submitted_at.replace(minute=0, second=0, microsecond=0)
    counts = [0.0] * 24
    for hour in transaction.runs.hourly(workspace, end - _WEEKS, end):
        counts[hour.at.hour] += hour.arrivals
    return tuple(counts)
