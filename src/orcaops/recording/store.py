"""Store: the contract of whatever keeps facts, opinions and decisions.

There is one implementation, for SQLite and PostgreSQL, in ``recording/sql``; one suite
(``orcaops.testing.stores``) says what it must hold. Everything belongs to a workspace.

A transaction reads and writes through small repositories, one per noun. Facts are committed first
and alone; opinions are written by whoever holds the absorbing lease, in one transaction with the
watermark.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.model.decision import Decision
from orcaops.model.errors import OrcaError
from orcaops.model.query import EVERYTHING, Page, Query
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run, Status
from orcaops.model.test_case import TestCase
from orcaops.recording.confirmation import ConfirmationRepository
from orcaops.recording.figures import Figure, Tally
from orcaops.recording.knowledge import DiagnosisRepository, EvidenceRepository, TeachingRepository
from orcaops.recording.optimizations import OptimizationRepository
from orcaops.recording.outbox import DeliveryRepository, OutboxRepository, TellingRepository
from orcaops.recording.sandbox_store import SandboxRepository, StoodReadyRepository


class MemoryKey(NamedTuple):
    """Whose memory: one learner, one version, one metric, one scope of one level.

    A tuple, because memories are looked up by the hundred thousand.
    """

    workspace: str
    learner: str
    version: int
    metric: str
    level: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfRuns:
    """The runs that were submitted in one hour, counted; ``at`` is its beginning.

    ``measured`` of them have ended and took ``seconds`` together, ``squared_seconds`` as a sum of squares.
    ``gb_seconds`` are seconds times GiB of memory. ``at_once`` is how many ran at the same time at most
    in this hour, had each begun when it was submitted.
    """

    at: datetime
    arrivals: int
    measured: int
    seconds: float
    squared_seconds: float
    cpu_seconds: float
    gb_seconds: float
    at_once: int


class RunRepository(Protocol):
    """The facts: run records. A final record is never changed, except to note its number."""

    def add(self, run: Run) -> None:
        """Keep a new run. Raises ``conflict`` if the workspace has one of that id."""

    def add_new(self, runs: Sequence[Run], log_texts: Mapping[str, str] | None = None) -> int:
        """Keep those runs whose ids are new, with the texts to search in; returns how many."""

    def save(self, run: Run) -> None:
        """Replace the record of a run that was not final. Raises ``conflict`` if it was."""

    def get(self, workspace: str, job_id: str) -> Run:
        """The run. Raises ``not_found``."""

    def find(self, workspace: str, job_ids: Sequence[str]) -> list[Run]:
        """Those of these runs that there are, in the order of the ids."""

    def get_to_change(self, workspace: str, job_id: str) -> Run:
        """The run, which nobody else changes before this transaction has ended. Raises ``not_found``."""

    def page(
        self, workspace: str, query: Query = EVERYTHING, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Run]:
        """Runs that match, latest submission first. Raises ``not_found`` for a foreign cursor."""

    def facets(self, workspace: str, query: Query, fields: Sequence[str]) -> dict[str, dict[str, int]]:
        """For each field its values with their counts, over at most 10 000 matching runs."""

    def each(self, workspace: str, query: Query = EVERYTHING) -> Iterator[Run]:
        """Every match, oldest first, in constant memory."""

    def claim(self, workspace: str | None, owner: str) -> Run | None:
        """Give the oldest queued run that has no owner to ``owner``; none if there is none."""

    def open_runs(self, status: Status | None = None) -> list[Run]:
        """All runs that are not final, of every workspace; only those with ``status``, where one is given."""

    def owners(self) -> set[str | None]:
        """Whose the runs are that are not final; None among them where one waits for an owner."""

    def unabsorbed(self, limit: int) -> list[Run]:
        """Final runs without a number, in order of their end, of every workspace."""

    def set_numbers(self, numbers: Sequence[tuple[str, str, int]]) -> None:
        """Note (workspace, job id, number): the places in the learning order."""

    def numbered(self, after: int, limit: int) -> list[Run]:
        """Final runs with a number above ``after``, in that order."""

    def clear_numbers(self) -> None:
        """Forget the learning order, so that everything is absorbed anew by time."""

    def latest_of_key(self, workspace: str, key: str, limit: int, *, until: int | None = None) -> list[Run]:
        """The latest final runs of a key, newest first; with ``until`` of those numbered up to it."""

    def earlier_of_key(
        self, workspace: str, key: str, before: datetime, limit: int
    ) -> list[tuple[str, Status]]:
        """Job id and status of the latest final runs of a key that were submitted before, newest first."""

    def before_each(self, workspace: str, job_ids: Sequence[str]) -> dict[str, Run]:
        """For each of these runs the one that was submitted right before it in the workspace, if any."""

    def images_of_command(self, workspace: str, command: str, *, until: int) -> dict[str, str]:
        """Key → image of the latest 200 runs of exactly this command that are numbered up to ``until``."""

    def touched(self, after: int, *, least: int, limit: int) -> list[tuple[str, str, int]]:
        """Workspace, key and last number of keys with a run numbered above ``after``, by that last number.

        Only keys with at least ``least`` runs in all.
        """

    def hourly(
        self, workspace: str, since: datetime, until: datetime, query: Query = EVERYTHING
    ) -> list[HourOfRuns]:
        """The runs submitted in that time by hour, counted where they are stored; both ends are full hours.

        From the first hour with a run on, without a gap; empty where there is none.
        """

    def values(self, workspace: str, field: str, limit: int) -> list[str]:
        """The values that a field has, in order: of :data:`orcaops.model.inquiry.GROUPS` or ``label:NAME``.

        ``label`` gives the names of labels.
        """

    def tally(self, workspace: str, query: Query, by: str | None, *, most: int) -> list[Tally]:
        """The latest ``most`` matches, counted where they are stored, by a field or by :data:`BY_TIME`."""

    def figures(self, workspace: str, query: Query, by: str | None, *, most: int) -> list[Figure]:
        """The latest ``most`` matches as numbers, latest first; each with its value of a field."""

    def index_log(self, workspace: str, job_id: str, text: str) -> None:
        """Make a run's output findable by its words."""

    def workspaces(self) -> list[str]:
        """The workspaces that have runs, by name."""

    def open_count(self, status: Status) -> int:
        """How many runs that are not final have this status, over all workspaces; reads only those."""

    def counts(self) -> dict[str, int]:
        """How many runs there are in each status, over all workspaces; reads an index from end to end."""

    def counts_after(self, number: int) -> dict[str, int]:
        """The same of runs numbered above, for which only those are read."""

    def counts_unnumbered(self) -> dict[str, int]:
        """The same of runs that have no number yet: open ones, and those that nobody learned from."""

    def last_number(self) -> int:
        """The highest number of a run, 0 if none has one."""


