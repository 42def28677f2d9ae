"""Likeness: earlier failures that are the same, or that read alike, and what ended them."""

from collections.abc import Iterator, Sequence

from orcaops.model.debug import Change, PastFailure
from orcaops.model.diagnosis import Diagnosis, Evidence
from orcaops.model.errors import OrcaError
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.solution import Atom
from orcaops.recording.store import Store, Transaction

_LOOKED_AT = 60  # failures of the family that are compared by their words
_NAMES = {
    "memory": "memory limit",
    "cpus": "CPUs",
    "pids": "number of processes",
    "idle_timeout": "idle timeout",
    "digest": "image digest",
    "cwd": "working directory",
}


class Likeness:
    """Finds failures like one. By signature first, then by the words of their telling lines."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(
        self, transaction: Transaction, workspace: str, job_id: str, *, limit: int = 4
    ) -> tuple[PastFailure, ...]:
        """Failures before this one that are the same or alike, the same ones first, latest first."""
        failure = transaction.diagnoses.find(workspace, [job_id]).get(job_id)
        if failure is None:
            return ()
        same = [
            each
            for each in transaction.diagnoses.of_signature(workspace, failure.signature, 4 * limit + 1)
            if each.number < failure.number
        ][:limit]
        alike = self._alike(transaction, failure) if len(same) < limit else []
        chosen = [(each, True) for each in same] + [(each, False) for each in alike[: limit - len(same)]]
        return tuple(self._told(transaction, chosen))

    def _alike(self, transaction: Transaction, failure: Diagnosis) -> list[Diagnosis]:
        from orcaops.learning.failures.similarity import ALIKE, similarities

        others = [
            each
            for each in transaction.diagnoses.of_family(failure.workspace, failure.family, _LOOKED_AT)
            if each.number < failure.number and each.signature != failure.signature and each.has_lines
        ]
        if not others or not failure.has_lines:
            return []
        evidence = transaction.evidence.find(
            failure.workspace, [failure.job_id, *(each.job_id for each in others)]
        )
        if failure.job_id not in evidence:
            return []
        known = [each for each in others if each.job_id in evidence]
        scores = similarities(
            _text(evidence[failure.job_id]), [_text(evidence[each.job_id]) for each in known]
        )
        near = [(score, each) for score, each in zip(scores, known, strict=True) if score >= ALIKE]
        return [each for _, each in sorted(near, key=lambda pair: (-pair[0], -pair[1].number))]

    def _told(
        self, transaction: Transaction, chosen: Sequence[tuple[Diagnosis, bool]]
    ) -> Iterator[PastFailure]:
        for each, same in chosen:
            try:
                run = transaction.runs.get(each.workspace, each.job_id)
            except OrcaError:
                continue  # its record is gone
            yield PastFailure(
                job_id=each.job_id,
                submitted_at=run.submitted_at,
                text=each.text,
                same=same,
                ended_by=each.ended_by,
                changed=tuple(map(change_of, each.changed)),
            )


def _text(evidence: Evidence) -> str:
    return "\n".join(line.text for line in evidence.lines[:3])


def change_of(atom: Atom) -> Change:
    """An atom as it is shown: what, before, after."""
    what = _NAMES.get(atom.kind, atom.kind)
    if atom.kind == "word":
        if atom.after:
            return Change(what="word of the command", after=atom.name)
        return Change(what="word of the command", before=atom.name)
    if atom.kind in ("env", "mount"):
        what = f"{'environment variable' if atom.kind == 'env' else 'mount'} {atom.name}"
    return Change(what=what, before=_shown(atom.kind, atom.before), after=_shown(atom.kind, atom.after))


def _shown(kind: str, value: str | None) -> str | None:
    if value is None:
        return None
    if kind == "memory":
        return show_size(float(value))
    return show_duration(float(value)) if kind in ("timeout", "idle_timeout") else value[:120]
