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
_WHERE = {
    "command": "the command line",
    "output": "the output",
    "environment": "the container's environment",
}
_HARMS = {"command": 0.9, "output": 0.9, "environment": 0.1}
_LEAST = {"command": Priority.HIGH, "output": Priority.MEDIUM, "environment": Priority.LOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedSecrets:
    """Tells of secrets in command lines, output and environments, which were masked before they were stored.

    A secret in a command line is seen by everybody who may list processes; in output, by everybody who
    reads the log elsewhere; in a container's environment, by everybody who may ask the engine for it, and by
    every program in it. That is the usual way to hand one over all the same: it is told with low priority,
    and not of local processes, whose environment only their owner sees. Each place is a recommendation
    of its own. Silent before ``needed`` runs of the key.

    >>> ExposedSecrets().needed
    3
    """

    name: str = "exposed_secrets"
    needed: int = 3

    def concerns(self, latest: Run, baseline: Baseline) -> bool:  # noqa: ARG002
        """Runs in whose specification or output something was masked."""
        return _in_command(latest) or _in_output(latest) or _in_environment(latest)

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation for each place."""
        if len(dossier.runs) < self.needed:
            return ()
        found = []
        for place, seen, action in (
            ("command", _in_command, "Mount a file read-only, or hand it over by a variable: -e NAME"),
            (
                "environment",
                _in_environment,
                "Mount it as a file: -v /path/of/secret:/run/secrets/NAME:ro, and read it from there",
            ),
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
        where = _WHERE[place]
        names = _secret_variables(runs[0])
        shown = f" ({', '.join(names[:5])})" if place == "environment" else ""
        return propose(
            dossier,
            advisor=self.name,
            field=place,
            kind="security",
            title=f"A secret stands in {where}",
            description=f"In {len(runs)} of the last {len(dossier.runs)} runs something secret stood in "
            f"{where}{shown}. It "
            "was masked before it was stored here; elsewhere it may be readable.",
            action=action,
            worth=Worth(
                unit="exposures",
                per_run=share_of_next([run.job_id in chosen for run in dossier.runs], ahead=AHEAD),
                effort="moderate",
                probability=_HARMS[place],
            ),
            evidence=observed(runs, where=place, secret_variables=names),
            least=_LEAST[place],
        )


def _in_command(run: Run) -> bool:
    return run.masked and _MASK in run.command


def _secret_variables(run: Run) -> list[str]:
    spec = spec_of(run)
    return sorted(name for name, value in (spec.env if spec else {}).items() if _MASK in value)


def _in_environment(run: Run) -> bool:
    return run.masked and run.image is not None and bool(_secret_variables(run))


def _in_output(run: Run) -> bool:
    """What was masked in it was counted; a mask in an older record's first error is ours if one is known."""
    if run.log is None:
        return False
    return run.log.masked > 0 or (run.masked and _MASK in (run.log.first_error or ""))


advisor: Advisor = ExposedSecrets()
"""The shipped instance."""
