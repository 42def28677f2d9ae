"""What every learner must hold, shipped or an outsider's: one call of :func:`check_learner` tests it all.

>>> from orcaops.learning.detectors.duration import detector
>>> check_learner(detector)
"""

import copy
import dataclasses
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from orcaops.learning.learner import Learner, Memory, Question
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.abstention import Abstention
from orcaops.model.anomaly import Anomaly
from orcaops.model.metric import MetricName
from orcaops.model.prediction import Prediction
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample

LARGEST_MEMORY_BYTES = 8 * 1024
"""How large a memory of one key may become, as JSON."""

_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_LEVELS = ("command", "tool", "image")


def check_learner(learner: Any) -> None:
    """Run every check on one learner; raises ``AssertionError`` that says what does not hold."""
    for check in CHECKS:
        check(learner)


def samples_of_job(
    values: Sequence[float],
    metric: str,
    *,
    key: str = "image:debian|command:make",
    failing: Sequence[bool] = (),
    first: int = 0,
    minutes: float = 10.0,
) -> list[Sample]:
    """Samples of one metric of one job, ten minutes apart; ``failing`` says which runs failed."""
    samples = []
    for place, value in enumerate(values):
        failed = bool(failing[place]) if place < len(failing) else False
        if metric in (MetricName.FAILURE, MetricName.ERROR):
            failed = value >= 0.5
        number = first + place + 1
        at = _START + timedelta(minutes=minutes * (number))
        samples.append(
            Sample(
                job_id=f"job-{number}",
                key=key,
                metric=metric,
                value=value,
                at=at,
                number=number,
                status=Status.FAILED if failed else Status.SUCCEEDED,
                cause=Cause.COMMAND_FAILED if failed else Cause.SUCCESS,
                detail="exit code 1" if metric == MetricName.ERROR else None,
                scopes={"key": key, "all": "", **{level: f"{level} of it" for level in _LEVELS}},
                command="make",
                commit=f"c{number // 7}",
                submitted_at=at - timedelta(minutes=3),
                started_at=at - timedelta(minutes=2),
            )
        )
    return samples


def question_about(key: str = "image:debian|command:make") -> Question:
    """A question about the job that :func:`samples_of_job` makes."""
    return Question(
        workspace="default",
        key=key,
        scopes={"key": key, "all": "", **{level: f"{level} of it" for level in _LEVELS}},
        at=_START + timedelta(days=400),
    )


def check_is_described(learner: Learner) -> None:
    """It has a name, metrics, levels, a version, and its docstring says what it finds and costs."""
    assert learner.name.isidentifier(), f"{learner.name!r} is no plain name"
    assert learner.version >= 1
    assert learner.metrics, "a learner wants at least one metric"
    assert set(learner.levels) <= {"key", "job", "step_of", "elsewhere", "all", "house", *_LEVELS}, (
        f"unknown levels: {learner.levels}"
    )
    text = type(learner).__doc__ or ""
    assert len(text) > 100, f"{type(learner).__name__} says too little about itself"
    assert "Costs" in text, f"the docstring of {type(learner).__name__} says nothing of what it costs"
    if hasattr(learner, "judge"):
        assert "ilent" in text, f"the docstring of {type(learner).__name__} does not say when it is silent"


def check_is_frozen(learner: Any) -> None:
    """It is a frozen dataclass: what it knows is in its memories, its fields are parameters."""
    parameters = getattr(learner, "__dataclass_fields__", None)
    assert parameters is not None, "a learner is a dataclass whose fields are its parameters"
    assert _refuses(lambda: setattr(learner, "version", 99)), "a learner must be frozen"
    assert dataclasses.replace(learner) == learner


def check_fresh_abstains(learner: Learner) -> None:
    """With nothing learned it finds nothing, and predicts nothing."""
    memories = _fresh(learner)
    for metric in learner.metrics:
        for value in (0.0, 1.0, 1e9):
            if hasattr(learner, "judge"):
                found = learner.judge(memories, samples_of_job([value], metric)[0])
                assert not found, f"{learner.name} found {found} with a fresh memory"
    if hasattr(learner, "predict"):
        answer = learner.predict(memories, question_about())
        assert isinstance(answer, Abstention), f"{learner.name} predicted {answer} from nothing"
        assert answer.reason
        assert answer.have < answer.need or answer.need == 0
    assert _fresh(learner) is not memories
    assert learner.fresh() == learner.fresh()
    assert learner.fresh() is not learner.fresh(), "fresh() must give a memory of its own each time"


