"""Timeouts: too tight, too loose, missing; hung runs."""

from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.advisors.timeouts import Timeouts
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Context, Run, Usage
from orcaops.testing.advisors import a_dossier, a_run, told

BUSY = Usage(cpu_seconds=500.0)


def spec(timeout: float | None) -> JobSpec:
    return JobSpec(name="a", command=("make",), timeout=timeout)


def test_a_missing_timeout_is_proposed_and_stops_no_past_run() -> None:
    (found,) = told(Timeouts(), a_dossier([a_run(n, 60.0 + n, spec=spec(None)) for n in range(30)]))
    assert found.title.startswith("Set a timeout")
    assert found.evidence["would_have_been_stopped"] == 0
    assert found.evidence["proposed_s"] >= 2 * 89


def test_hung_runs_found_late_are_what_a_shorter_one_saves() -> None:
    runs = [a_run(n, 60.0, spec=spec(7200)) for n in range(30)]
    hung = [
        a_run(30 + n, 7200.0, spec=spec(7200), cause=Cause.TIMEOUT_TOTAL, usage=Usage(cpu_seconds=0.1))
        for n in range(3)
    ]
    (found,) = told(Timeouts(), a_dossier([*runs, *hung]))
    assert found.evidence["hung"] == ["job-0032", "job-0031", "job-0030"]
    assert found.evidence["replayed_saving_seconds"] == 3 * (7200 - found.evidence["proposed_s"])
    assert found.saving is not None
    assert found.saving.unit == "seconds"


def test_one_that_stops_runs_at_work_is_raised() -> None:
    runs = [
        a_run(n, 100.0, spec=spec(100), cause=Cause.TIMEOUT_TOTAL, usage=BUSY)
        if n % 6 == 5
        else a_run(n, 80.0, spec=spec(100), usage=BUSY)
        for n in range(30)
    ]
    (found,) = told(Timeouts(), a_dossier(runs))
    assert found.title.startswith("Raise the timeout")
    assert found.evidence["proposed_s"] >= 120
    assert len(found.evidence["stopped_at_work"]) == 5


def test_it_is_silent_where_it_fits_and_before_ten_runs() -> None:
    assert not told(Timeouts(), a_dossier([a_run(n, 60.0, spec=spec(200)) for n in range(30)]))
    assert not told(Timeouts(), a_dossier([a_run(n, 60.0, spec=spec(None)) for n in range(9)]))
    unknown = [a_run(n, 60.0, spec=spec(None), source="csv") for n in range(30)]
    assert not told(Timeouts(), a_dossier(unknown))


def test_what_was_imported_with_its_timeout_is_advised_about_too() -> None:
    noted = Context(attributes={"timeout_s": "7200"})
    runs = [
        a_run(n, 60.0, source="csv", context=noted).changed(requested=None, effective=None) for n in range(30)
    ]
    (found,) = told(Timeouts(), a_dossier(runs))
    assert found.title.startswith("Lower the timeout from 2 h")


@given(st.lists(st.floats(0.001, 1e5), min_size=20, max_size=50), st.none() | st.floats(1, 1e6))
def test_a_shorter_one_never_stops_a_past_run(seconds: list[float], timeout: float | None) -> None:
    runs = [a_run(n, each, spec=spec(timeout)) for n, each in enumerate(seconds)]
    for found in told(Timeouts(), a_dossier(runs)):
        assert found.evidence["would_have_been_stopped"] == 0


def test_a_run_of_which_only_the_time_is_known_hung_if_it_took_far_longer_than_any_success() -> None:
    """An imported history tells no processor time."""

    def imported(number: int, seconds: float, cause: Cause = Cause.SUCCESS) -> Run:
        run = a_run(number, seconds, spec=spec(7200), source="jsonl", cause=cause)
        return run.changed(usage=run.usage.model_copy(update={"cpu_seconds": None}))

    hung = [imported(n, 7200, Cause.TIMEOUT_TOTAL) for n in range(40, 45)]
    (found,) = told(Timeouts(), a_dossier([*(imported(n, 300 + n) for n in range(40)), *hung]))
    assert found.title.startswith("Lower the timeout from 2 h")
    assert "5 hung runs were found late" in found.description
    tight = [imported(n, 7200, Cause.TIMEOUT_TOTAL) for n in range(40, 45)]
    (found,) = told(Timeouts(), a_dossier([*(imported(n, 6000 + n) for n in range(40)), *tight]))
    assert found.title.startswith("Raise the timeout from 2 h")
