"""Failures that are news, rates that drop, jobs that flake: each told once, and closed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orcaops.learning.detectors.degradation import detector as degradation
from orcaops.learning.detectors.error import detector as error
from orcaops.learning.detectors.flaky import detector as flaky
from orcaops.learning.detectors.frequent_error import detector as frequent
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.sample import Sample
from orcaops.testing.learners import samples_of_job


def told(detector: Any, samples: Sequence[Sample]) -> list[Anomaly]:
    memories = {level: detector.fresh() for level in detector.levels}
    found = []
    for sample in samples:
        found += detector.judge(memories, sample)
        detector.learn(memories, sample)
    return found


def outcomes(letters: str) -> list[Sample]:
    """One sample per letter, F for a failure; each run on a commit of its own."""
    samples = samples_of_job([float(letter == "F") for letter in letters], "failure")
    return [replace(sample, commit=f"c{sample.number}") for sample in samples]


def test_a_failure_of_a_job_that_always_succeeds_is_news_until_it_succeeds() -> None:
    found = told(error, outcomes("." * 12 + "FFF" + "."))
    assert len({a.id for a in found}) == 1
    assert [a.open for a in found] == [True, True, True, False]
    assert [a.severity for a in found[:3]] == [Severity.WARNING, Severity.WARNING, Severity.CRITICAL]
    assert found[2].title == "Failed, 3 times in a row, although it practically always succeeds"
    assert "none of the 12 runs" in found[0].description


def test_a_job_that_fails_now_and_then_is_no_news() -> None:
    assert told(error, outcomes(("." * 6 + "F") * 10)) == []
    assert told(error, outcomes("F")) == []


def test_a_signature_never_seen_is_news_and_over_at_once() -> None:
    known = [replace(s, detail="exit code 1") for s in samples_of_job([1.0] * 6, "error")]
    new = replace(samples_of_job([1.0], "error", first=6)[0], detail="Segmentation fault")
    found = told(error, [*known, new, replace(new, job_id="again")])
    assert [a.open for a in found] == [False]
    assert "Segmentation fault" in found[0].description


def test_a_drop_is_one_anomaly_and_ends_after_ten_successes() -> None:
    found = told(degradation, outcomes("." * 60 + "FFF.FFF" + "." * 10))
    assert len({a.id for a in found}) == 1
    assert found[-1].severity is Severity.CRITICAL
    assert (found[0].job_id, found[-1].open) == ("job-61", False)


def test_a_drop_says_how_the_latest_run_failed() -> None:
    samples = []
    for sample in outcomes("." * 60 + "FFFF"):
        samples.append(sample)
        if sample.value:
            samples.append(replace(sample, metric="error", detail=f"KeyError {sample.number}"))
    found = told(degradation, samples)
    assert len({a.id for a in found}) == 1
    assert "The latest failure: KeyError 64." in found[-1].description
    assert found[-1].evidence["latest_failure"] == "KeyError 64"
    assert told(degradation, [replace(samples[-1], number=1)]) == []


def test_an_incident_is_no_measure_for_what_comes_after() -> None:
    found = told(degradation, outcomes("." * 60 + "F" * 12 + "." * 30 + "FFF"))
    assert len({a.id for a in found}) == 2


def test_failing_again_on_the_same_commit_counts_once() -> None:
    samples = outcomes("." * 60 + "FFFFFF")
    same = [replace(s, commit="broken") if s.value else s for s in samples]
    assert told(degradation, same) == []


def test_a_drop_says_by_how_much_since_when_and_what_changed_there() -> None:
    samples = [
        replace(s, image_digest="sha256:new" if s.number > 60 else "sha256:old")
        for s in outcomes("." * 60 + "FFFF")
    ]
    found = told(degradation, samples)[-1]
    assert found.evidence["rise_low"] < found.evidence["rise"] < found.evidence["rise_high"]
    assert found.evidence["rise_low"] > 0.3
    assert "job-61" in found.evidence["began_between"]
    digest = next(s for s in found.evidence["suspects"] if s["what"] == "image digest")
    assert (digest["from"], digest["to"], digest["job_id"]) == ("sha256:old", "sha256:new", "job-61")
    assert "image digest from sha256:old to sha256:new" in found.description


def test_failing_no_more_is_told_once_and_quietly() -> None:
    found = told(degradation, outcomes(".F.." * 20 + "." * 120))
    assert [(a.type, a.severity, a.open) for a in found] == [("improvement", Severity.INFO, False)]
    assert found[0].evidence["rise_high"] < 0
    assert found[0].job_id == "job-79"  # the first after the last failure
    assert told(degradation, outcomes(("." * 12 + "F") * 20)) == []  # it fails as rarely as ever


def runs(letters: str) -> list[Sample]:
    """Both samples of each run that there are: a dot passed, another letter is the way in which it failed."""
    made: list[Sample] = []
    for sample, letter in zip(
        outcomes("".join("." if x == "." else "F" for x in letters)), letters, strict=True
    ):
        made.append(sample)
        if letter != ".":
            made.append(replace(sample, metric="error", value=1.0, detail=f"exit 1: {letter}"))
    return made


def test_a_known_failure_that_becomes_frequent_is_one_anomaly_and_closes() -> None:
    found = told(frequent, runs("." * 20 + "n" + "." * 40 + "n.nn.n" + "." * 10))
    assert len({a.id for a in found}) == 1
    assert [a.open for a in found][-1] is False
    assert found[0].type == "error"
    assert "exit 1: n" in found[0].description
    assert found[0].evidence["rise_low"] > 0
    assert found[0].unit == "failure rate"
    assert (found[-1].evidence["failures_after"], found[-1].run_count) == (4, 4)
    assert found[-1].actual < found[0].actual  # what came since is counted too


def test_a_failure_that_always_came_as_often_is_no_news() -> None:
    assert told(frequent, runs(("." * 7 + "n") * 25)) == []
    assert told(frequent, runs("." * 60 + "nnn")) == []  # never seen before: another detector's


def test_other_failures_do_not_make_one_frequent() -> None:
    assert told(frequent, runs("." * 20 + "n" + "." * 40 + "abcdefgh" + "." * 5)) == []


def test_more_ways_to_fail_than_are_kept_are_forgotten_from_the_oldest() -> None:
    letters = "".join(chr(0x100 + n) + "..." for n in range(80))
    assert told(frequent, runs(letters)) == []


def test_flaky_needs_the_same_commit() -> None:
    letters = ("." * 5 + "F") * 4 + "...."
    same = [replace(sample, commit="c") for sample in outcomes(letters)]
    found = told(flaky, same)
    assert found
    assert "nothing is broken" in found[0].title
    assert told(flaky, outcomes("." * 30 + "FFFF" + "." * 30)) == []


@pytest.mark.parametrize(
    "otherwise",
    [{"env_names": ()}, {"memory_limit_bytes": 64 << 20}, {"command": "pytest -k more"}, {"timeout_s": 1.0}],
)
def test_what_fails_only_when_it_is_asked_for_otherwise_is_not_flaky(otherwise: dict[str, Any]) -> None:
    asked = {"env_names": ("TOKEN",), "memory_limit_bytes": 256 << 20, "timeout_s": 60.0, "command": "pytest"}
    runs_of_it = [
        replace(one, commit="c", **(asked | (otherwise if one.value else {})))
        for one in outcomes(("." * 5 + "F") * 6)
    ]
    assert told(flaky, runs_of_it) == []
    assert told(flaky, [replace(one, commit="c", **asked) for one in runs_of_it])


def test_flakiness_ends_when_it_is_gone() -> None:
    flaking = [replace(sample, commit="c") for sample in outcomes(("." * 5 + "F") * 6)]
    clean = [
        replace(s, commit="d", at=s.at + timedelta(days=2 * place))
        for place, s in enumerate(outcomes("." * 80))
    ]
    found = told(flaky, flaking + clean)
    assert found[-1].closed_at is not None
