"""Networks that jobs are given and never use."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import spec_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.recommendation import Change, Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats.interval import share_of_next


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedNetwork:
    """Advises no network where at least ``needed`` measured successes, and every other run, sent nothing.

    Not a byte: a request of a few words is a use like any other. What is received without having sent
    anything is the neighbours talking to everybody; up to ``greetings`` bytes of it count as nothing.
    Silent where one run used it, where it was not measured to the end, and for jobs without a network.

    >>> UnusedNetwork().needed
    10
    """

    name: str = "unused_network"
    needed: int = 10
    greetings: int = 8192

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Runs that had a network and did not use it."""
        return baseline.run_count >= self.needed and self._unused(latest)

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation."""
        dossier = dossier.of_present_work()
        had = [run for run in dossier.runs if _network(run) is not None and _measured(run)]
        unused = [run for run in had if self._unused(run)]
        succeeded = sum(run.cause is Cause.SUCCESS for run in unused)
        if succeeded < self.needed or len(unused) < len(had):
            return ()
        network = _network(unused[0])
        return (
            propose(
                dossier,
                advisor=self.name,
                field="network",
                kind="security",
                title="Take the network away: it is never used",
                description=f"None of the last {len(unused)} runs sent anything on {network!r}.",
                impact="A job without a network cannot leak anything, nor fetch what nobody expects.",
                action="--network none",
                worth=Worth(
                    unit="exposures",
                    per_run=share_of_next([True] * len(unused), ahead=AHEAD),
                    effort="easy",
                    probability=0.3,
                ),
                evidence=observed(
                    unused,
                    network=network,
                    replayed_runs=len(unused),
                    would_have_been_stopped=0,
                    most_bytes_sent=0,
                    most_bytes_received=max(run.usage.network_received_bytes or 0 for run in unused),
                ),
                change=Change(field="network", before=network, after="none"),
            ),
        )

    def _unused(self, run: Run) -> bool:
        received, sent = run.usage.network_received_bytes or 0, run.usage.network_sent_bytes or 0
        return _network(run) is not None and _measured(run) and sent == 0 and received <= self.greetings


def _measured(run: Run) -> bool:
    """An engine's own figures, once a second, miss what is sent last."""
    usage = run.usage
    known = usage.network_received_bytes is not None and usage.network_sent_bytes is not None
    return known and usage.exact


def _network(run: Run) -> str | None:
    spec = spec_of(run)
    return spec.network if spec is not None and spec.network not in (None, "none") else None


advisor: Advisor = UnusedNetwork()
"""The shipped instance."""
