"""A run that waited far longer for its start than runs of the same job usually do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orcaops.learning.learner import Detector
from orcaops.learning.outliers import OutlierDetector
from orcaops.model.metric import MetricName
from orcaops.model.quantities import show_duration
from orcaops.model.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueWait(OutlierDetector):
    """Finds long waits between submission and start.

    A wait is long if a Student-t test of its logarithm says so, *and* it was twice the median and a
    minute more, *and* no more than 2 % of the last 100 were as long. Short waits are nobody's
    trouble. Silent with fewer than five runs, and on a constant.

    Costs about 60 µs a run and 2 kB a key.

    >>> detector.name
    'anomaly_queue_wait'
    """

    name: str = "anomaly_queue_wait"
    metrics: Sequence[str] = (MetricName.QUEUE_WAIT,)
    least_amount: float = 60.0
    least_ratio: float = 2.0

    kind: ClassVar[str] = "queue_wait"
    unit: ClassVar[str] = "s"
    floor: ClassVar[float] = 1.0
    low_side: ClassVar[bool] = False

    def wants(self, sample: Sample) -> bool:
        """Every wait, whatever became of the run."""
        return OutlierDetector.wants(self, sample)

    def show(self, value: float) -> str:
        """E.g. ``"5 min 12 s"``."""
        return show_duration(value)

    def title(self, actual: float, usual: float) -> str:
        """E.g. ``"Waited 12 min for its start, usually 20 s"``."""
        return f"Waited {show_duration(actual)} for its start, usually {show_duration(usual)}"


detector: Detector = QueueWait()
