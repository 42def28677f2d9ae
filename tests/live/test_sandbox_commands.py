"""``orcaops sandbox`` and ``orcaops warm`` as people call them, on this machine and against a server."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from orcaops import config
from orcaops.app import build
from orcaops.interfaces.rest.api import create_api
from tests.live.conftest import SMALL_IMAGE

pytestmark = pytest.mark.live


class Person:
    """Gives commands at a terminal."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1", "HOME": str(folder), **environment}

    def __call__(self, *words: str, code: int = 0) -> str:
        """What ``orcaops`` prints on its standard output."""
        ended = subprocess.run(
            [sys.executable, "-m", "orcaops.interfaces.cli.main", *words],
            capture_output=True,
            text=True,
            env=self._environment,
            cwd=self.folder,
            check=False,
        )
        assert ended.returncode == code, (words, ended.stdout, ended.stderr)
        return ended.stdout


@pytest.fixture(params=["here", "there"])
def orcaops(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Person]:
    """A person with a house of their own, or with one behind a server."""
    home = tmp_path / "home"
    if request.param == "here":
        yield Person(tmp_path, {"ORCAOPS_HOME": str(home)})
        return
    app = build(config.load({"home": home}, environment={}, folder=tmp_path, user_file=tmp_path / "none"))
    app.start()
    server = uvicorn.Server(uvicorn.Config(create_api(app), port=0, log_level="error"))
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started:
        serving.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Person(tmp_path, {"ORCAOPS_URL": f"http://127.0.0.1:{port}"})
    server.should_exit = True
    serving.join()
    app.close()


def test_a_sandbox_from_its_beginning_to_its_end(orcaops: Person) -> None:
    made = json.loads(
        orcaops("sandbox", "create", "--image", SMALL_IMAGE, "--name", "try", "-e", "A=b", "--json")
    )
    try:
        assert orcaops("sandbox", "exec", "try", "--", "sh", "-c", "echo $A; exit 3", code=3) == "b\n"
        assert orcaops("sandbox", "exec", "try", "--timeout", "0.5s", "--", "sleep", "60", code=124) == ""
        (orcaops.folder / "data").mkdir()
        (orcaops.folder / "data" / "file").write_text("x\n")
        orcaops("sandbox", "copy", "data", "try:/tmp/")
        assert orcaops("sandbox", "exec", made["id"], "--", "cat", "/tmp/data/file") == "x\n"
        orcaops("sandbox", "copy", "try:/tmp/data", "back")
        assert (orcaops.folder / "back" / "file").read_text() == "x\n"
        orcaops("sandbox", "exec", "try", "--", "ln", "-s", "/etc/passwd", "/tmp/data/evil")
        orcaops("sandbox", "copy", "try:/tmp/data", "evil", code=2)
        assert not (orcaops.folder / "evil").exists()
        orcaops("sandbox", "copy", "try:/tmp/absent", "absent", code=1)
        listed = json.loads(orcaops("sandbox", "list", "--json"))
        assert (listed["id"], listed["state"], listed["executions"]) == (made["id"], "running", 4)
        assert json.loads(orcaops("sandbox", "stop", "try", "--json"))["state"] == "stopped"
        orcaops("sandbox", "exec", "try", "--", "true", code=125)
        assert json.loads(orcaops("sandbox", "start", "try", "--json"))["state"] == "running"
        assert "try" in orcaops("sandbox", "show", "try")
        runs = [json.loads(line) for line in orcaops("jobs", "list", "--json").splitlines()]
        assert {run["sandbox"] for run in runs} == {made["id"]}
    finally:
        orcaops("sandbox", "remove", "try")
    assert orcaops("sandbox", "list") == ""
    assert "removed" in orcaops("sandbox", "list", "--all")


def test_what_stands_ready_is_shown(orcaops: Person) -> None:
    for _ in range(2):
        orcaops("run", "--image", SMALL_IMAGE, "--", "true")
    plan = json.loads(orcaops("warm", "plan", "--json"))
    assert (plan["mode"], [each["image"] for each in plan["intents"]]) == ("suggest", [SMALL_IMAGE])
    assert json.loads(orcaops("warm", "status", "--json"))["ready"] == []
    assert SMALL_IMAGE in orcaops("warm", "plan")
    assert "suggest" in orcaops("warm", "status")
