"""The busiest half second of a run."""

import pytest

from orcaops.running.cpu_peak import CpuPeak


def peak_of(used_s: list[float], *, every_s: float = 0.1) -> float | None:
    peak = CpuPeak()
    for place, used in enumerate(used_s):
        peak.read(place * every_s, used)
    return peak.cores()


def test_a_burst_between_idle_times_is_found_wherever_it_lies() -> None:
    for idle in range(12):
        used = [0.0] * idle + [0.2 * n for n in range(1, 11)] + [2.0] * (30 - idle)
        assert peak_of([0.0, *used]) == pytest.approx(2.0)


def test_a_run_that_was_over_before_is_unknown() -> None:
    assert peak_of([0.0, 0.1, 0.2]) is None
    assert CpuPeak().cores() is None


def test_rare_looks_are_means_over_the_time_between_them() -> None:
    assert peak_of([0.0, 1.0, 9.0, 9.0], every_s=4.0) == pytest.approx(2.0)


def test_a_steady_run_is_as_busy_as_its_mean() -> None:
    assert peak_of([0.07 * n for n in range(100)]) == pytest.approx(0.7)
