"""Sandboxes that nobody uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.proposal import Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import Estimate

_GIB = 1024**3
_USUAL_BYTES = _GIB // 4


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSandboxes:
    """Advises to remove sandboxes that have been idle for longer than their own idle limit.

    ``least_s`` stands in for a limit that is not known.

    What is saved a day is the memory that they hold (a quarter GiB where it is not known). Silent where the
    dossier knows of no sandboxes.

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
        """At most one recommendation: what to remove."""
        idle = [each for each in dossier.sandboxes if each.idle_s > (each.idle_limit_s or self.least_s)]
        rate = dossier.runs_per_day()
        if not idle or rate <= 0:
            return ()
        held = sum(each.memory_bytes or _USUAL_BYTES for each in idle) / _GIB * 24 / rate
        names = [each.sandbox_id for each in idle]
        return (
            propose(
                dossier,
                advisor=self.name,
                field="sandboxes",
                kind="cost",
                title=f"Remove {len(idle)} idle sandbox{'es' if len(idle) > 1 else ''}",
                description=f"Idle for up to {show_duration(max(each.idle_s for each in idle))}: "
                f"{', '.join(names[:5])}.",
                action=" && ".join(f"orcaops sandbox remove {name}" for name in names[:5]),
                worth=Worth(unit="gib_hours", per_run=Estimate(held, 0.5 * held, held), effort="easy"),
                evidence=observed(
                    dossier.runs,
                    sandboxes=names,
                    idle_s=[round(each.idle_s, 3) for each in idle],
                ),
            ),
        )


advisor: Advisor = IdleSandboxes()
"""The shipped instance."""
