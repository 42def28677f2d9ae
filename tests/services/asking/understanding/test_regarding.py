"""What an inquiry cannot say is told, and what would change the answer lowers the confidence."""

import importlib
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orcaops.services.asking.understanding.reading import Reading, RuleReader

sys.path.insert(0, str(Path(__file__).parents[4]))  # benchmarks are no part of the package
ASKED = importlib.import_module("benchmarks.questions").questions()
sys.path.pop(0)


def read(question: str) -> Reading:
    return RuleReader().read(question, ASKED.known, ASKED.now, ZoneInfo("UTC"))[0]


@pytest.mark.parametrize(
    ("question", "note", "sure"),
    [
        ("how many failures do we have on weekends", "“on weekends” is told by weekday", True),
        ("why does nightly-etl fail at night", "“at night” is not regarded", False),
        ("which jobs failed more than 5 times this week", "“more than 5 times” is not regarded", True),
        ("what is the failure rate of deploy if it failed 3 times", "“3 times” is not regarded", False),
        ("who is the slowest", "nobody's name is recorded", True),
        ("which critical jobs failed today", "regarded for anomalies only", True),
    ],
)
def test_what_is_left_out_is_told(question: str, note: str, sure: bool) -> None:
    found = read(question)
    assert any(note in each for each in found.notes), found
    assert (found.confidence > 0.8) is sure
