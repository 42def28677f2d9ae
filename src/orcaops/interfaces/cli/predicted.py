"""What was predicted beside what came, what remains of a running job, and how good predictions have been."""

import math
from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.output import colour, table
from orcaops.model.prediction import Forecasts, Prediction, Remaining, TrackRecord
from orcaops.model.quantities import show_duration, show_size

if TYPE_CHECKING:
    from orcaops.model.run import Run


def print_outcome(run: "Run", forecasts: Forecasts) -> None:
    """A table of a final run: what was predicted, within what, what came, and how far off that was."""
    from orcaops.services.predictions import came_true

    came = came_true(run)
    rows = []
    for name in ("duration", "memory", "failure_risk", "cost"):
        answer = getattr(forecasts, name)
        if not isinstance(answer, Prediction):
            rows.append([name.replace("_", " "), "not known", "", "", ""])
            continue
        truth = came.get(name)
        rows.append(
            [
                name.replace("_", " "),
                shown(answer.estimate, answer.unit),
                f"{shown(answer.range_low, answer.unit)} to {shown(answer.range_high, answer.unit)}",
                _came(name, truth, answer.unit),
                _verdict(name, answer, truth),
            ]
        )
    click.echo("\nexpected before it ran:")
    table(["", "expected", "interval", "came", ""], rows)


def remaining_words(left: Remaining) -> str:
    """How long a run still takes, in words: ``about 40 s left (10 s to 90 s)``."""
    words = (
        f"about {show_duration(left.estimate_s)} left "
        f"({show_duration(left.low_s)} to {show_duration(left.high_s)}, {left.coverage:.0%} sure)"
    )
    if left.overdue:
        words += f"; overdue: {left.outlasts:.1%} of its runs take as long as it has already"
    return words


def record_words(record: TrackRecord) -> str:
    """How good such predictions have been on this job."""
    words = f"{record.n} scored"
    if record.within_20 is not None and record.inside is not None:
        words += f", {record.within_20:.0%} within 20 %, {record.inside:.0%} inside the interval"
    if record.brier is not None:
        words += f", Brier score {record.brier:.3f}"
    if record.mean_abs_log_error is not None:
        words += f", mean error of the logarithm {record.mean_abs_log_error:.3f}"
    if record.rival is not None and record.rival_score is not None:
        words += f" (the best naive rule, {record.rival}: {record.rival_score:.3f})"
    return words


def shown(value: float, unit: str) -> str:
    """A predicted number with its unit."""
    if unit == "s":
        return show_duration(value)
    if unit == "bytes":
        return show_size(value)
    return f"{value:.1%}" if unit == "probability" else f"{value:.4g} {unit}"


def _came(name: str, truth: float | None, unit: str) -> str:
    if truth is None:
        return "–"
    if name == "failure_risk":
        return "failed" if truth else "passed"
    return shown(truth, unit)


def _verdict(name: str, answer: Prediction, truth: float | None) -> str:
    if truth is None or name == "failure_risk":
        return ""
    if not answer.range_low <= truth <= answer.range_high:
        return colour("outside the interval", "warn")
    if answer.estimate > 0 and math.isfinite(off := truth / answer.estimate - 1):
        return f"{off:+.0%}"
    return ""