class MemoryRepository(Protocol):
    """What learners remember, as JSON bytes."""

    def get_many(self, keys: Iterable[MemoryKey]) -> dict[MemoryKey, bytes]:
        """Those that exist."""

    def put_many(self, memories: Mapping[MemoryKey, bytes]) -> None:
        """Insert or replace."""

    def forget(self, workspace: str, level: str, scope: str) -> None:
        """Drop every learner's memory of one scope, and of the tests and steps below it."""

    def each(self) -> Iterator[tuple[MemoryKey, bytes]]:
        """All of them, ordered by key."""

    def below(
        self, workspace: str, learner: str, version: int, prefix: str, *, after: str = "", limit: int = 100
    ) -> list[tuple[MemoryKey, bytes]]:
        """A pooled learner's memories at level ``key`` whose scopes begin with ``prefix``, by scope."""


class BaselineRepository(Protocol):
    """The baselines as they are listed."""

    def get(self, workspace: str, key: str) -> Baseline:
        """Raises ``not_found``."""

    def put_many(self, baselines: Sequence[Baseline]) -> None:
        """Insert or replace."""

    def forget(self, workspace: str, key: str) -> None:
        """Drop one, and those of its steps."""

    def page(
        self, workspace: str, *, text: str = "", limit: int = 50, cursor: str | None = None
    ) -> Page[Baseline]:
        """Latest update first; ``text`` is a part of the key, ``*`` standing for anything."""

    def each(self, workspace: str | None = None) -> Iterator[Baseline]:
        """All of them, ordered by workspace and key."""


