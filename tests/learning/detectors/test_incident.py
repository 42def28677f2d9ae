"""Many jobs that fail together are one incident; those that belong together, or always fail, are none."""

import random
from dataclasses import replace
from datetime import timedelta

import orjson

from orcaops.learning.detectors.incident import Incident, detector
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.anomaly import Anomaly
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample
from orcaops.testing.learners import LARGEST_MEMORY_BYTES, samples_of_job


def rounds(outcomes: list[list[float]], *, commit: str | None = None, first: int = 0) -> list[list[Sample]]:
    """Each inner list is one round of all jobs, a minute apart; a round begins every half hour."""
    runs = []
    for place, values in enumerate(outcomes, first):
        for job, value in enumerate(values):
            [sample] = samples_of_job([value], "failure")
            name = f"name:job-{job}"
            at = sample.at + timedelta(minutes=30 * place + job % 20)
            scopes = {**sample.scopes, "key": name, "command": f"make {job}"}
            runs.append(
                [replace(sample, job_id=f"r{place}-{job}", key=name, at=at, scopes=scopes, commit=commit)]
            )
    return runs


def told(runs: list[list[Sample]], incident: Incident | None = None) -> list[Anomaly]:
    loop, book = Loop([incident or detector]), MemoryBook()
    found = list(loop.absorb(runs, book).anomalies)
    assert not loop.health
    assert all(len(memory) <= LARGEST_MEMORY_BYTES for memory in book.drain().values())
    return found


HEALTHY = [[0.0] * 8] * 30


def test_jobs_that_fail_together_are_one_incident() -> None:
    [anomaly] = told(rounds([*HEALTHY, [1.0] * 8]))
    assert (anomaly.type, anomaly.open, anomaly.run_count) == ("incident", True, 8)
    assert anomaly.job_id == "r30-0"
    assert anomaly.title == "Incident: 8 different jobs fail together"


def test_it_is_over_when_they_succeed_again() -> None:
    [anomaly] = told(rounds([*HEALTHY, [1.0] * 8, [0.0] * 8]))
    assert not anomaly.open


def test_one_commit_that_breaks_what_belongs_together_is_none() -> None:
    assert not told([*rounds(HEALTHY), *rounds([[1.0] * 8], commit="c1", first=30)])


def test_variants_of_one_command_are_one_job() -> None:
    runs = rounds([*HEALTHY, [1.0] * 8])
    assert not told([[replace(s, scopes={**s.scopes, "command": "make"}) for s in run] for run in runs])


def test_jobs_that_often_fail_are_none() -> None:
    chance = random.Random(5)
    assert not told(rounds([[float(chance.random() < 0.4) for _ in range(12)] for _ in range(120)]))
    assert not told(rounds([[1.0] * 8] * 30))


def test_jobs_that_were_never_seen_to_succeed_are_none() -> None:
    assert not told(rounds([[1.0] * 30]))
    assert not told(rounds([*[[0.0] * 4] * 30, [1.0] * 30]))  # of those that fail four usually succeed


def test_new_jobs_that_the_engine_fails_are_one() -> None:
    lost = [
        [replace(s, metric="queue_wait", cause=Cause.ENGINE_LOST, status=Status.FAILED) for s in run]
        for run in rounds([[1.0] * 30])
    ]
    assert len(told(lost)) == 1


def test_a_few_broken_jobs_among_many_are_none() -> None:
    assert not told(rounds([*[[0.0] * 15] * 30, *[[1.0] * 6 + [0.0] * 9] * 5]))


def test_failures_of_the_engine_count() -> None:
    runs = rounds([*HEALTHY, [1.0] * 8])
    lost = [
        [replace(s, metric="queue_wait", value=1.0, cause=Cause.ENGINE_LOST) for s in run]
        for run in runs[-8:]
    ]
    assert len(told([*runs[:-8], *lost])) == 1


def test_hundreds_of_jobs_do_not_make_memories_large() -> None:
    told(rounds([[0.0] * 300, [1.0] * 300]))


def test_memories_are_plain() -> None:
    loop, book = Loop([detector]), MemoryBook()
    loop.absorb(rounds([*HEALTHY, [1.0] * 8]), book)
    for memory in book.drain().values():
        assert orjson.loads(memory)
