"""The loop: judge first, isolate who raises, depend on nothing but the samples."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orcaops import plugins
from orcaops.learning.baselines import learner as baseline
from orcaops.learning.learner import Memories, Memory
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryAddress, MemoryBook
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.prediction import Abstained, DurationPrediction
from orcaops.model.sample import Sample
from orcaops.testing.learners import question_about, samples_of_job


@dataclass(frozen=True, slots=True)
class Witness:
    """Says of each sample how many were learned before it."""

    name: str = "witness"
    version: int = 1
    metrics: Sequence[str] = ("duration",)
    levels: Sequence[str] = ("key", "all", "tool")

    def fresh(self) -> Memory:
        return {"n": 0}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        return [
            Anomaly(
                id=f"seen-{sample.job_id}", job_id=sample.job_id, type="seen", severity=Severity.INFO,
                title="seen", description=str(memories["key"]["n"]), detected_at=sample.at,
                key=sample.key, detector=self.name,
            )
        ]  # fmt: skip

    def learn(self, memories: Memories, sample: Sample) -> None:
        for memory in memories.values():
            memory["n"] += 1


@dataclass(frozen=True, slots=True)
class Raising(Witness):
    """Raises when it judges, or when it learns."""

    name: str = "raising"
    where: str = "judge"

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        if self.where == "judge":
            raise ZeroDivisionError("in judge")
        return []

    def learn(self, memories: Memories, sample: Sample) -> None:
        memories["key"]["n"] += 1
        if self.where == "learn":
            raise ZeroDivisionError("in learn")


def runs(n: int, seed: int = 1, keys: int = 3) -> list[list[Sample]]:
    chance = random.Random(seed)
    made = []
    for place in range(n):
        key = f"name:job-{chance.randrange(keys)}"
        failed = chance.random() < 0.1
        value = math.exp(chance.gauss(4, 0.2)) * (5 if chance.random() < 0.03 else 1)
        values = {"failure": float(failed), "queue_wait": chance.random() * 5}
        if failed:
            values["error"] = 1.0
        else:
            values |= {"duration": value, "cpu": value / 2, "memory": value * 1e7}
        made.append(
            [
                samples_of_job([v], metric, key=key, first=place, failing=[failed])[0]
                for metric, v in values.items()
            ]
        )
    return made


def test_everybody_judges_before_learning() -> None:
    loop, book = Loop([Witness()]), MemoryBook()
    samples = samples_of_job([1.0, 2.0, 3.0], "duration")
    absorbed = loop.absorb([[sample] for sample in samples], book)
    assert [anomaly.description for anomaly in absorbed.anomalies] == ["0", "1", "2"]
    assert absorbed.keys == (("default", samples[0].key),)


def test_levels_are_shared_as_they_are_named() -> None:
    loop, book = Loop([Witness()]), MemoryBook()
    one, other = (samples_of_job([1.0], "duration", key=f"name:{name}")[0] for name in "ab")
    loop.absorb([[one], [replace(other, scopes={})]], book)
    counts = {(a.level, a.scope): memory for a, memory in book.drain().items()}
    assert counts[("all", "")] == b'{"n":2}'
    assert counts[("key", "name:a")] == b'{"n":1}'
    assert [scope for level, scope in counts if level == "tool"] == ["tool of it"]


@pytest.mark.parametrize("where", ["judge", "learn"])
def test_who_raises_is_isolated_and_named(where: str, caplog: pytest.LogCaptureFixture) -> None:
    loop, book = Loop([Raising(where=where), Witness()]), MemoryBook()
    absorbed = loop.absorb([[s] for s in samples_of_job([1.0] * 4, "duration")], book)
    assert len(absorbed.anomalies) == 4
    assert loop.health["raising"].count == 4
    assert loop.health["raising"].last_error == f"ZeroDivisionError: in {where}"
    assert "witness" not in loop.health
    assert caplog.text.count("raising raised and is passed over") == 1


def test_a_second_learner_of_one_name_is_left_out_and_named() -> None:
    loop = Loop([Witness(), Witness()])
    absorbed = loop.absorb([samples_of_job([1.0], "duration")], MemoryBook())
    assert len(absorbed.anomalies) == 1
    assert "second" in loop.health["witness"].last_error


def test_predicting_answers_every_quantity_and_changes_nothing() -> None:
    loop, book = Loop([baseline, *plugins.find("predictor")]), MemoryBook()
    empty = loop.predict(question_about(), book)
    assert isinstance(empty.duration, Abstained)
    assert isinstance(empty.cost, Abstained)
    assert empty.cost.abstention.reason
    loop.absorb([[s] for s in samples_of_job([30.0] * 12, "duration")], book)
    book.drain()
    told = loop.predict(question_about(), book)
    assert isinstance(told.duration, DurationPrediction)
    assert told.duration.level == "key"
    assert abs(told.duration.estimated_seconds - 30) < 0.01
    assert loop.predict(question_about(), book) == told
    assert book.drain() == {}


def test_a_job_never_seen_is_judged_by_its_relatives() -> None:
    loop, book = Loop(plugins.find("predictor")), MemoryBook()
    loop.absorb([[s] for s in samples_of_job([30.0] * 12, "duration")], book)
    told = loop.predict(question_about("name:unheard-of"), book)
    assert isinstance(told.duration, DurationPrediction)
    assert told.duration.level == "command"
    assert "command" in told.duration.reason


def everything(
    sizes: Sequence[int], capacity: int
) -> tuple[dict[str, Anomaly], dict[MemoryAddress, bytes], str]:
    stored: dict[MemoryAddress, bytes] = {}
    book = MemoryBook(lambda wanted: {a: stored[a] for a in wanted if a in stored}, capacity=capacity)
    loop = Loop([baseline, *plugins.find("detector"), *plugins.find("predictor")])
    left = runs(120)
    anomalies: dict[str, str] = {}
    keys: dict[tuple[str, str], None] = {}
    while left:
        for size in sizes:
            absorbed = loop.absorb(left[:size], book)
            left = left[size:]
            anomalies |= {anomaly.id: anomaly.model_dump_json() for anomaly in absorbed.anomalies}
            keys |= dict.fromkeys(absorbed.keys)
            stored.update(book.drain())
    assert not loop.health
    return anomalies, stored, [b.model_dump_json() for b in loop.describe_baselines(book, sorted(keys))]


@settings(max_examples=6, deadline=None, phases=(Phase.generate,))  # shrinking would take minutes
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 60))
def test_relearning_gives_what_living_gave(sizes: list[int], capacity: int) -> None:
    assert everything(sizes, capacity) == everything([120], 10_000)


def test_baselines_of_unknown_keys_are_left_out() -> None:
    loop = Loop([baseline])
    assert loop.describe_baselines(MemoryBook(), [("default", "name:unheard-of")]) == []
    assert Loop([]).describe_baselines(MemoryBook(), [("default", "x")]) == []
