"""Secrets that stand where others can read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import spec_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.recommendation import Priority, Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import share_of_next

_MASK = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedSecrets:
    """Tells of secrets in command lines and in output, which were masked before anything was stored.

    A secret in a command line is seen by everybody who may list processes; in output, by everybody who
    reads the log elsewhere. A secret in the environment is the usual way to hand one over, and no reason
    for advice while nothing prints it. Each place is a recommendation of its own. Silent before ``needed``
    runs of the key.

    >>> ExposedSecrets().needed
    3
    """

    name: str = "exposed_secrets"
    needed: int = 3

    def concerns(self, latest: Run, baseline: Baseline) -> bool:  # noqa: ARG002
        """Runs in whose specification or output something was masked."""
        return _in_command(latest) or _in_output(latest)

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation for each place."""
        if len(dossier.runs) < self.needed:
            return ()
        found = []
        for place, seen, action in (
            ("command", _in_command, "Hand it over by a variable: -e NAME, or mount a file read-only"),
            (
                "output",
                _in_output,
                "Find what prints it (set -x, env, a debug option), and change the secret",
            ),
        ):
            runs = [run for run in dossier.runs if seen(run)]
            if runs:
                found.append(self._told(dossier, place, runs, action))
        return found

    def _told(self, dossier: Dossier, place: str, runs: Sequence[Run], action: str) -> Recommendation:
        chosen = {run.job_id for run in runs}
        where = "the command line" if place == "command" else "the output"
        spec = spec_of(runs[0])
        names = sorted(name for name, value in (spec.env if spec else {}).items() if _MASK in value)
        return propose(
            dossier,
            advisor=self.name,
            field=place,
            kind="security",
            title=f"A secret stands in {where}",
            description=f"In {len(runs)} of the last {len(dossier.runs)} runs something secret stood in "
            f"{where}. It "
            "was masked before it was stored here; elsewhere it may be readable.",
            action=action,
            worth=Worth(
                unit="exposures",
                per_run=share_of_next([run.job_id in chosen for run in dossier.runs], ahead=AHEAD),
                effort="moderate",
            ),
            evidence=observed(runs, where=place, secret_variables=names),
            least=Priority.HIGH if place == "command" else Priority.MEDIUM,
        )


def _in_command(run: Run) -> bool:
    return run.masked and _MASK in run.command


def _in_output(run: Run) -> bool:
    """What was masked in it was counted; a mask in an older record's first error is ours if one is known."""
    if run.log is None:
        return False
    return run.log.masked > 0 or (run.masked and _MASK in (run.log.first_error or ""))


advisor: Advisor = ExposedSecrets()
"""The shipped instance."""
