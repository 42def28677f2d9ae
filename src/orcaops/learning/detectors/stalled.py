"""A run that said nothing for far longer than the same job is ever silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orcaops.learning.learner import Detector
from orcaops.learning.outliers import OutlierDetector
from orcaops.model.metric import MetricName
from orcaops.model.quantities import show_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceOutlier(OutlierDetector):
    """Finds runs that hung: their longest silence was far beyond the usual, be it after their last output.

    A silence is too long if a Student-t test of its logarithm says so, *and* it was three times the
    median and 30 s more, *and* no more than 2 % of the last 100 runs were as silent. Runs of every
    outcome are judged, because many that hang are stopped in the end. Silent with fewer than five runs
    that printed something, and on a constant; short silences are nobody's trouble.

    Costs about 100 µs a run and 2 kB a key.

    >>> detector.name, list(map(str, detector.metrics))
    ('anomaly_stalled', ['silence'])
    """

    name: str = "anomaly_stalled"
    metrics: Sequence[str] = (MetricName.SILENCE,)
    least_amount: float = 30.0
    least_ratio: float = 3.0

    kind: ClassVar[str] = "stalled"
    unit: ClassVar[str] = "s"
    floor: ClassVar[float] = 1.0
    low_side: ClassVar[bool] = False

    def show(self, value: float) -> str:
        """E.g. ``"5 min 12 s"``; below a second no silence is told from another."""
        return show_duration(value) if value > self.floor else f"{show_duration(self.floor)} at most"

    def title(self, actual: float, usual: float) -> str:
        """E.g. ``"Said nothing for 12 min; its longest silence is usually 20 s"``."""
        return f"Said nothing for {self.show(actual)}; its longest silence is usually {self.show(usual)}"


detector: Detector = SilenceOutlier()
