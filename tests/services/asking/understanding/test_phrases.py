"""Phrases: ways to say it that no word of them says alone, each with the reading that it has."""

import importlib
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orcaops.services.asking.understanding.reading import RuleReader

sys.path.insert(0, str(Path(__file__).parents[4]))  # benchmarks are no part of the package
BENCHMARK = importlib.import_module("benchmarks.questions")
sys.path.pop(0)
ASKED = BENCHMARK.questions()


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("is deploy still failing?", "last where name:deploy"),
        ("did my deploy go through", "list where status:succeeded name:deploy"),
        ("how long has lint been red", "first where name:lint status:failed"),
        ("what made train-model crash", "explain where status:failed name:train-model"),
        ("distribution of exit codes for unit-tests", "count by exit_code where name:unit-tests"),
        ("where can we cut costs", "advice"),
        ("why did lint fail the last time", "explain where status:failed name:lint"),
        ("what will train-model need next time", "predict where name:train-model"),
        ("is everything ok?", "anomalies"),
        ("which host is the least reliable", "rate by host"),
        ("whats queued atm", "list where status:queued"),
        ("how often does deploy go wrong", "count where status:failed name:deploy"),
        ("what went wrong with deploy", "explain where status:failed name:deploy"),
        ("eta for nightly-etl pls", "predict duration where name:nightly-etl"),
        ("is 'undefined symbol' new?", 'seen where "undefined symbol"'),
        ("how much cpu does go test ./... use", 'typical cpu where command:"go test ./..."'),
    ],
)
def test_a_phrase(question: str, line: str) -> None:
    found = RuleReader().read(question, ASKED.known, ASKED.now, ZoneInfo("UTC"))
    wanted = BENCHMARK.parse_line(line, ASKED.now)
    assert BENCHMARK.meaning(found[0].inquiry, ASKED.now) == BENCHMARK.meaning(wanted, ASKED.now)
