"""Lasting changes: since which run, by how much, what else changed, and when it is over."""

import math
import random
from dataclasses import replace

import orjson
import pytest

from orcaops.learning.detectors.regression import detector
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.sample import Sample
from orcaops.testing.learners import LARGEST_MEMORY_BYTES, samples_of_job


def told(values: list[float], metric: str = "duration", digest_from: int | None = None) -> list[Anomaly]:
    memories = {"key": detector.fresh()}
    found: list[Anomaly] = []
    for place, sample in enumerate(samples_of_job(values, metric)):
        shown: Sample = replace(sample, commit=None, image_digest="sha256:old")
        if digest_from is not None and place >= digest_from:
            shown = replace(shown, image_digest="sha256:new")
        found += detector.judge(memories, shown)
        detector.learn(memories, shown)
    return found


def noise(n: int, level: float = 60.0, seed: int = 3) -> list[float]:
    chance = random.Random(seed)
    return [level * (1 + chance.gauss(0, 0.02)) for _ in range(n)]


@pytest.mark.parametrize("seed", [4, 10, 33, 343])
def test_what_is_told_matters_from_where_it_began(seed: int) -> None:
    chance, level, values = random.Random(seed), 0.0, []
    for _ in range(150):
        level = chance.choice((0.0, 0.05, 0.1, -0.05)) if chance.random() < 0.02 else level
        off = chance.gauss(0, 0.02) + (chance.random() < 0.1) * chance.uniform(0, 0.3)
        values.append(60 * math.exp(level + off))
    for anomaly in told(values):
        assert abs(math.log1p(anomaly.evidence["change_percent"] / 100)) > math.log(1.0499)


def test_a_step_names_its_first_run_and_the_suspect() -> None:
    found = told([*noise(60), *noise(8, 75.0)], digest_from=60)
    assert len({a.id for a in found}) == 1
    first = found[0]
    assert (first.type, first.severity, first.job_id) == ("regression", Severity.WARNING, "job-61")
    assert first.title.startswith("Takes longer by 25%") or "by 2" in first.title
    evidence = first.evidence
    assert evidence["change_percent_low"] < 25 < evidence["change_percent_high"]
    assert [s["what"] for s in evidence["suspects"]] == ["image digest"]
    assert "image digest from sha256:old to sha256:new" in first.description


def test_command_and_environment_are_suspects_too() -> None:
    """Only what changed where the change can have begun is named, however long it is."""
    memories, found = {"key": detector.fresh()}, []
    for place, sample in enumerate(samples_of_job([*noise(70), *noise(8, 90.0)], "duration")):
        shown = replace(
            sample,
            commit=f"{place:02x}" * 20,
            command="make " + "x" * 300 + ("slow" if place >= 70 else "fast"),
            env_names=("CI", "DEBUG") if place >= 70 else ("CI",),
            branch="main" if place < 30 else "release",
        )
        found += detector.judge(memories, shown)
        detector.learn(memories, shown)
    assert len(orjson.dumps(memories["key"])) < LARGEST_MEMORY_BYTES
    evidence = found[0].evidence
    suspects = {s["what"]: (s["from"], s["to"]) for s in evidence["suspects"]}
    assert set(suspects) == {"commit", "command", "environment names"}
    assert suspects["environment names"] == ("CI", "CI, DEBUG")
    assert suspects["command"][0] != suspects["command"][1]
    assert suspects["commit"] == ("45" * 12, "46" * 12)
    assert evidence["began_between"] == ["job-71", "job-71"]


def test_an_improvement_is_told_quietly() -> None:
    found = told([*noise(40), *noise(8, 40.0)])
    assert [(a.type, a.severity) for a in found] == [("improvement", Severity.INFO)]


def test_coming_back_ends_the_episode_and_is_no_news() -> None:
    found = told([*noise(60), *noise(20, 90.0), *noise(20, 60.0)])
    assert len({a.id for a in found}) == 1
    assert not found[-1].open
    assert "undone" in found[-1].description


def test_a_new_level_becomes_normal() -> None:
    found = told([*noise(40), *noise(80, 90.0)])
    assert len({a.id for a in found}) == 1
    assert "has become normal" in found[-1].description


@pytest.mark.parametrize("metric", ["duration", "cpu", "memory"])
def test_small_amounts_and_noise_are_silent(metric: str) -> None:
    assert told([*[v / 1000 for v in noise(40)], *[v / 1000 for v in noise(10, 90.0)]], metric) == []
    assert told(noise(150), metric) == []
