"""The result of an exam as a table: each learner beside its naive rivals on the same runs."""

from collections.abc import Mapping
from typing import Any

import click

from orcaops.interfaces.cli.output import note, table

_NOT_FIGURES = frozenset({"name", "kind", "metric", "n", "rivals", "intervals_95"})


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
                [name.replace("_", " "), *(_shown(scores.get(name)) for scores in methods.values())]
                for name in figures
            ],
        )
    if silent:
        click.echo()
        note(f"too short a history to score: {', '.join(silent)}")


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
