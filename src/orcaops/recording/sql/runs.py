# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Runs: the facts, as rows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text, update

from orcaops.model.errors import conflict, invalid, not_found
from orcaops.model.query import EVERYTHING, Page, Query
from orcaops.model.run import PhaseName, Run, Status
from orcaops.recording.figures import Figure, Tally
from orcaops.recording.sql.cursors import cursor_of, digest_of, place_of
from orcaops.recording.sql.figures import figures_of, tallies_of, values_of
from orcaops.recording.sql.fulltext import FullText
from orcaops.recording.sql.hours import hours_of_runs
from orcaops.recording.sql.neighbours import before_each, images_of_command, touched
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.search import FEW, Search
from orcaops.recording.sql.sequence import PER_MICROSECOND, first_of, microseconds
from orcaops.recording.sql.tables import (
    COMMAND_LETTERS,
    NUMBERED,
    OPEN,
    UNABSORBED,
    labels,
    records,
    runs,
    size_class,
)
from orcaops.recording.sql.upserts import insert_many, write_many
from orcaops.recording.store import HourOfRuns

_AT_ONCE = 500

_WHOLE = select(records.c.record, runs.c.number).join_from(runs, records, records.c.seq == runs.c.seq)
_BY_ID = (runs.c.workspace == bindparam("workspace")) & (runs.c.job_id == bindparam("job_id"))
_GET = _WHOLE.where(_BY_ID)
# Locked where the database does not lock all of itself: what is decided by it holds until it is written.
_STATE = select(runs.c.seq, runs.c.final, runs.c.log_indexed).where(_BY_ID).with_for_update()
_KNOWN = select(runs.c.job_id).where(
    runs.c.workspace == bindparam("workspace"), runs.c.job_id.in_(bindparam("job_ids", expanding=True))
)
_BY_SEQ = (
    select(runs.c.seq, records.c.record, runs.c.number)
    .join_from(runs, records, records.c.seq == runs.c.seq)
    .where(runs.c.seq.in_(bindparam("seqs", expanding=True)))
)
_FIRSTS = select(runs.c.seq).where(runs.c.seq.in_(bindparam("firsts", expanding=True)))
_LAST = select(func.max(runs.c.seq)).where(runs.c.seq >= bindparam("first"), runs.c.seq < bindparam("end"))
_LATEST_OF_KEY = (
    _WHOLE.where(
        runs.c.workspace == bindparam("workspace"), runs.c.key == bindparam("key"), text("final = 1")
    )
    .order_by(runs.c.seq.desc())
    .limit(bindparam("most"))
)
_LATEST_OF_KEY_UNTIL = (
    _WHOLE.where(
        runs.c.workspace == bindparam("workspace"),
        runs.c.key == bindparam("key"),
        text("final = 1"),
        runs.c.number <= bindparam("until"),
    )
    .order_by(runs.c.seq.desc())
    .limit(bindparam("most"))
)
_EARLIER_OF_KEY = (
    select(runs.c.job_id, runs.c.status)
    .where(
        runs.c.workspace == bindparam("workspace"),
        runs.c.key == bindparam("key"),
        runs.c.seq < bindparam("before"),
        text("final = 1"),
    )
    .order_by(runs.c.seq.desc())
    .limit(bindparam("most"))
)
_FIND = _WHOLE.where(
    runs.c.workspace == bindparam("workspace"), runs.c.job_id.in_(bindparam("job_ids", expanding=True))
)
_OPEN_RUNS = _WHOLE.where(OPEN).order_by(runs.c.seq)
_OPEN_RUNS_OF = _OPEN_RUNS.where(runs.c.status == bindparam("of_status"))
_OWNERS = select(runs.c.owner).where(OPEN).distinct()
_UNABSORBED_RUNS = _WHOLE.where(UNABSORBED).order_by(runs.c.ended_at, runs.c.seq).limit(bindparam("most"))
_NUMBERED_RUNS = (
    _WHOLE.where(NUMBERED, runs.c.number > bindparam("after"))
    .order_by(runs.c.number)
    .limit(bindparam("most"))
)
_SET_NUMBER = (
    update(runs)
    .where(runs.c.workspace == bindparam("of_workspace"), runs.c.job_id == bindparam("of_job"))
    .values(number=bindparam("new_number"))
)
_SAVE = (
    update(runs)
    .where(runs.c.seq == bindparam("new_seq"))
    .values({column.name: bindparam(f"new_{column.name}") for column in runs.c if column.name != "seq"})
)
_SAVE_RECORD = (
    update(records).where(records.c.seq == bindparam("of_seq")).values(record=bindparam("new_record"))
)
_DROP_LABELS = labels.delete().where(labels.c.seq == bindparam("of_seq"))
_OPEN_COUNT = select(func.count()).select_from(runs).where(OPEN, runs.c.status == bindparam("of_status"))
_BY_STATUS = select(runs.c.status, func.count()).group_by(runs.c.status)
_NUMBERED_BY_STATUS = _BY_STATUS.where(NUMBERED, runs.c.number > bindparam("after"))
_LAST_NUMBER = select(func.max(runs.c.number)).where(NUMBERED)
_FACETS = {
    "status": runs.c.status,
    "cause": runs.c.cause,
    "image": runs.c.image,
    "name": runs.c.name,
    "key": runs.c.key,
    "command": runs.c.command,
    "executor": runs.c.executor,
    "source": runs.c.source,
    "host": runs.c.host,
    "branch": runs.c.branch,
    "commit": runs.c.commit_id,
    "exit_code": runs.c.exit_code,
}


