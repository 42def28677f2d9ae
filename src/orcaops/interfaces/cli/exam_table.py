"""The result of an exam as a table: each learner beside its naive rivals on the same runs."""

from collections.abc import Mapping
from typing import Any

import click

from orcaops.interfaces.cli.output import note, table

_NOT_FIGURES = frozenset({"name", "kind", "metric", "n", "rivals", "intervals_95", "within_20_by_job"})
_NAMED = 3
_PER_THOUSAND = {"false_alarms_per_run": "false alarms per 1000"}


def print_exam(result: Mapping[str, Any]) -> None:
    """Print what :meth:`History.examine` found."""
    click.echo(f"{result['runs']} runs, each predicted before it was learned from")
    if not result["learners"]:
        note("nothing was scored: the history is too short")
    silent = []
    for learner in result["learners"]:
        figures = [
            name
            for name in learner
            if name not in _NOT_FIGURES
            and any(scores.get(name) is not None for scores in (learner, *learner["rivals"].values()))
        ]
        if not learner["n"] or not figures:
            silent.append(learner["name"])
            continue
        click.echo(f"\n{learner['name']} ({learner['metric']}, {learner['n']} runs)")
        methods = {"this": learner, **learner["rivals"]}
        table(
            ["figure", *methods],
            [
                [
                    _PER_THOUSAND.get(name, name.replace("_", " ")),
                    *(_shown(scores.get(name), name) for scores in methods.values()),
                ]
                for name in figures
            ],
        )
        if (by_job := learner.get("within_20_by_job")) and by_job["jobs"]:
            note(_reach(by_job))
    if silent:
        click.echo()
        note(f"too short a history to score: {', '.join(silent)}")


def _reach(by_job: Mapping[str, Any]) -> str:
    jobs, holds, beyond = by_job["jobs"], by_job["holds"], by_job["out_of_reach"]
    said = f"eight of ten runs are within 20% for {holds} of {jobs} jobs with 20 runs or more"
    if beyond:
        said += (
            f"; {beyond} {'is' if beyond == 1 else 'are'} out of reach: not even the best number for each ten"
            " runs, chosen afterwards, would be"
        )
    if by_job["missed"]:
        said += f"; a better method could do it for: {', '.join(by_job['missed'][:_NAMED])}"
        if len(by_job["missed"]) > _NAMED:
            said += " …"
    return said


def _shown(value: object, name: str) -> str:
    if value is None:
        return "–"
    if name in _PER_THOUSAND and isinstance(value, float):
        return f"{1000 * value:.1f}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