def check_constant_is_silent(learner: Learner) -> None:
    """A series without any change is never unusual."""
    if not hasattr(learner, "judge"):
        return
    for metric in learner.metrics:
        for value in _constants(metric):
            found, _ = _run(learner, samples_of_job([value] * 120, metric))
            assert not found, f"{learner.name} found {found[0].title!r} in a constant {metric}"


def check_asking_changes_nothing(learner: Learner) -> None:
    """Judging and predicting leave memories as they were; learning changes them alone, and no sample."""
    for samples in _histories(learner):
        memories = _fresh(learner)
        for sample in samples:
            before, same_sample = copy.deepcopy(memories), dataclasses.replace(sample)
            if hasattr(learner, "judge"):
                first = list(learner.judge(memories, sample))
                assert memories == before, f"judging changed a memory of {learner.name}"
                assert list(learner.judge(memories, sample)) == first, "asked twice, answered differently"
            if hasattr(learner, "predict"):
                learner.predict(memories, question_about())
                assert memories == before, f"predicting changed a memory of {learner.name}"
            learner.learn(memories, sample)
            assert sample == same_sample, f"{learner.name} changed a sample"


def check_is_deterministic(learner: Learner) -> None:
    """The same samples give the same memories and anomalies, byte for byte."""
    for samples in _histories(learner):
        first = _through_loop(learner, [[sample] for sample in samples], capacity=1000)
        again = _through_loop(learner, [[sample] for sample in samples], capacity=1000)
        assert first == again, f"{learner.name} answers differently the second time"


def check_batches_do_not_matter(learner: Learner) -> None:
    """Small batches, and a book that forgets at once, give the same bytes as one large batch."""
    for samples in _histories(learner):
        whole = _through_loop(learner, [[sample] for sample in samples], capacity=1000)
        parts = _through_loop(learner, [[sample] for sample in samples], capacity=1, size=7)
        assert whole == parts, f"{learner.name} depends on how runs are cut into batches"


def check_memory_is_json(learner: Learner) -> None:
    """A memory survives JSON unchanged and holds no NaN."""
    for samples in _histories(learner):
        memories = _fresh(learner)
        for sample in samples:
            learner.learn(memories, sample)
        for level, memory in memories.items():
            text = json.dumps(memory, allow_nan=False)
            assert json.loads(text) == memory, f"the {level} memory of {learner.name} is not plain JSON"
            assert orjson.loads(orjson.dumps(memory)) == memory


def check_memory_is_bounded(learner: Learner) -> None:
    """However many runs, a memory of one key stays below 8 KiB, and stops growing."""
    chance = random.Random(7)  # noqa: S311 - not for secrets
    for metric in learner.metrics:
        memories = _fresh(learner)
        sizes = []
        for part in range(4):
            values = [_value(metric, chance) for _ in range(300)]
            for sample in samples_of_job(values, metric, first=300 * part):
                detail = f"error {sample.number}" if metric == MetricName.ERROR else sample.detail
                learner.learn(memories, dataclasses.replace(sample, detail=detail))
            sizes.append(max(len(orjson.dumps(memory)) for memory in memories.values()))
        assert sizes[-1] <= LARGEST_MEMORY_BYTES, f"a memory of {learner.name} grew to {sizes[-1]} bytes"
        assert sizes[-1] <= sizes[1] * 1.5 + 200, f"a memory of {learner.name} keeps growing: {sizes}"


def check_survives_anything(learner: Learner) -> None:
    """Zeros, one enormous value, time running backwards, only failures: no error, no NaN."""
    for samples in _ugly(learner):
        found, memories = _run(learner, samples)
        for anomaly in found:
            _check_anomaly(anomaly)
        if hasattr(learner, "predict"):
            answer = learner.predict(memories, question_about())
            if isinstance(answer, Prediction):
                _check_prediction(answer)
        json.dumps(memories, allow_nan=False)


def check_missing_scopes_do_not_matter(learner: Learner) -> None:
    """A sample that names no back-off scopes is learned all the same."""
    for metric in learner.metrics:
        samples = [dataclasses.replace(s, scopes={}) for s in samples_of_job([1.0, 1.0], metric)]
        loop = Loop([learner])
        loop.absorb([[sample] for sample in samples], MemoryBook())
        assert not loop.health, f"{learner.name} fails without scopes: {loop.health}"


