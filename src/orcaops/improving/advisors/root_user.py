"""Commands that have root's rights in their container without needing them."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import spec_of
from orcaops.improving.proposal import Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.installing import installer_of
from orcaops.model.recommendation import Priority, Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import Estimate

_NEEDS_ROOT = frozenset(("apt", "apk", "dnf", "docker"))
_ROOT = frozenset(("root", "0", "0:0", "root:root"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RootUser:
    """Advises an unprivileged user where a job ran as root and could write to the host, or reach the network.

    Without a writable mount and without a network root in a hardened container reaches nothing. Jobs that
    install system packages need root; nothing is said of them. Silent before ``needed`` runs, and where the
    engine did not say whose rights the commands had.

    >>> RootUser().needed
    10
    """

    name: str = "root_user"
    needed: int = 10

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Runs as root with something in reach."""
        return latest.user in _ROOT and baseline.run_count >= self.needed and bool(_reach(latest))

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation."""
        as_root = [run for run in dossier.runs if run.user in _ROOT and _reach(run)]
        if len(as_root) < self.needed or any(_needs_root(run) for run in dossier.runs):
            return ()
        reach = _reach(as_root[0])
        share = len(as_root) / len(dossier.runs)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="user",
                kind="security",
                title="Run it as another user than root",
                description=f"{len(as_root)} of the last {len(dossier.runs)} runs had root's rights in "
                f"the container "
                f"and {reach} in reach; nothing that they did is known to need them.",
                action="Add `USER 1000` (or a name) to the image's Dockerfile",
                worth=Worth(
                    unit="exposures",
                    per_run=Estimate(share, 0.1 * share, share),
                    effort="moderate",
                    probability=0.6,
                ),
                evidence=observed(as_root, user=as_root[0].user, in_reach=reach),
                least=Priority.LOW,
            ),
        )


def _reach(run: Run) -> str:
    """What root in the container could change outside; empty if nothing."""
    spec = spec_of(run)
    if spec is None:
        return ""
    folders = [mount.source for mount in spec.mounts if not mount.read_only]
    if folders:
        return f"the host's {folders[0]}"
    return f"the network {spec.network!r}" if spec.network not in (None, "none") else ""


def _needs_root(run: Run) -> bool:
    tool = installer_of(run.command)
    names = {each.tool for each in run.installations} | ({tool.name} if tool is not None else set())
    return bool(names & _NEEDS_ROOT) or "sudo " in run.command or "chown " in run.command


advisor: Advisor = RootUser()
"""The shipped instance."""
