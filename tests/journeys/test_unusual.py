"""Each kind of anomaly shows on a history in which it happened, and a healthy history is quiet."""

import json
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orcaops import app as house
from orcaops import config
from orcaops.model.anomaly import Anomaly, Severity

_START = datetime(2026, 5, 4, tzinfo=UTC)
_NETWORK = "npm ERR! network timeout at: https://packages.example.org/left-pad\n"
_DISK = "OSError: [Errno 28] No space left on device: '/build/x'\n"
_NAMES = "fatal: unable to access 'https://git.example.org/': Could not resolve host: git.example.org\n"


class Past:
    """A history in the making; what is drawn by chance is the same every time."""

    def __init__(self) -> None:
        self.chance = random.Random(11)
        self.lines: list[dict[str, Any]] = []

    def ran(self, name: str, at: datetime, seconds: float, *, log: str | None = None, **more: Any) -> None:
        """Note a run, which failed if it has a log."""
        wait = more.pop("wait", 1.0)
        self.lines.append(
            {
                "job_id": f"{name}-{len(self.lines)}",
                "name": name,
                "command": f"make {name}",
                "submitted_at": (at - timedelta(seconds=wait)).isoformat(),
                "started_at": at.isoformat(),
                "duration_s": round(seconds * math.exp(self.chance.gauss(0, 0.07)), 3),
                "status": "failed" if log else "succeeded",
                "exit_code": 1 if log else 0,
                "memory_peak_bytes": int(3e8 * math.exp(self.chance.gauss(0, 0.03))),
                "commit": f"{self.chance.getrandbits(64):016x}",
                **({"log": log} if log else {}),
                **more,
            }
        )

    def into(self, path: Path) -> Path:
        """Written as a file to import."""
        path.write_text("\n".join(json.dumps(line) for line in self.lines), encoding="utf-8")
        return path


@pytest.fixture
def app(tmp_path: Path) -> Iterator[house.App]:
    built = house.build(config.load({"home": tmp_path / "home"}, environment={}, folder=tmp_path))
    yield built
    built.close()


def anomalies_of(app: house.App, past: Past, tmp_path: Path) -> list[Anomaly]:
    done = app.history.import_file(past.into(tmp_path / "past.jsonl"), "jsonl", workspace="default")
    assert (done.added, done.bad) == (len(past.lines), 0)
    return list(app.insights.anomalies("default", limit=200).items)


def eventful() -> Past:
    past, chance = Past(), random.Random(3)
    for n in range(90):
        at = _START + timedelta(hours=5 * n)
        past.ran("build", at, 90 if n >= 60 else 60, image_digest="sha256:b" if n >= 60 else "sha256:a")
        past.ran(
            "lint", at + timedelta(minutes=10), 80 if n == 50 else 8, memory_peak_bytes=int(3e8 + n % 5 * 1e6)
        )
        past.ran(
            "pack", at + timedelta(minutes=20), 20, memory_peak_bytes=int(9e8) if n == 70 else int(3e8 + n)
        )
        past.ran("docs", at + timedelta(minutes=30), 20 if n >= 40 else 40)
        past.ran("deploy", at + timedelta(minutes=40), 10, wait=1200 if n == 66 else 2)
        fails = n in (20, 47) or (60 <= n < 75 and n % 2 == 0)
        past.ran("fetch", at + timedelta(minutes=50), 20, log=_NETWORK if fails else None)
        often = "error: signing key expired\n" if n % 6 == 0 else None
        past.ran("sign", at + timedelta(minutes=55), 20, log=_DISK if n == 80 else often)
        shaky = "AssertionError: timed out waiting for port\n" if chance.random() < 0.12 else None
        past.ran("it", at + timedelta(minutes=60), 30, log=shaky, commit=f"c{n // 6}")
    for service in range(8):
        for n in range(20):
            past.ran(f"svc{service}", _START + timedelta(hours=9 * n, minutes=100 + service), 12)
        past.ran(f"svc{service}", _START + timedelta(hours=200, minutes=2 * service), 3, log=_NAMES)
    for n in range(14):
        past.ran("fix", _START + timedelta(hours=300, seconds=8 * n), 4, log="Killed\n", wait=0.5, commit="c")
    return past


def test_each_kind_shows_and_says_it_for_people(app: house.App, tmp_path: Path) -> None:
    found = anomalies_of(app, eventful(), tmp_path)
    shown = {(each.type, each.key.removeprefix("name:")) for each in found}
    assert shown >= {
        ("duration", "lint"),
        ("memory", "pack"),
        ("regression", "build"),
        ("improvement", "docs"),
        ("queue_wait", "deploy"),
        ("degradation", "fetch"),
        ("error", "fetch"),
        ("error", "sign"),
        ("flaky", "it"),
        ("repeat_failure", "fix"),
        ("retry_storm", "fix"),
    }
    assert [each.type for each in found].count("incident") == 1
    titles = {each.title for each in found}
    assert any(title.startswith("A known failure has become frequent") for title in titles)
    assert any(title.startswith("Failed in a way never seen") for title in titles)
    for each in found:
        assert each.unit, each.title
        assert each.expected is not None, each.title
        assert each.actual is not None, each.title
        assert each.description.endswith((".", "`")), each.description
        assert each.severity is Severity.INFO or each.type != "improvement"
    slower = next(each for each in found if each.type == "regression")
    assert "image digest from sha256:a to sha256:b" in slower.description
    assert slower.job_id in slower.evidence["began_between"]


def test_a_healthy_history_is_quiet(app: house.App, tmp_path: Path) -> None:
    past = Past()
    for n in range(150):
        for place, (name, seconds) in enumerate((("a", 5), ("b", 30), ("c", 120), ("d", 600))):
            past.ran(name, _START + timedelta(hours=3 * n, minutes=12 * place), seconds)
    found = anomalies_of(app, past, tmp_path)
    assert len([each for each in found if each.severity is not Severity.INFO]) <= 2
    assert len(found) <= 6  # one in a hundred runs, of four things that are looked at


def test_learning_again_finds_the_same(app: house.App, tmp_path: Path) -> None:
    before = anomalies_of(app, eventful(), tmp_path)
    assert app.upkeep.relearn() > 0
    assert list(app.insights.anomalies("default", limit=200).items) == before
