"""Sandboxes that nobody uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import IdleSandbox, held_of
from orcaops.improving.proposal import Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.recommendation import Change, Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import Estimate

_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSandboxes:
    """Advises to remove sandboxes that have been idle for longer than their own idle limit.

    ``least_s`` stands in for a limit that is not known.
    They are a workspace's, not a job's: they are looked at when somebody asks for recommendations. What is
    saved a day is the memory that is kept for them; of one without a limit at most what its commands have
    held. Silent where the dossier knows of no sandboxes.

    >>> IdleSandboxes().least_s
    3600.0
    """

    name: str = "idle_sandboxes"
    needed: int = 1
    least_s: float = 3600.0

    def concerns(self, latest: Run, baseline: Baseline) -> bool:  # noqa: ARG002
        """Runs in sandboxes."""
        return latest.sandbox is not None

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """One recommendation for each that is known beside the runs in it: what to remove."""
        return self.advise_on_sandboxes(dossier)

    def advise_on_sandboxes(self, dossier: Dossier) -> Sequence[Recommendation]:
        """One recommendation for each, whether a command ever ran in it or not."""
        return [
            self._told(dossier, each, [run for run in dossier.runs if run.sandbox == each.sandbox_id])
            for each in dossier.sandboxes
            if each.idle_s > (each.idle_limit_s or self.least_s)
        ]

    def _told(self, dossier: Dossier, idle: IdleSandbox, runs: Sequence[Run]) -> Recommendation:
        rate = dossier.runs_per_day()
        used = "used it" if runs else "run a command in it"
        kept, seen = idle.memory_bytes or 0, max((held_of(run) or 0 for run in runs), default=0)
        a_day = (kept or seen) / _GIB * 24 / rate
        told = f"Up to {show_size(kept)} are kept for it." if kept else "It keeps a place."
        return propose(
            dossier,
            advisor=self.name,
            field=idle.sandbox_id,
            kind="cost",
            title=f"Remove the idle sandbox {idle.name or idle.sandbox_id}",
            description=f"Nobody has {used} for {show_duration(idle.idle_s)}. {told}",
            action=f"orcaops sandbox remove {idle.sandbox_id}",
            worth=Worth(
                unit="gib_hours", per_run=Estimate(a_day, 0.5 * kept / _GIB * 24 / rate, a_day), effort="easy"
            ),
            evidence=observed(runs, sandbox=idle.sandbox_id, idle_s=round(idle.idle_s, 3)),
            change=Change(field="sandbox", before=idle.sandbox_id, after=None),
        )


advisor: Advisor = IdleSandboxes()
"""The shipped instance."""