CHECKS = (
    check_is_described,
    check_is_frozen,
    check_fresh_abstains,
    check_constant_is_silent,
    check_asking_changes_nothing,
    check_is_deterministic,
    check_batches_do_not_matter,
    check_memory_is_json,
    check_memory_is_bounded,
    check_survives_anything,
    check_missing_scopes_do_not_matter,
)
"""All checks, each a function of the learner."""


def _refuses(change: Callable[[], None]) -> bool:
    try:
        change()
    except (dataclasses.FrozenInstanceError, AttributeError):
        return True
    return False


def _fresh(learner: Learner) -> dict[str, Memory]:
    return {level: learner.fresh() for level in learner.levels}


def _run(learner: Any, samples: Sequence[Sample]) -> tuple[list[Anomaly], dict[str, Memory]]:
    memories = _fresh(learner)
    found: list[Anomaly] = []
    for sample in samples:
        if hasattr(learner, "judge"):
            found.extend(learner.judge(memories, sample))
        learner.learn(memories, sample)
    return found, memories


def _through_loop(
    learner: Learner, runs: Sequence[Sequence[Sample]], *, capacity: int, size: int | None = None
) -> tuple[dict[str, Anomaly], dict[Any, bytes]]:
    stored: dict[Any, bytes] = {}
    book = MemoryBook(lambda wanted: {a: stored[a] for a in wanted if a in stored}, capacity=capacity)
    loop = Loop([learner])
    anomalies: dict[str, Anomaly] = {}
    size = size or len(runs)
    for start in range(0, len(runs), size):
        for anomaly in loop.absorb(runs[start : start + size], book).anomalies:
            anomalies[anomaly.id] = anomaly
        stored.update(book.drain())
    assert not loop.health, f"{learner.name} raised: {loop.health}"
    return anomalies, stored


def _constants(metric: str) -> Sequence[float]:
    if metric == MetricName.FAILURE:
        return (0.0, 1.0)
    return (1.0,) if metric == MetricName.ERROR else (0.0, 0.001, 42.0, 3e9)


def _value(metric: str, chance: random.Random) -> float:
    if metric == MetricName.FAILURE:
        return float(chance.random() < 0.2)
    if metric == MetricName.ERROR:
        return 1.0
    return math.exp(chance.gauss(4, 1)) * (1e6 if metric == MetricName.MEMORY else 1)


def _histories(learner: Learner) -> Iterator[list[Sample]]:
    chance = random.Random(3)  # noqa: S311 - not for secrets
    for metric in learner.metrics:
        values = [_value(metric, chance) for _ in range(60)]
        if metric not in (MetricName.FAILURE, MetricName.ERROR):
            values = [values[0] * (1 + 0.02 * (place % 5)) for place in range(60)]
            values[40] *= 9
            values[41] *= 8
            values[55] /= 20
        yield samples_of_job(values, metric)
    if len(learner.metrics) > 1:
        runs = [samples_of_job([1.0 if m == MetricName.ERROR else float(i % 9 == 8)], m, first=i)
                for i in range(60) for m in learner.metrics]  # fmt: skip
        yield [sample for run in runs for sample in run]


def _ugly(learner: Learner) -> Iterator[list[Sample]]:
    for metric in learner.metrics:
        odd = metric in (MetricName.FAILURE, MetricName.ERROR)
        for values in (
            [0.0] * 20,
            [1.0] * 20,
            [] if odd else [5.0] * 12 + [1.7e308] + [5.0] * 12,
            [] if odd else [5e-324, 1e-300, 1e300] * 8,
            [] if odd else [10.0**place for place in range(40)],
        ):
            samples = samples_of_job(values, metric)
            yield samples
            yield samples[::-1]
            yield [dataclasses.replace(s, submitted_at=None, started_at=None) for s in samples]
            yield [dataclasses.replace(s, submitted_at=s.at + timedelta(days=1)) for s in samples]
            yield [
                dataclasses.replace(
                    s, censored=place % 2 == 0, status=Status.TIMED_OUT, cause=Cause.TIMEOUT_TOTAL
                )
                for place, s in enumerate(samples)
            ]
            yield [dataclasses.replace(s, status=Status.FAILED, cause=Cause.OOM_KILLED) for s in samples]


def _check_anomaly(anomaly: Anomaly) -> None:
    assert anomaly.title
    assert anomaly.description
    assert anomaly.run_count >= 1
    json.dumps(anomaly.model_dump(mode="json"), allow_nan=False)


def _check_prediction(prediction: Prediction) -> None:
    assert prediction.range_low <= prediction.estimate <= prediction.range_high
    assert prediction.range_low >= 0
    json.dumps(prediction.model_dump(mode="json"), allow_nan=False)
