"""Words as JSON: what is left out comes back."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.abstention import Abstention
from orcaops.model.prediction import Abstained, DurationPrediction, FailureRisk, Forecasts, MemoryPrediction
from orcaops.model.run import LogSummary, Run
from orcaops.recording.sql.records import clean, moment, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.testing.stores import make_run


def test_a_run_with_everything_comes_back_equal() -> None:
    seen = {"estimate": 10.0, "range_low": 5.0, "range_high": 20.0, "confidence": 0.5, "sample_count": 9}
    run = make_run(
        1,
        log=LogSummary(lines=3, levels={"error": 1}),
        prediction=Forecasts(
            duration=DurationPrediction.model_validate(seen),
            memory=MemoryPrediction.model_validate(seen),
            failure_risk=FailureRisk.model_validate({**seen, "estimate": 0.5}),
            cost=Abstained(abstention=Abstention(reason="no prices")),
        ),
    )
    assert Run.from_stored(record_of(run)) == run


def test_defaults_take_no_room() -> None:
    assert b"labels" not in record_of(make_run(1))
    assert len(record_of(make_run(1))) < 1000


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_to_the_microsecond(at: datetime) -> None:
    assert moment(microseconds(at)) == at


def test_nul_is_replaced() -> None:
    assert clean("a\x00b") == "a\ufffdb"
    assert clean("ab") == "ab"
