"""What is kept of failures: evidence (facts), diagnoses and trials (opinions), teachings (decisions)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from orcaops.model.diagnosis import Diagnosis, Evidence, PassingLines, Trial

Kind = Literal["pattern", "solution", "proposal"]


class EvidenceRepository(Protocol):
    """Facts: what the logs of runs told when the runs ended."""

    def add(self, evidence: "Evidence") -> None:
        """Keep that of a failed run; if there is some, it stays as it is."""

    def replace(self, evidence: "Evidence") -> None:
        """Keep that of a failed run in place of what was kept: more of its log was read."""

    def find(self, workspace: str, job_ids: Iterable[str]) -> "dict[str, Evidence]":
        """Those that exist, by job id."""

    def add_passing(self, lines: "PassingLines") -> None:
        """Keep a passing run's telling lines; the same of the same key only get a later time."""

    def passing(self, workspace: str, limit: int) -> "list[PassingLines]":
        """The latest ones, newest first."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """A group of unexplained failures: how many, under how many circumstances, and the latest of them."""

    signature: str
    count: int
    circumstances: int
    latest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """How many failures a pattern explains, and when the last of them ended."""

    count: int
    last_at: datetime


class DiagnosisRepository(Protocol):
    """Opinions about failed runs, and what was tried after them."""

    def put_many(self, diagnoses: "Sequence[Diagnosis]") -> None:
        """Insert or replace."""

    def find(self, workspace: str, job_ids: Iterable[str]) -> "dict[str, Diagnosis]":
        """Those that exist, by job id."""

    def awaited(self, workspace: str, keys: Iterable[str]) -> "list[Diagnosis]":
        """Failures of these keys that no success has ended yet, in the learning order."""

    def of_signature(self, workspace: str, signature: str, limit: int) -> "list[Diagnosis]":
        """The latest failures of one signature, newest first."""

    def of_family(self, workspace: str, family: str, limit: int) -> "list[Diagnosis]":
        """The latest failures of one family, newest first."""

    def unexplained(self, workspace: str, limit: int, below: int | None = None) -> "list[Diagnosis]":
        """Failures that neither a pattern nor the engine's word explains, newest first.

        ``below`` is the number of a run: only what was learned before it.
        """

    def unexplained_count(self, workspace: str) -> int:
        """How many of them there are."""

    def outdated(self, workspace: str, knowledge: str, limit: int) -> "list[Diagnosis]":
        """Failures with lines that were matched by another version of what is known."""

    def outdated_count(self, workspace: str, knowledge: str) -> int:
        """How many of them there are."""

    def counts(self, workspace: str) -> tuple[int, int, int, dict[str, int]]:
        """How many failures, explained by a pattern, without a line; and by the engine's word alone."""

    def seen(self, workspace: str, pattern_ids: Iterable[str] | None = None) -> dict[str, Seen]:
        """What each pattern explains, by its id; None asks for all."""

    def first_of(self, workspace: str) -> dict[str, int]:
        """How many failures each pattern explains as the first named: each failure counts once."""

    def recurring(self, workspace: str, *, least: int, limit: int) -> list[Recurring]:
        """Unexplained failures by signature, the largest group first; groups below ``least`` are left out."""

    def add_trials(self, trials: "Sequence[Trial]") -> None:
        """Keep what was tried after failures; one per failed run."""

    def trials_of(
        self,
        workspace: str,
        *,
        signature: str | None = None,
        family: str | None = None,
        pattern_id: str | None = None,
        limit: int = 500,
    ) -> "list[Trial]":
        """The latest trials after failures of a signature, of a family, or explained by a pattern."""

    def latest_number(self) -> int:
        """The number of the latest failure in the learning order."""

    def each(self) -> "Iterator[Diagnosis]":
        """All diagnoses, ordered by workspace and number."""

    def each_trial(self) -> "Iterator[Trial]":
        """All trials, ordered by workspace and number."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """One thing that a person taught or decided about: a pattern, a solution, or a proposal."""

    workspace: str
    kind: Kind
    id: str
    state: str
    record: Mapping[str, object]


class TeachingRepository(Protocol):
    """What people taught, as it stands now; each change is a decision besides."""

    def put(self, teaching: Teaching) -> None:
        """Insert or replace."""

    def of(self, workspace: str, kind: Kind) -> list[Teaching]:
        """All of a kind, by id."""

    def remove(self, workspace: str, kind: Kind, its_id: str) -> bool:
        """Forget one; whether there was one."""

    def version(self, workspace: str) -> str:
        """A text that changes whenever what is taught in a workspace does; cheap."""
