"""Metric: what is measured of a run, in which unit, and which way is better."""

from enum import StrEnum
from typing import Literal

from orcaops.model.word import Word


class Metric(Word):
    """A named quantity of a run."""

    name: str
    unit: str
    better: Literal["lower", "higher", "neither"] = "lower"


class MetricName(StrEnum):
    """The metrics that every run can have; learners say which they want."""

    DURATION = "duration"  # seconds from exec to exit of a run that succeeded
    FAILED_DURATION = "failed_duration"  # the same of a run whose command failed
    MEMORY = "memory"  # bytes the processes held, or the kernel's peak where that is all there is
    CPU = "cpu"  # CPU seconds
    QUEUE_WAIT = "queue_wait"  # seconds between submission and start
    SILENCE = "silence"  # seconds, the longest between two outputs of a run that printed something
    FAILURE = "failure"  # 1 if the run failed by its own doing, 0 if it succeeded
    ERROR = "error"  # 1; ``Sample.detail`` is the failure's signature


METRICS: dict[str, Metric] = {
    MetricName.DURATION: Metric(name="duration", unit="s"),
    MetricName.FAILED_DURATION: Metric(name="failed_duration", unit="s", better="neither"),
    MetricName.MEMORY: Metric(name="memory", unit="bytes"),
    MetricName.CPU: Metric(name="cpu", unit="s"),
    MetricName.QUEUE_WAIT: Metric(name="queue_wait", unit="s"),
    MetricName.SILENCE: Metric(name="silence", unit="s", better="neither"),
    MetricName.FAILURE: Metric(name="failure", unit="fraction"),
    MetricName.ERROR: Metric(name="error", unit="count"),
}
