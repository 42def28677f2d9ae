"""Estimates of a number with what came, and the figures that they earn."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from orcaops.learning.exam.paper import Figures
from orcaops.learning.rivals.rival import Guess
from orcaops.stats import bootstrap, scoring

_MOST_TRIES = 12


@dataclass(slots=True)
class Answers:
    """Estimates with what came; intervals and confidences where they were stated."""

    estimates: list[float] = field(default_factory=list)
    truths: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    jobs: list[Hashable] = field(default_factory=list)

    def add(self, guess: Guess, truth: float, job: Hashable = None) -> None:
        """Note one, of this job."""
        self.jobs.append(job)
        self.estimates.append(guess.estimate)
        self.truths.append(truth)
        if guess.low is not None and guess.high is not None:
            self.lows.append(guess.low)
            self.highs.append(guess.high)
        if guess.confidence is not None:
            self.confidences.append(guess.confidence)

    def figures(self) -> Figures:
        """What they earned; of nothing, nulls."""
        figures: Figures = {
            "within_20": scoring.within(self.estimates, self.truths),
            "median_abs_pct_error": scoring.median_abs_pct_error(self.estimates, self.truths),
            "mean_abs_log_error": scoring.mean_abs_log_error(self.estimates, self.truths),
        }
        if self.lows and len(self.lows) == len(self.truths):
            figures["coverage_90"] = scoring.coverage(self.lows, self.highs, self.truths)
            figures["winkler_90"] = scoring.winkler(self.lows, self.highs, self.truths)
            figures["pinball_90"] = scoring.pinball(self.lows, self.highs, self.truths)
            figures["width_90"] = scoring.width(self.lows, self.highs)
        if self.confidences and len(self.confidences) == len(self.truths):
            hits = [abs(e - t) <= 0.2 * t for e, t in zip(self.estimates, self.truths, strict=True)]
            figures["ece"] = scoring.calibration_error(self.confidences, hits)
            sure = [hit for c, hit in zip(self.confidences, hits, strict=True) if c >= 0.9]
            figures["confident_n"] = len(sure)
            figures["confident_within_20"] = sum(sure) / len(sure) if sure else None
        return figures

    def intervals(self, rivals: "Mapping[str, Answers]") -> dict[str, list[float]]:
        """For figures that are means, how far they can be off: 95 % intervals by drawing other jobs.

        ``error_ratio_<rival>`` is the mean error of the logarithm over that of a rival on the same runs.
        """
        ones = [1.0] * len(self.truths)
        hits = [float(abs(e - t) <= 0.2 * t) for e, t in zip(self.estimates, self.truths, strict=True)]
        errors = self._log_errors()
        ratios = {"within_20": (hits, ones), "mean_abs_log_error": (errors, ones)}
        if self.lows and len(self.lows) == len(ones):
            inside = zip(self.lows, self.highs, self.truths, strict=True)
            ratios["coverage_90"] = ([float(low <= t <= high) for low, high, t in inside], ones)
        if self.confidences and len(self.confidences) == len(ones):
            sure = [float(c >= 0.9) for c in self.confidences]
            right = [hit * each for hit, each in zip(hits, sure, strict=True)]
            ratios["confident_within_20"] = (right, sure)
        for name, theirs in rivals.items():
            if len(theirs.truths) == len(ones):
                ratios[f"error_ratio_{name}"] = (errors, theirs._log_errors())
        return {name: list(told) for name, told in bootstrap.intervals(self.jobs, ratios).items()}

    def _log_errors(self) -> list[float]:
        pairs = zip(self.estimates, self.truths, strict=True)
        return [abs(math.log(max(e, 1e-3) / max(t, 1e-3))) for e, t in pairs]


@dataclass(slots=True)
class Allocations:
    """Memory given and not used, in GB hours, retrying with twice as much after running out."""

    wasted_gbh: float = 0.0
    failed: int = 0
    lost: int = 0
    n: int = 0

    def add(self, limit: float, peak: float, hours: float, requested: float | None = None) -> None:
        """Note one run's limit and peak in bytes, and how long it took."""
        self.n += 1
        self.failed += peak > limit
        self.lost += peak > max(2 * limit, requested or 0.0)  # tried again with twice that, then as asked for
        for _ in range(_MOST_TRIES):
            if peak <= limit:
                break
            self.wasted_gbh += limit / 1e9 * hours
            limit *= 2
        self.wasted_gbh += max(limit - peak, 0.0) / 1e9 * hours

    def figures(self) -> Figures:
        """What was wasted, and the share of runs whose first attempt ran out; of nothing, nulls."""
        share = self.failed / self.n if self.n else None
        return {
            "wasted_gbh": self.wasted_gbh if self.n else None,
            "first_attempt_failures": share,
            "lost_after_retry": self.lost if self.n else None,
        }