class AnomalyRepository(Protocol):
    """The anomalies, with the decisions taken about them."""

    def get(self, workspace: str, anomaly_id: str) -> Anomaly:
        """Raises ``not_found``."""

    def find(self, workspace: str, anomaly_ids: Iterable[str]) -> list[Anomaly]:
        """Those that exist."""

    def open_of_key(self, workspace: str, key: str, kind: str, *, limit: int = 5) -> list[Anomaly]:
        """The open ones of one type about a key, latest first."""

    def open_of_keys(self, workspace: str, keys: Iterable[str]) -> list[Anomaly]:
        """The open ones about these keys."""

    def begun_since(
        self, workspace: str, at: datetime, *, keys: Iterable[str] | None = None, limit: int
    ) -> list[Anomaly]:
        """Those that began then or later, of these keys or of all, latest first."""

    def put_many(self, anomalies: Sequence[Anomaly]) -> None:
        """Insert, or replace all but what people decided."""

    def forget(self, workspace: str, anomaly_ids: Iterable[str]) -> None:
        """Remove what has turned out to be none; ids that are not there are passed over."""

    def page(
        self,
        workspace: str,
        *,
        filters: Mapping[str, str] | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Anomaly]:
        """Latest first. Filters: ``type, severity, key, job_id, acknowledged, open, resolved, muted``."""

    def of_run(self, workspace: str, job_id: str) -> list[Anomaly]:
        """The anomalies that a run began or belongs to."""

    def decide(
        self,
        workspace: str,
        anomaly_id: str,
        *,
        acknowledged: bool | None = None,
        note: str | None = None,
        resolution: str | None = None,
    ) -> None:
        """Show a decision on the anomaly; what is None stays. Raises ``not_found``."""

    def since(self, at: datetime) -> Iterator[Anomaly]:
        """All detected at or after that moment, of every workspace, in order."""

    def each(self) -> Iterator[Anomaly]:
        """All of them, ordered by workspace and id."""


class RecommendationRepository(Protocol):
    """What could be improved."""

    def get(self, workspace: str, recommendation_id: str) -> Recommendation:
        """Raises ``not_found``."""

    def put_many(self, recommendations: Sequence[Recommendation]) -> None:
        """Insert, or replace all but the state that people decided."""

    def page(
        self,
        workspace: str,
        *,
        state: str | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Recommendation]:
        """Those with ``text`` in their key, highest score first."""

    def of_key(self, workspace: str, key: str) -> list[Recommendation]:
        """All of one key, in any state; highest score first."""

    def withdraw(self, workspace: str, key: str, keep: Iterable[str]) -> None:
        """Drop the open recommendations of a key whose ids are not in ``keep``; decided ones stay."""

    def decide(self, workspace: str, recommendation_id: str, state: str) -> None:
        """Show a decision. Raises ``not_found``."""


class DecisionRepository(Protocol):
    """What people decided: appended, never changed."""

    def append(self, decision: Decision) -> None:
        """Keep one."""

    def about(self, workspace: str, subject: str, subject_id: str) -> list[Decision]:
        """All about one subject, oldest first."""

    def latest(self) -> int:
        """A number that grows with every decision of any workspace: a cheap look for new ones."""

    def each(self, subject: str | None = None, *, after: int = 0) -> Iterator[Decision]:
        """All of them in the order in which they were taken, or those behind an earlier ``latest``."""


class TestCaseRepository(Protocol):
    """The tests inside jobs: facts, beside the records of their runs."""

    def put_many(self, cases: Mapping[tuple[str, str], Sequence[TestCase]]) -> None:
        """Keep the tests of some runs, by workspace and job id; what was kept of a run before stands."""

    def of_run(self, workspace: str, job_id: str) -> list[TestCase]:
        """The tests of a run in the order in which they were reported; none where it had none."""


class RequestRepository(Protocol):
    """Answers already given, by ``Idempotency-Key``."""

    def recall(self, workspace: str, key: str) -> tuple[str, bytes] | None:
        """The request's fingerprint and the answer to it, if the key was used in the last day.

        Until a transaction that writes has ended, another that writes waits here for the same key.
        """

    def remember(self, workspace: str, key: str, fingerprint: str, answer: bytes, at: datetime) -> None:
        """Keep an answer. Raises ``conflict`` if somebody else just did."""