class Runs:
    """See :class:`orcaops.recording.store.RunRepository`."""

    def __init__(self, connection: Connection, text_index: FullText) -> None:
        self._connection = connection
        self._texts = text_index

    def add(self, run: Run) -> None:
        if not self.add_new([run]):
            raise conflict(
                f"there is already a job {run.job_id!r}", where="job_id", hint="Give it another id, or none."
            )

    def add_new(self, new: Sequence[Run], log_texts: Mapping[str, str] | None = None) -> int:
        texts = log_texts or {}
        added = self._unknown(new)
        if not added:
            return 0
        if self._connection.dialect.name == "postgresql":
            # Two importers would draw the same numbers.
            self._connection.execute(text("SELECT pg_advisory_xact_lock(7062024)"))
        numbered = sorted(zip(self._sequence(added), added, strict=True), key=lambda pair: pair[0])
        insert_many(
            self._connection, runs, [_row(seq, run, indexed=run.job_id in texts) for seq, run in numbered]
        )
        insert_many(
            self._connection, records, [{"seq": seq, "record": record_of(run)} for seq, run in numbered]
        )
        insert_many(self._connection, labels, [row for seq, run in numbered for row in _labels(seq, run)])
        documents = []
        for seq, run in numbered:
            own = _own_words(run)
            documents.append((seq * 2, own))
            if (log_text := texts.get(run.job_id)) is not None:
                documents.append((seq * 2 + 1, _with_log(own, log_text)))
        self._texts.add(self._connection, documents)
        return len(added)

    def save(self, run: Run) -> None:
        state = self._state(run.workspace, run.job_id)
        if state.final:
            if self.get(run.workspace, run.job_id).changed(number=None) == run.changed(number=None):
                return
            raise conflict(
                f"job {run.job_id!r} has ended; its record is not changed any more", where="job_id"
            )
        row = _row(state.seq, run, indexed=bool(state.log_indexed))
        write_many(self._connection, _SAVE, [{f"new_{name}": value for name, value in row.items()}])
        write_many(self._connection, _SAVE_RECORD, [{"of_seq": state.seq, "new_record": record_of(run)}])
        write_many(self._connection, _DROP_LABELS, [{"of_seq": state.seq}])
        insert_many(self._connection, labels, _labels(state.seq, run))

    def get(self, workspace: str, job_id: str) -> Run:
        row = self._connection.execute(_GET, {"workspace": workspace, "job_id": job_id}).one_or_none()
        if row is None:
            raise _no_job(job_id)
        return _run(row)

    def find(self, workspace: str, job_ids: Sequence[str]) -> list[Run]:
        found: dict[str, Run] = {}
        for start in range(0, len(job_ids), _AT_ONCE):
            asked = {"workspace": workspace, "job_ids": job_ids[start : start + _AT_ONCE]}
            found |= {run.job_id: run for run in map(_run, self._connection.execute(_FIND, asked))}
        return [found[job_id] for job_id in job_ids if job_id in found]

    def get_to_change(self, workspace: str, job_id: str) -> Run:
        self._state(workspace, job_id)
        return self.get(workspace, job_id)

    def page(
        self, workspace: str, query: Query = EVERYTHING, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Run]:
        search = Search(self._connection, self._texts, workspace, query)
        digest = digest_of("runs", workspace, query)
        if cursor is None:
            seqs = search.page(None, limit + 1)
            total = len(seqs) if len(seqs) <= limit else search.total()
        else:
            below, total = place_of(cursor, digest, int, int)
            seqs = search.page(below, limit + 1)
        items = self._in_order(seqs[:limit])
        more = cursor_of(digest, seqs[limit - 1], total) if len(seqs) > limit else None
        return Page[Run].model_construct(items=tuple(items), next_cursor=more, total=total)

    def facets(self, workspace: str, query: Query, fields: Sequence[str]) -> dict[str, dict[str, int]]:
        found = Search(self._connection, self._texts, workspace, query).latest(FEW).subquery()
        counts: dict[str, dict[str, int]] = {}
        for field in fields:
            if field.startswith("label:"):
                name = field.removeprefix("label:")
                value: Any = labels.c.value
                source = found.join(labels, labels.c.seq == found.c.seq)
                asked = select(value, func.count()).select_from(source).where(labels.c.name == name)
            elif field in _FACETS:
                value = _FACETS[field]
                source = found.join(runs, runs.c.seq == found.c.seq)
                asked = select(value, func.count()).select_from(source).where(value.is_not(None))
            else:
                raise invalid(
                    f"runs cannot be counted by {field!r}",
                    where="fields",
                    hint=f"Known: {', '.join(_FACETS)}, label:NAME.",
                )
            rows = self._connection.execute(asked.group_by(value).order_by(func.count().desc(), value))
            counts[field] = {str(row[0]): row[1] for row in rows}
        return counts

    def each(self, workspace: str, query: Query = EVERYTHING) -> Iterator[Run]:
        search = Search(self._connection, self._texts, workspace, query)
        last: int | None = None
        while seqs := search.ascending(last, _AT_ONCE):
            yield from self._in_order(seqs)
            last = seqs[-1]

    def claim(self, workspace: str | None, owner: str) -> Run | None:
        waiting = (
            select(runs.c.workspace, runs.c.job_id)
            .where(OPEN, runs.c.status == Status.QUEUED.value, runs.c.owner.is_(None))
            .order_by(runs.c.seq)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if workspace is not None:
            waiting = waiting.where(runs.c.workspace == workspace)
        found = self._connection.execute(waiting).one_or_none()
        if found is None:
            return None
        claimed = self.get(found.workspace, found.job_id).changed(owner=owner)
        self.save(claimed)
        return claimed

    def open_runs(self, status: Status | None = None) -> list[Run]:
        if status is None:
            return [_run(row) for row in self._connection.execute(_OPEN_RUNS)]
        return [_run(row) for row in self._connection.execute(_OPEN_RUNS_OF, {"of_status": status.value})]

    def owners(self) -> set[str | None]:
        return set(self._connection.scalars(_OWNERS))

    def unabsorbed(self, limit: int) -> list[Run]:
        return [_run(row) for row in self._connection.execute(_UNABSORBED_RUNS, {"most": limit}).all()]

    def set_numbers(self, numbers: Sequence[tuple[str, str, int]]) -> None:
        rows = [{"of_workspace": w, "of_job": job, "new_number": number} for w, job, number in numbers]
        write_many(self._connection, _SET_NUMBER, rows)

    def numbered(self, after: int, limit: int) -> list[Run]:
        return [
            _run(row)
            for row in self._connection.execute(_NUMBERED_RUNS, {"after": after, "most": limit}).all()
        ]

    def clear_numbers(self) -> None:
        self._connection.execute(update(runs).where(NUMBERED).values(number=None))

    def latest_of_key(self, workspace: str, key: str, limit: int, *, until: int | None = None) -> list[Run]:
        asked = {"workspace": workspace, "key": clean(key), "most": limit}
        if until is None:
            return [_run(row) for row in self._connection.execute(_LATEST_OF_KEY, asked)]
        return [
            _run(row) for row in self._connection.execute(_LATEST_OF_KEY_UNTIL, {**asked, "until": until})
        ]

    def earlier_of_key(
        self, workspace: str, key: str, before: datetime, limit: int
    ) -> list[tuple[str, Status]]:
        asked = {"workspace": workspace, "key": clean(key), "before": first_of(before), "most": limit}
        rows = self._connection.execute(_EARLIER_OF_KEY, asked)
        return [(row.job_id, Status(row.status)) for row in rows]

    def before_each(self, workspace: str, job_ids: Sequence[str]) -> dict[str, Run]:
        return before_each(self._connection, workspace, job_ids, _run)

    def images_of_command(self, workspace: str, command: str, *, until: int) -> dict[str, str]:
        return images_of_command(self._connection, workspace, command, until)

    def touched(self, after: int, *, least: int, limit: int) -> list[tuple[str, str, int]]:
        return touched(self._connection, after, least, limit)

    def hourly(
        self, workspace: str, since: datetime, until: datetime, query: Query = EVERYTHING
    ) -> list[HourOfRuns]:
        return hours_of_runs(self._connection, self._texts, workspace, since, until, query)

    def values(self, workspace: str, field: str, limit: int) -> list[str]:
        return values_of(self._connection, workspace, field, limit)

    def tally(self, workspace: str, query: Query, by: str | None, *, most: int) -> list[Tally]:
        return tallies_of(self._connection, self._texts, workspace, query, by, most)

    def figures(self, workspace: str, query: Query, by: str | None, *, most: int) -> list[Figure]:
        return figures_of(self._connection, self._texts, workspace, query, by, most)

    def index_log(self, workspace: str, job_id: str, text: str) -> None:
        state = self._state(workspace, job_id)
        if state.log_indexed:
            return  # an index without the texts cannot take one back: the first stands
        own = _own_words(self.get(workspace, job_id))
        self._texts.add(self._connection, [(state.seq * 2 + 1, _with_log(own, text))])
        self._connection.execute(update(runs).where(runs.c.seq == state.seq).values(log_indexed=1))

    def workspaces(self) -> list[str]:
        found: list[str] = []
        # From each to the next by the index: reading all runs to name few workspaces would be slow.
        following = select(func.min(runs.c.workspace))
        latest = self._connection.scalar(following)
        while latest is not None:
            found.append(latest)
            latest = self._connection.scalar(following.where(runs.c.workspace > latest))
        return found

    def open_count(self, status: Status) -> int:
        return self._connection.scalar(_OPEN_COUNT, {"of_status": status.value}) or 0

    def counts(self) -> dict[str, int]:
        return {row[0]: row[1] for row in self._connection.execute(_BY_STATUS)}

    def counts_after(self, number: int) -> dict[str, int]:
        rows = self._connection.execute(_NUMBERED_BY_STATUS, {"after": number})
        return {row[0]: row[1] for row in rows}

    def counts_unnumbered(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        for which in (OPEN, UNABSORBED):
            found.update({row[0]: row[1] for row in self._connection.execute(_BY_STATUS.where(which))})
        return dict(found)

    def last_number(self) -> int:
        return self._connection.scalar(_LAST_NUMBER) or 0

    def _state(self, workspace: str, job_id: str) -> Row[*tuple[Any, ...]]:
        row = self._connection.execute(_STATE, {"workspace": workspace, "job_id": job_id}).one_or_none()
        if row is None:
            raise _no_job(job_id)
        return row

    def _in_order(self, seqs: Sequence[int]) -> list[Run]:
        if not seqs:
            return []
        rows = {row.seq: row for row in self._connection.execute(_BY_SEQ, {"seqs": list(seqs)})}
        return [_run(rows[seq]) for seq in seqs if seq in rows]

    def _unknown(self, new: Sequence[Run]) -> list[Run]:
        """Those whose ids the store does not have, each once."""
        wanted = {(run.workspace, run.job_id): run for run in reversed(new)}
        for workspace, of_workspace in groupby(sorted(wanted), key=lambda pair: pair[0]):
            job_ids = [job_id for _, job_id in of_workspace]
            for start in range(0, len(job_ids), _AT_ONCE):
                chunk = {"workspace": workspace, "job_ids": job_ids[start : start + _AT_ONCE]}
                for known in list(self._connection.scalars(_KNOWN, chunk)):
                    del wanted[workspace, known]
        return [run for run in new if wanted.pop((run.workspace, run.job_id), None) is not None]

    def _sequence(self, new: Sequence[Run]) -> Iterable[int]:
        """A free number for each run, in the order of their submission."""
        taken: dict[int, int] = {}  # by first number of a microsecond: the last one given out
        firsts = [first_of(run.submitted_at) for run in new]
        wanted = Counter(firsts)
        for start in range(0, len(firsts), _AT_ONCE):
            begun = set(self._connection.scalars(_FIRSTS, {"firsts": firsts[start : start + _AT_ONCE]}))
            for first in firsts[start : start + _AT_ONCE]:
                # A run alone in its microsecond takes the first number if that is free.
                alone = wanted[first] == 1 and first not in begun
                if first not in taken:
                    taken[first] = first - 1 if alone else self._last_of(first)
        for first in firsts:
            bucket = first
            while taken[bucket] == bucket + PER_MICROSECOND - 1:  # full: spill over into the next
                bucket += PER_MICROSECOND
                if bucket not in taken:
                    taken[bucket] = self._last_of(bucket)
            taken[bucket] += 1
            yield taken[bucket]

    def _last_of(self, first: int) -> int:
        """The last number that is taken in a microsecond; the one before its first if none is."""
        last = self._connection.scalar(_LAST, {"first": first, "end": first + PER_MICROSECOND})
        return first - 1 if last is None else last


def _row(seq: int, run: Run, *, indexed: bool) -> dict[str, Any]:
    usage = run.usage
    memory = usage.memory_peak_bytes if usage.memory_peak_bytes is not None else usage.memory_resident_bytes
    context = run.context
    return {
        "seq": seq,
        "workspace": run.workspace,
        "job_id": run.job_id,
        "number": run.number,
        "final": int(run.status.final),
        "status": run.status.value,
        "cause": run.cause.value if run.cause is not None else None,
        "key": clean(run.key),
        "name": clean(run.name) if run.name is not None else None,
        "image": clean(run.image) if run.image is not None else None,
        "command": clean(run.command[:COMMAND_LETTERS]),
        "executor": run.executor,
        "source": run.source,
        "host": context.host,
        "branch": context.branch,
        "commit_id": context.commit,
        "exit_code": run.exit_code,
        "duration_s": run.duration_s,
        "memory_bytes": memory,
        "cpu_s": usage.cpu_seconds,
        "wait_s": (wait := _wait(run)),
        "duration_class": size_class(run.duration_s),
        "memory_class": size_class(memory),
        "cpu_class": size_class(usage.cpu_seconds),
        "wait_class": size_class(wait),
        "ended_at": microseconds(run.finished_at or run.submitted_at),
        "owner": run.owner,
        "log_indexed": int(indexed),
    }


def _wait(run: Run) -> float | None:
    queue = run.phases.get(PhaseName.QUEUE)
    if queue is not None:
        return queue.duration_s
    if run.started_at is None:
        return None
    return max(0.0, (run.started_at - run.submitted_at).total_seconds())


def _labels(seq: int, run: Run) -> list[dict[str, Any]]:
    return [
        {"workspace": run.workspace, "name": clean(name), "value": clean(value), "seq": seq}
        for name, value in run.labels.items()
    ]


def _own_words(run: Run) -> str:
    parts = (run.job_id, run.name, run.image, run.command, run.intent, run.message, *run.labels.values())
    return clean("\n".join(part for part in parts if part))


def _with_log(own_words: str, log_text: str) -> str:
    # The job's own words once more, so that words from both are found together in one document.
    return f"{own_words}\n{clean(log_text)}"


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    return Run.from_stored(row.record, number=row.number)  # it is given one when the record is written


def _no_job(job_id: str) -> Exception:
    return not_found(
        f"there is no job {job_id[:130]!r}", where="job_id", hint="`orcaops jobs list` shows them."
    )
