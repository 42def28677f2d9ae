"""Keys: the same work keeps one, whatever changes in its command from run to run."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.key import key_of, mask_volatile


@pytest.mark.parametrize(
    ("command", "masked"),
    [
        ("sum 2026-11-01 2026-11-30", "sum <date> <date>"),
        ("sum 2026-11-30T20:05:46Z 2026-11-30 20:05:46.5+02:00", "sum <date> <date>"),
        ("tar backup-20261130.tar.gz backup_20261130.tgz", "tar backup-<n>.tar.gz backup_<date>.tgz"),
        ("load dump_20261130_200546.sql out/20261130T2005Z/a", "load dump_<date>.sql out/<date>/a"),
        ("count report_2026-11-30.csv logs/2026/11/30/x", "count report_<date>.csv logs/<date>/x"),
        ("test_12345 v2026.11.30 node-20.10.0 1.20261130", "test_12345 v2026.11.30 node-20.10.0 1.20261130"),
    ],
)
def test_what_changes_is_masked_and_the_rest_stays(command: str, masked: str) -> None:
    assert mask_volatile(command) == masked


_MOMENTS = st.integers(946_684_800, 4_102_444_799).map(lambda at: datetime.fromtimestamp(at, UTC))
_WAYS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d_%H-%M-%S", "%Y%m%d", "%Y%m%dT%H%M%SZ", "%Y/%m/%d")


@given(_MOMENTS, _MOMENTS, st.sampled_from(_WAYS), st.sampled_from((" ", "_", "-", "/")))
def test_two_dates_beside_each_other_give_one_key_on_every_day(
    one: datetime, other: datetime, way: str, between: str
) -> None:
    keys = {
        key_of(
            image=None,
            command_line=f"report {day.strftime(way)}{between}{(day + timedelta(days=1)).strftime(way)}.csv",
            name=None,
        )
        for day in (one, other)
    }
    assert len(keys) == 1
