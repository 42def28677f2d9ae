"""Timeouts that are too tight, too loose or missing, and hung runs that were found late."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import Replayed, observed, timeout_replayed
from orcaops.improving.dossier import ids, spec_of, timeout_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.improving.targets import hung_beside, timeout_target
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Change, Priority, Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats import timeouts
from orcaops.stats.interval import Estimate, mean_of_next, share_of_next

_HANGS = 0.01  # how likely it is at least that a job that never hung does once


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Compares the total timeout with how long the job takes (:mod:`orcaops.stats.timeouts`).

    *Too tight*: a run that was at work (not hung) was stopped, or a success came nearer than ``near`` to it.
    *Too loose*: the timeout is at least twice what the job needs. *Missing*: there is none. Runs that were
    stopped at a timeout while they used hardly any processor hung, and so did those of which that is not
    known and that took far longer than any success; what they waited for nothing is what a
    shorter timeout saves. Silent before ``needed`` successes, about jobs of which only traces are known, and
    where the replay over history would stop a healthy run.

    >>> Timeouts().needed
    10
    """

    name: str = "timeouts"
    needed: int = timeouts.NEEDED
    near: float = 0.9

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs with enough successes of which it is known whether they have a timeout."""
        ours = latest.source == "local" and spec_of(latest) is not None
        return (ours or timeout_of(latest) is not None) and baseline.run_count >= self.needed

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: a shorter, a longer or a first timeout."""
        dossier = dossier.of_present_work()
        seconds = [run.duration_s for run in dossier.successes if run.duration_s is not None]
        if len(seconds) < self.needed:
            return ()
        present = timeout_of(dossier.runs[0])
        stopped = [run for run in dossier.runs if run.cause is Cause.TIMEOUT_TOTAL]
        hung = [run for run in stopped if hung_beside(run, max(seconds))]
        at_work = [run for run in stopped if run not in hung]
        wanted = timeout_target(dossier.successes, stopped, needed=self.needed)
        if wanted is None:
            return ()
        replayed = timeout_replayed(dossier.runs, wanted)
        if present is not None and (at_work or max(seconds) > self.near * present) and wanted > present:
            return (self._longer(dossier, present, wanted, at_work, replayed),)
        loose = present is None or wanted < 0.5 * present
        return () if replayed.stopped or not loose else (self._shorter(dossier, wanted, hung, replayed),)

    def _longer(
        self, dossier: Dossier, present: float, wanted: float, at_work: Sequence[Run], replayed: Replayed
    ) -> Recommendation:
        flags = [run in at_work for run in dossier.runs]
        rate = share_of_next(flags, ahead=AHEAD)
        return propose(
            dossier,
            advisor=self.name,
            field="timeout",
            kind="reliability",
            title=f"Raise the timeout from {show_duration(present)} to {show_duration(wanted)}",
            description=f"{len(at_work)} of the last {len(dossier.runs)} runs were stopped by it at work; "
            f"successes took up to {show_duration(_longest(dossier))}.",
            action=f"--timeout {wanted:.0f}s",
            worth=Worth(unit="failures", per_run=rate, effort="easy", probability=0.9 if at_work else 0.5),
            evidence=observed(
                dossier.runs,
                timeout_s=present,
                proposed_s=wanted,
                stopped_at_work=ids(at_work),
                **replayed.told("seconds"),
            ),
            change=Change(field="timeout", before=present, after=wanted),
            least=Priority.MEDIUM,
        )

    def _shorter(
        self, dossier: Dossier, wanted: float, hung: Sequence[Run], replayed: Replayed
    ) -> Recommendation:
        present = timeout_of(dossier.runs[0])
        saved = mean_of_next(list(replayed.saved), ahead=AHEAD)
        late = "1 hung run was found late" if len(hung) == 1 else f"{len(hung)} hung runs were found late"
        found = late if hung else "no run hung so far"
        was = f"from {show_duration(present)} " if present is not None else ""
        verb = "Lower the timeout" if present is not None else "Set a timeout:"
        return propose(
            dossier,
            advisor=self.name,
            field="timeout",
            kind="reliability",
            title=f"{verb} {was}{'to ' if was else ''}{show_duration(wanted)}",
            description=f"The last {len(dossier.successes)} successes took up to "
            f"{show_duration(_longest(dossier))}; {found}. A hung run would hold its place for "
            f"{show_duration(present) if present is not None else 'ever'}.",
            impact=f"{replayed.runs} of {replayed.runs} past runs would have ended as they did.",
            action=f"--timeout {wanted:.0f}s",
            worth=Worth(
                unit="seconds" if hung else "exposures",
                per_run=saved.within(0.0) if hung else Estimate(1.0, 1.0, 1.0),
                effort="easy",
                probability=0.9 if hung else _HANGS,
            ),
            evidence=observed(
                dossier.runs,
                timeout_s=present,
                proposed_s=wanted,
                hung=ids(hung),
                **replayed.told("seconds"),
            ),
            change=Change(field="timeout", before=present, after=wanted),
            least=Priority.MEDIUM if hung else Priority.LOW,
        )


def _longest(dossier: Dossier) -> float:
    return max(run.duration_s or 0.0 for run in dossier.successes)


advisor: Advisor = Timeouts()
"""The shipped instance."""
