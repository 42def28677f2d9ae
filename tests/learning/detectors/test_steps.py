"""Steps inside jobs: baselines of their own, and named behind what is unusual about the job."""

from dataclasses import replace

from orcaops.learning.baselines import learner as baseline
from orcaops.learning.detectors.duration import detector as duration
from orcaops.learning.detectors.error import detector as error
from orcaops.learning.detectors.regression import detector as regression
from orcaops.learning.detectors.steps import detector as steps
from orcaops.learning.loop import Absorbed, Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.run import Status
from orcaops.model.sample import Sample
from orcaops.testing.learners import samples_of_job

_KEY = "name:ci"


def a_run(place: int, build: float, test: float, *, fails: bool = False) -> list[Sample]:
    """The samples of a run of two steps, of which the second can fail."""

    def sample(metric: str, value: float, key: str = _KEY) -> Sample:
        made = samples_of_job([value], metric, key=key, first=place)[0]
        status = Status.FAILED if fails and key != f"{_KEY}|step:make build" else Status.SUCCEEDED
        scopes = {"step_of": _KEY, "all": ""} if key != _KEY else {"key": _KEY, "all": ""}
        return replace(made, scopes=scopes, status=status)

    inside = []
    for name, seconds in (("make build", build), ("make test", test)):
        failed = fails and name == "make test"
        inside.append(sample("step_failure", float(failed), f"{_KEY}|step:{name}"))
        if not failed:
            inside.append(sample("step_duration", seconds, f"{_KEY}|step:{name}"))
    if fails:
        return [*inside, sample("failure", 1.0), sample("error", 1.0)]
    return [*inside, sample("duration", build + test), sample("failure", 0.0)]


def absorbed(runs: list[list[Sample]]) -> tuple[Absorbed, Loop, MemoryBook]:
    loop, book = Loop([baseline, duration, error, regression, steps]), MemoryBook(lambda _addresses: {})
    return loop.absorb(runs, book), loop, book


def usual(count: int) -> list[list[Sample]]:
    return [a_run(place, 10 + 0.1 * (place % 3), 5 + 0.1 * (place % 2)) for place in range(count)]


def test_a_step_has_a_baseline_of_its_own() -> None:
    done, loop, book = absorbed(usual(20))
    known = {each.key: each for each in loop.describe_baselines(book, done.keys)}
    assert set(known) == {_KEY, f"{_KEY}|step:make build", f"{_KEY}|step:make test"}
    build = known[f"{_KEY}|step:make build"]
    assert (build.sample_count, build.established, build.run_count, build.success_rate) == (20, True, 20, 1.0)
    assert build.duration_p50 is not None
    assert 10 <= build.duration_p50 <= 10.3


def test_the_slow_step_is_named_behind_a_slow_run() -> None:
    done, _, _ = absorbed([*usual(30), a_run(30, 10, 40)])
    slow = next(anomaly for anomaly in done.anomalies if anomaly.type == "duration")
    assert "`make test` (40.0 s instead of 5" in slow.description
    assert [each["step"] for each in slow.evidence["steps"]] == ["make test"]


def test_the_step_behind_a_lasting_change_is_named() -> None:
    done, _, _ = absorbed([*usual(40), *(a_run(40 + n, 16, 5) for n in range(8))])
    lasting = next(anomaly for anomaly in done.anomalies if anomaly.type == "regression")
    assert "Slower in its steps: `make build`" in lasting.description


def test_a_failure_says_in_which_step_it_came() -> None:
    done, _, _ = absorbed([*usual(20), a_run(20, 10, 5, fails=True)])
    failed = next(anomaly for anomaly in done.anomalies if anomaly.type == "error")
    assert "It failed in step `make test`." in failed.description


def test_steps_as_usual_explain_nothing() -> None:
    done, _, _ = absorbed(
        [*usual(30), [replace(s, value=60.0) if s.metric == "duration" else s for s in a_run(30, 10, 5)]]
    )
    slow = next(anomaly for anomaly in done.anomalies if anomaly.type == "duration")
    assert "steps" not in slow.evidence
