"""Circumstances of a run as numbers: the hour of the week, the time since the last run, what changed since,
and whether everything else fails at the moment. For a model that learns which of them matter.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orcaops.learning.learner import Memory, Question
from orcaops.model.sample import Sample
from orcaops.stats.logistic import logit
from orcaops.stats.rounding import rounded

NAMES = (
    "the hour of the day",
    "the hour of the day",
    "the weekend",
    "the time since the last run",
    "another image digest",
    "another command",
    "another branch",
    "other environment names",
    "other resources",
    "failures of other jobs",
)
"""What each number is about, in their order."""

_SCALE = 0.3  # a circumstance has to earn its weight: noise must not cost what history has won
_TURN = 2 * math.pi / 24
_LETTERS = 80
_FORGETS_S = 1800.0
_EXPECTED = 4.0  # runs that count as usual, before any is seen


def context_of(subject: Sample | Question) -> list[str]:
    """What can change from run to run, as short texts: digest, command, branch, names, resources."""
    limit, cpus = subject.memory_limit_bytes, subject.cpus
    return [
        (subject.image_digest or "")[-_LETTERS:],
        subject.command[:_LETTERS],
        (subject.branch or "")[:_LETTERS],
        ",".join(subject.env_names)[:_LETTERS],
        "" if limit is None and cpus is None else f"{limit or 0}/{cpus or 0:g}",
    ]


def features(
    asked_at: datetime, last_at: float | None, former: Sequence[str] | None, now: Sequence[str], storm: float
) -> list[float]:
    """One number per name; of what was or is not known, that it did not change.

    ``storm`` is what :func:`storm` gives.
    """
    hour = (asked_at.hour + asked_at.minute / 60) * _TURN
    gap_s = 0.0 if last_at is None else max(asked_at.timestamp() - last_at, 0.0)
    changed = [
        1.0 if old and new and old != new else 0.0 for old, new in zip(former or now, now, strict=True)
    ]
    found = (
        math.sin(hour),
        math.cos(hour),
        1.0 if asked_at.weekday() >= 5 else 0.0,
        math.log1p(gap_s / 3600) / 5,
        *changed,
        storm,
    )
    return rounded([_SCALE * feature for feature in found], 5)


def learn_storm(all_: Memory, at: float, failed: bool) -> None:
    """Count an outcome of any job among those of the last half hour or so, and among all."""
    former: Sequence[Any] = all_.get("storm") or [at, 0.0, 0.0, 0.1]
    faded = 0.5 ** (max(at - former[0], 0.0) / _FORGETS_S)
    usual = former[3] + 0.005 * (failed - former[3])
    all_["storm"] = [
        round(max(at, former[0]), 3),
        round(former[1] * faded + failed, 4),
        round(former[2] * faded + 1, 4),
        round(usual, 6),
    ]


def storm(all_: Memory, at: float) -> float:
    """How much more often jobs have failed just now than they usually do, as a difference of log odds."""
    known: Sequence[Any] | None = all_.get("storm")
    if known is None:
        return 0.0
    faded = 0.5 ** (max(at - known[0], 0.0) / _FORGETS_S)
    rate = (known[1] * faded + _EXPECTED * known[3]) / (known[2] * faded + _EXPECTED)
    return logit(rate) - logit(known[3])
