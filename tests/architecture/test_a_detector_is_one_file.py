"""A detector is one file: the one in ``docs/how-to/add-a-detector.md``, dropped in, works everywhere."""

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from orcaops import plugins
from orcaops.model.errors import OrcaError
from orcaops.testing.learners import CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-detector.md"
KEY = "name:nightly"
_PATIENCE_S = 300.0  # only so that what hangs ends: a machine with much else to do is slow


def shown_on_the_page() -> str:
    """The code of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of plug-ins with that one file in it."""
    folder = tmp_path / "plug-ins"
    folder.mkdir()
    (folder / "twice.py").write_text(shown_on_the_page())
    return folder


def twice(folder: Path, **parameters: Any) -> Any:
    found = plugins.find("detector", [folder], {"twice": parameters})
    return next(detector for detector in found if detector.name == "twice")


def test_it_is_found_beside_the_shipped_ones(folder: Path) -> None:
    names = [detector.name for detector in plugins.find("detector", [folder])]
    assert set(names) == {"twice"} | {detector.name for detector in plugins.find("detector")}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_passes_the_suite_of_every_learner(check: Any, folder: Path) -> None:
    check(twice(folder))


def test_its_fields_are_its_parameters(folder: Path) -> None:
    assert twice(folder, factor=4.0).factor == 4.0
    with pytest.raises(OrcaError, match="no parameter 'fctor'"):
        twice(folder, fctor=4.0)


def test_it_may_come_as_an_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = folder / "twice-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: twice\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[orcaops.detectors]\ntwice = twice:detector\n")
    monkeypatch.syspath_prepend(str(folder))
    try:
        assert "twice" in [detector.name for detector in plugins.find("detector")]
    finally:
        sys.modules.pop("twice", None)


def test_one_that_cannot_be_loaded_is_left_out_and_named(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "broken.py").write_text("import nowhere_at_all\n")
    assert twice(folder)
    assert "broken.py" in caplog.text


class House:
    """The installed program in a home of its own, with the folder of plug-ins configured by a file."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        home.mkdir(parents=True)
        self.configure(f'[plugins]\ndirs = ["{folder}"]\n')

    def configure(self, toml: str) -> None:
        (self.home / "orcaops.toml").write_text(toml)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        program = str(Path(sys.executable).with_name("orcaops"))
        pipe = subprocess.PIPE
        return subprocess.Popen([program, *arguments], cwd=self.home, stdin=pipe, stdout=pipe, text=True)

    def say(self, *arguments: str) -> str:
        """What a command prints; it must succeed."""
        started = self.start(*arguments)
        said, _ = started.communicate(timeout=_PATIENCE_S)
        assert started.returncode == 0, said
        return said

    def anomalies(self) -> list[dict[str, Any]]:
        """Those of our detector, from the command line."""
        every = [json.loads(line) for line in self.say("anomalies", "list", "--json").splitlines()]
        return [anomaly for anomaly in every if anomaly["detector"] == "twice"]


@pytest.fixture
def house(orcaops_home: Path, folder: Path, tmp_path: Path) -> House:
    """A house whose history has eleven runs of ten seconds and one of a minute."""
    house = House(tmp_path / "project", folder)
    history = [
        {"name": "nightly", "started_at": f"2026-01-{day:02d}T02:00:00Z", "duration_s": took}
        for day, took in enumerate([10.0] * 11 + [60.0], start=1)
    ]
    file = tmp_path / "history.jsonl"
    file.write_text("".join(json.dumps(run) + "\n" for run in history))
    house.say("import", str(file), "--format", "jsonl")
    return house


def test_the_command_line_shows_it(house: House) -> None:
    [anomaly] = house.anomalies()
    assert (anomaly["key"], anomaly["expected"], anomaly["actual"]) == (KEY, 10.0, 60.0)
    assert anomaly["title"] in house.say("jobs", "summary", anomaly["job_id"])
    house.say("anomalies", "ack", anomaly["id"], "--note", "seen")
    assert house.anomalies()[0]["acknowledged"]


def test_relearning_comes_to_the_same(house: House) -> None:
    before = house.anomalies()
    house.say("relearn")
    assert house.anomalies() == before


def test_a_parameter_in_the_configuration_reaches_it(house: House, folder: Path) -> None:
    house.configure(f'[plugins]\ndirs = ["{folder}"]\n[detectors.twice]\nfactor = 100.0\n')
    house.say("relearn")
    assert house.anomalies() == []


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """Where a server of that house listens: it chooses a free port, and says so once it answers."""
    server = house.start("serve", "--port", "0", "--json")
    try:
        assert server.stdout is not None
        said = server.stdout.readline()  # it comes, or the server has ended
        assert said, f"the server ended with {server.wait()}"
        yield str(urlsplit(json.loads(said)["url"]).netloc)
    finally:
        server.terminate()
        server.communicate(timeout=_PATIENCE_S)


def test_rest_shows_it(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=_PATIENCE_S)
    connection.request("GET", "/orcaops/anomalies")
    answer = json.load(connection.getresponse())
    connection.close()
    assert "twice" in [anomaly["detector"] for anomaly in answer["items"]]
