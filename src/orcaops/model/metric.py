"""MetricName: what can be measured of a run."""

from enum import StrEnum


class MetricName(StrEnum):
    """The metrics that every run can have; learners say which they want."""

    DURATION = "duration"  # seconds from exec to exit of a run that succeeded
    FAILED_DURATION = "failed_duration"  # the same of a run whose command failed
    MEMORY = "memory"  # bytes the processes held, or the kernel's peak where that is all there is
    CPU = "cpu"  # CPU seconds
    QUEUE_WAIT = "queue_wait"  # seconds between submission and start
    SILENCE = "silence"  # seconds, the longest without output of a run that printed something
    FAILURE = "failure"  # 1 if the run failed by its own doing, 0 if it succeeded
    TEST_FAILURE = "test_failure"  # 1 if a test inside the run failed, 0 if it passed
    TEST_DURATION = "test_duration"  # seconds of a test that passed
    STEP_FAILURE = "step_failure"  # 1 if one of several steps of the run failed, 0 if it succeeded
    STEP_DURATION = "step_duration"  # seconds of a step that succeeded
    TESTS = "tests"  # how many tests of the run failed; comes behind those of its tests
    ERROR = "error"  # 1; ``Sample.detail`` is the failure's signature
