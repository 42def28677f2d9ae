"""A run that needed far more, or far less, memory than the same job usually needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orcaops.learning.learner import Detector
from orcaops.learning.outliers import OutlierDetector
from orcaops.model.metric import MetricName
from orcaops.model.quantities import MIB, show_ratio, show_size
from orcaops.model.run import Status
from orcaops.model.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOutlier(OutlierDetector):
    """Finds runs with an unusual peak of memory: more is a warning or critical, less information.

    A peak is unusual if a Student-t test of its logarithm says so, *and* it lies 20 % and 32 MiB from
    the median, *and* no more than 2 % of the last 100 runs lay as far out. Silent with fewer than
    five measured runs, and on a constant. Only successful runs are judged: one that failed may have
    ended before it needed its memory.

    Costs about 60 µs a run and 2 kB a key.

    >>> detector.name, list(map(str, detector.metrics))
    ('anomaly_memory', ['memory'])
    """

    name: str = "anomaly_memory"
    metrics: Sequence[str] = (MetricName.MEMORY,)
    least_amount: float = 32.0 * MIB

    kind: ClassVar[str] = "memory"
    unit: ClassVar[str] = "bytes"
    floor: ClassVar[float] = 1.0

    def wants(self, sample: Sample) -> bool:
        """Successful runs whose memory was measured."""
        return sample.status is Status.SUCCEEDED and OutlierDetector.wants(self, sample)

    def show(self, value: float) -> str:
        """E.g. ``"512 MiB"``."""
        return show_size(value)

    def title(self, actual: float, usual: float) -> str:
        """E.g. ``"Needed 2.1 × the usual memory: 860 MiB instead of 410 MiB"``."""
        shown = f"{show_size(actual)} instead of {show_size(usual)}"
        if actual < usual:
            return f"Needed unusually little memory: {shown}"
        return f"Needed {show_ratio(actual / usual)} × the usual memory: {shown}"


detector: Detector = MemoryOutlier()
