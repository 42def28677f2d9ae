"""What was predicted beside what came, what remains of a running job, and how good predictions have been."""

import math
from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.output import colour, table
from orcaops.model.prediction import Forecasts, Prediction, Remaining, TrackRecord
from orcaops.model.quantities import show_duration, show_size

if TYPE_CHECKING:
    from orcaops.model.run import Run

_COUNTED = 40  # predictions of which a share is told as a count
_ALIKE = 0.005  # Brier scores that are this near to each other are alike


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
    """How good such predictions have been on this job: ``11 of 12 within 20%, 10 of 12 inside the interval``.

    A risk is neither right nor wrong: it is held against the best simple rule. ``--json`` has all figures.
    """
    if record.within_20 is not None and record.inside is not None:
        near, inside = (_part(share, record.n) for share in (record.within_20, record.inside))
        of = "" if record.n <= _COUNTED else f"of {record.n} predictions "
        return f"{of}{near} within 20%, {inside} inside the interval"
    runs = f"{record.n} run{'s' * (record.n != 1)}"
    if record.brier is None or record.rival_score is None:
        return f"held against {runs}"
    ahead = record.rival_score - record.brier
    verdict = "as good as" if abs(ahead) <= _ALIKE else "better than" if ahead > 0 else "not as good as"
    return f"over {runs} {verdict} the best simple rule"


def _part(share: float, n: int) -> str:
    """A share of few as a count; the older of many count less, so that a count would not be true."""
    return f"{round(share * n)} of {n}" if n <= _COUNTED else f"{share:.0%}"


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
