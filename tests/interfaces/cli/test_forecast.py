"""``orcaops forecast``, as people and scripts call it."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops.model.forecast import Forecast

from .conftest import Command, write_lines


@pytest.fixture
def busy(tmp_path: Path, orcaops: Command) -> None:
    """Three weeks of work that is done by day."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows: list[dict[str, object]] = []
    for hour in range(1, 21 * 24):
        at = end - timedelta(hours=hour)
        for n in range(round(3 + 3 * math.sin(at.hour / 12 * math.pi))):
            begun = at + timedelta(minutes=7 * n)
            rows.append(
                {"name": "work", "started_at": begun.isoformat(), "duration_s": 300, "cpu_seconds": 60}
            )
    assert orcaops("import", write_lines(tmp_path / "work.jsonl", rows), "--format", "jsonl").code == 0


def test_people_are_told_in_a_few_lines(busy: None, orcaops: Command, orcaops_home: Path) -> None:
    shown = orcaops("forecast").text
    for name in ("runs", "peaks", "capacity", "cost", "why"):
        assert f"\n{name}" in shown
    assert "keeps waiting below 1 min; 8 are configured" in shown
    assert "no price file: put one at prices.toml" in shown
    (orcaops_home / "prices.toml").write_text('currency = "EUR"\nper_cpu_second = 1\nbudget_per_month = 1\n')
    now = datetime.now(UTC)
    at = now - timedelta(days=now.day) if now.day < 3 else now  # some of its month has gone
    shown = orcaops("forecast", "--hours", "5", "--at", at.isoformat()).text
    assert "EUR (" in shown
    assert "1.00 EUR was spent on 20" in shown
    assert "month end" in shown


def test_scripts_get_every_hour(busy: None, orcaops: Command) -> None:
    answer = orcaops("forecast", "--hours", "30", "--json")
    forecast = Forecast.from_stored(answer.out)
    assert len(forecast.hours) == 30
    assert answer.document["cost"]["abstention"]["reason"]


def test_of_nothing_nothing_is_said(orcaops: Command) -> None:
    answer = orcaops("forecast")
    assert (answer.code, "not known" in answer.text) == (0, True)
    assert set(orcaops("forecast", "--json").document) == {"abstention"}


def test_as_of_then(busy: None, orcaops: Command) -> None:
    then = (datetime.now(UTC) - timedelta(days=15)).date()
    assert orcaops("forecast", "--at", then, "--json").document["starts_at"] == f"{then}T00:00:00Z"
    assert orcaops("forecast", "--at", "soon").code == 2
    assert orcaops("forecast", "--hours", "0").code == 2


def test_a_wrong_price_file_says_what_where_and_what_to_do(
    busy: None, orcaops: Command, orcaops_home: Path
) -> None:
    (orcaops_home / "prices.toml").write_text('currency = "EUR"\nper_rnu = 1\n')
    answer = orcaops("forecast")
    assert answer.code == 2
    assert "unknown name 'per_rnu'" in answer.err
    assert "prices.toml" in answer.err
    assert "A price file has: currency" in answer.err
