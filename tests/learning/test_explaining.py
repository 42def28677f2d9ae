"""Explainers: what one learner knows is said with what another finds; one that raises costs nothing else."""

from dataclasses import dataclass, replace

from orcaops.learning import loop as looping
from orcaops.learning.detectors.error import detector as new_failure
from orcaops.learning.detectors.tests import detector
from orcaops.learning.learner import Memories, Memory
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.anomaly import Anomaly
from orcaops.model.metric import MetricName
from orcaops.model.sample import Sample
from orcaops.testing.learners import samples_of_job

OUTCOMES = [0.0] * 12 + [1.0]


@dataclass(frozen=True)
class Counting:
    """Knows how many runs there were, and says so."""

    name: str = "counting"
    version: int = 1
    metrics: tuple[str, ...] = (MetricName.FAILURE,)
    levels: tuple[str, ...] = ("key", "job")
    broken: bool = False

    def fresh(self) -> Memory:
        return {"n": 0}

    def learn(self, memories: Memories, sample: Sample) -> None:
        memories["job"]["n"] += 1

    def explain(self, memories: Memories, anomaly: Anomaly, sample: Sample) -> Anomaly:
        if self.broken:
            raise RuntimeError("no")
        return anomaly.model_copy(update={"evidence": {**anomaly.evidence, "seen": memories["job"]["n"]}})


def found(*learners: object) -> tuple[list[Anomaly], Loop]:
    loop = Loop(list(learners))  # type: ignore[arg-type]
    samples = samples_of_job(OUTCOMES, MetricName.FAILURE)
    return list(loop.absorb([[sample] for sample in samples], MemoryBook()).anomalies), loop


def test_an_explainer_adds_what_it_knows() -> None:
    [anomaly], _ = found(Counting(), new_failure)
    assert anomaly.detector == new_failure.name
    assert anomaly.evidence["seen"] == 13


def test_one_that_raises_is_named_and_the_anomaly_stays() -> None:
    [anomaly], loop = found(Counting(broken=True), new_failure)
    assert "seen" not in anomaly.evidence
    assert "RuntimeError" in loop.health["counting"].last_error


def test_tests_are_no_jobs_and_portions_do_not_matter() -> None:
    def absorbed() -> tuple[object, object]:
        loop, book = Loop([new_failure, detector]), MemoryBook(capacity=3)
        runs = []
        for place, sample in enumerate(samples_of_job(OUTCOMES, MetricName.FAILURE)):
            of_tests = replace(sample, scopes={"job": sample.key})
            runs.append(
                [
                    replace(
                        of_tests, key=f"{sample.key}|test:t{n}", metric=MetricName.TEST_FAILURE, value=bad
                    )
                    for n in range(20)
                    for bad in [float(place == 12 and n == 3)]
                ]
                + [replace(of_tests, metric=MetricName.TESTS, value=sample.value), sample]
            )
        result = loop.absorb(runs, book)
        assert not loop.health
        assert result.keys == (("default", "image:debian|command:make"),)
        return result, book.drain()

    whole = absorbed()
    sizes = looping._SAMPLES_AT_ONCE, looping._TURNS_AT_ONCE
    try:
        looping._SAMPLES_AT_ONCE, looping._TURNS_AT_ONCE = 30, 7
        assert absorbed() == whole
    finally:
        looping._SAMPLES_AT_ONCE, looping._TURNS_AT_ONCE = sizes
