"""The line of an inquiry: read back what is shown, refuse the rest with a place and a hint."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.anomaly import Severity
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.inquiry import GROUPS, SPANS, Inquiry, Kind, Measure
from orcaops.services.asking.query_line import parse_line

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
SEARCHES = st.lists(
    st.one_of(
        st.sampled_from(
            ["status:failed", "-branch:main", "duration:>60", "(image:a OR image:b)", "after:2026-11-01"]
        ),
        st.sampled_from(["label:team=a", "before:2026-11-02T10:00:00Z", "memory:<=1024", "exit_code:137"]),
        st.builds(
            lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"',
            WORDS.filter(lambda text: any(letter.isalnum() for letter in text)),
        ),
    ),
    max_size=4,
).map(" ".join)
INQUIRIES = st.builds(
    Inquiry,
    kind=st.sampled_from(Kind),
    measure=st.none() | st.sampled_from(Measure),
    least=st.booleans(),
    by=st.none() | st.sampled_from([*GROUPS, *SPANS, "label:team"]),
    top=st.none() | st.integers(1, 100),
    against=st.sampled_from(["", "after:2026-11-09 before:2026-11-16", "before:2026-11-16"]),
    where=SEARCHES,
)


@given(INQUIRIES)
def test_what_is_shown_is_read_back(inquiry: Inquiry) -> None:
    regular = parse_line(inquiry.line, NOW)
    assert parse_line(regular.line, NOW) == regular
    assert (regular.kind, regular.measure, regular.least) == (inquiry.kind, inquiry.measure, inquiry.least)
    assert (regular.by, regular.top, bool(regular.where)) == (inquiry.by, inquiry.top, bool(inquiry.where))


@pytest.mark.parametrize(
    ("line", "regular"),
    [
        ("slower since:2026-11-16", "rose duration where after:2026-11-16"),
        ("list status:failed", "list where status:failed"),
        ("cost by image", "total cost by image"),
        ("count where after:today until:now", "count where after:2026-11-18 before:2026-11-18T15:30:00Z"),
        ('where "since:x until:2026"', 'list where "since:x until:2026"'),
        ("-status:failed", "list where -status:failed"),
        ("compare runs against since:7d", "compare runs against after:2026-11-11T15:30:00Z"),
    ],
)
def test_short_ways_to_write_it(line: str, regular: str) -> None:
    assert parse_line(line, NOW).line == regular


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("", "empty"),
        ("nonsense where status:failed", "nonsense"),
        ("count by moonphase", "moonphase"),
        ("list top many", "many"),
        ("list top 1000", "1000"),
        ("compare against status:failed", "against what time"),
        ("list where status:(", ""),
        ("list where stauts:failed", "stauts"),
        ("list sideways", "sideways"),
        ("x" * 5000, "long"),
    ],
)
def test_what_is_no_line_says_what_is_expected(line: str, part: str) -> None:
    with pytest.raises(OrcaError) as error:
        parse_line(line, NOW)
    assert error.value.code in (ErrorCode.INVALID, ErrorCode.NOT_FOUND)
    assert part in error.value.message
    assert error.value.where.startswith("query")
    assert error.value.hint


def test_a_severity_is_that_of_anomalies() -> None:
    inquiry = parse_line("anomalies memory critical where branch:main", NOW)
    assert inquiry.severity is Severity.CRITICAL
    assert inquiry.line == "anomalies memory critical where branch:main"
    with pytest.raises(OrcaError, match="no word 'critical'"):
        parse_line("list critical", NOW)