class ImportRepository(Protocol):
    """Opinions of nobody: which imports are under way, so that nobody learns from a part of one.

    A mark holds for a time and is renewed: one that an import left which was killed expires by itself. Times
    are seconds since the epoch, by clocks of machines that agree to a few seconds.
    """

    def hold(self, name: str, until_s: float) -> None:
        """Say that an import is under way until then, or that it goes on."""

    def release(self, name: str) -> None:
        """Say that it is over."""

    def under_way(self, now_s: float) -> bool:
        """Whether any is."""

    def marks(self) -> Mapping[str, float]:
        """Until when each holds, the expired ones too."""


class Transaction(Protocol):
    """One unit of reading and writing: all of it happens, or nothing."""

    @property
    def runs(self) -> RunRepository:
        """The facts."""

    @property
    def memories(self) -> MemoryRepository:
        """What learners remember."""

    @property
    def baselines(self) -> BaselineRepository:
        """What is normal."""

    @property
    def anomalies(self) -> AnomalyRepository:
        """What was unusual."""

    @property
    def recommendations(self) -> RecommendationRepository:
        """What could be improved."""

    @property
    def optimizations(self) -> OptimizationRepository:
        """Changes on probation."""

    @property
    def decisions(self) -> DecisionRepository:
        """What people decided."""

    @property
    def test_cases(self) -> TestCaseRepository:
        """The tests inside jobs."""

    @property
    def requests(self) -> RequestRepository:
        """Answers already given."""

    @property
    def outbox(self) -> OutboxRepository:
        """Notices that wait."""

    @property
    def deliveries(self) -> DeliveryRepository:
        """Notices on their way through channels."""

    @property
    def tellings(self) -> TellingRepository:
        """What people were told of."""

    @property
    def confirmations(self) -> ConfirmationRepository:
        """Runs that are to be confirmed."""

    @property
    def evidence(self) -> EvidenceRepository:
        """What the logs of runs told."""

    @property
    def diagnoses(self) -> DiagnosisRepository:
        """What failed runs failed of."""

    @property
    def teachings(self) -> TeachingRepository:
        """What people taught."""

    @property
    def sandboxes(self) -> SandboxRepository:
        """The sandboxes there are, and those there were."""

    @property
    def stood_ready(self) -> StoodReadyRepository:
        """Facts: what became of the containers that stood ready."""

    @property
    def imports(self) -> ImportRepository:
        """Imports that are under way."""

    def watermark(self) -> int:
        """The last number of the learning order; 0 before anything was learned."""

    def set_watermark(self, number: int) -> None:
        """Advance it, with the opinions it stands for, in this same transaction."""

    def mark(self, name: str) -> int:
        """A number that a follower of learning keeps, 0 at first: up to where it has followed."""

    def set_mark(self, name: str, number: int) -> None:
        """Advance it."""

    def drop_opinions(self) -> None:
        """Forget memories, baselines, anomalies, recommendations and diagnoses; set watermark and marks to 0.

        Facts and decisions stay.
        """


class Store(Protocol):
    """Keeps everything."""

    @property
    def unwritable(self) -> OrcaError | None:
        """Why nothing can be written, so that only reading works; null where all does. Writing raises it."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent view; writing in it is an error."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Commits at the end of the block, or rolls back what it did if the block raises.

        Raises ``unavailable`` (locked for long, disk full, connection lost) or ``invalid``
        (corrupt, or written by a newer version), each with what to do.
        """

    def absorbing(self, *, patient: bool = False) -> AbstractContextManager[Transaction | None]:
        """A write transaction of the one absorber there may be; None if another is at work.

        Who is ``patient`` waits for it, for as long as a writer does.
        """

    def installation(self) -> str:
        """A random id that was drawn when the store was made."""

    def check(self) -> dict[str, Any]:
        """Integrity, version and size, for ``doctor``; never raises."""

    def close(self) -> None:
        """Let go of connections."""
