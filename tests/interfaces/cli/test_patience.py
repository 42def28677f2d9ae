"""A server that goes away and comes back, seen by commands that follow something there."""

import contextlib
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from orcaops.interfaces.cli.remote.patience import AwayError, Patience

from .conftest import HISTORY, TOKEN, Command, write_lines

Start = Callable[..., "subprocess.Popen[bytes]"]
COUNTED = b"".join(b"%d\n" % number for number in range(40))
SORRY = b"HTTP/1.1 %d Sorry\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry"


class Road:
    """The way to a server: it can be blocked, and lose what is on it."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._target = (place.hostname, place.port)
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self._port = 0
        self.refused = 0
        self.seen: list[bytes] = []
        """The first line of each request."""
        self.loses = b""
        """What the next request begins with of which the answer is lost; with it the way is blocked."""
        self.answers = b""
        """What a proxy answers to every request in the place of the server."""
        self.clear()
        self.url = f"http://127.0.0.1:{self._port}"

    def clear(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def block(self) -> None:
        """From now on connections are refused, and those that are there are cut."""
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        self.cut()

    def cut(self) -> None:
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._carry, args=(listening.accept()[0],), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._target) as far:
            self._open |= {near, far}
            threading.Thread(target=self._bring_back, args=(far, near), daemon=True).start()
            while piece := near.recv(65536):
                if re.match(rb"[A-Z]+ /", piece):
                    self.seen.append(piece.partition(b"\r\n")[0])
                if self.answers:
                    near.sendall(self.answers)
                    return
                far.sendall(piece)

    def _bring_back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := far.recv(65536):
                if self.loses and self.seen[-1].startswith(self.loses):
                    self.loses = b""
                    self.block()
                    return
                near.sendall(piece)
            near.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def road(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Road]:
    """The way on which this test's commands reach the server, in a workspace of its own."""
    way = Road(served)
    monkeypatch.setenv("ORCAOPS_URL", way.url)
    monkeypatch.setenv("ORCAOPS_TOKEN", TOKEN)
    monkeypatch.setenv("ORCAOPS_WORKSPACE", re.sub(r"[^a-z]+", "-", request.node.name)[:60].strip("-"))
    yield way
    way.block()


class Counting:
    """A job that counts to 40, and half way waits until it may go on."""

    def __init__(self, gate: Path) -> None:
        self._gate = gate
        wait = f'while [ ! -e "{gate}" ]; do sleep 0.05; done'
        self.script = (
            f'i=0; while [ $i -lt 40 ]; do echo "$i"; i=$((i+1)); [ $i -ne 20 ] || {wait}; done; exit 7'
        )

    def go_on(self) -> None:
        self._gate.touch()


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    one = Counting(tmp_path / "gate")
    yield one
    one.go_on()


def said_by(running: "subprocess.Popen[bytes]", words: bytes) -> bytes:
    """What a process says on standard error, up to these words."""
    assert running.stderr is not None
    said = b""
    while words not in said:
        line = running.stderr.readline()
        assert line, said.decode()
        said += line
    return said


def printed_by(running: "subprocess.Popen[bytes]", line: bytes) -> bytes:
    assert running.stdout is not None
    printed = b""
    while not printed.endswith(line):
        printed += running.stdout.readline()
    return printed


def rest_of(running: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    """What a process goes on to print, until it ends."""
    assert running.stdout is not None
    assert running.stderr is not None
    out, err = running.stdout.read(), running.stderr.read()
    running.wait(60)
    return out, err


def test_a_run_goes_on_where_it_stopped(road: Road, process: Start, counting: Counting) -> None:
    running = process("run", "--", "sh", "-c", counting.script)
    before = printed_by(running, b"5\n")
    road.block()
    said = said_by(running, b"waiting up to 2 min for it")
    road.clear()
    counting.go_on()
    out, err = rest_of(running)
    assert running.returncode == 7
    assert before + out == COUNTED, "nothing is told twice, and nothing is lost"
    assert (said + err).count(b"waiting up to") == 1
    assert b"it answers again" in err


def test_following_goes_on_where_it_stopped(
    road: Road, orcaops: Command, process: Start, counting: Counting
) -> None:
    job_id = orcaops("run", "--detach", "--json", "--", "sh", "-c", counting.script).document["job_id"]
    running = process("jobs", "logs", "-f", job_id)
    before = printed_by(running, b"5\n")
    road.block()
    said_by(running, b"waiting up to")
    road.clear()
    counting.go_on()
    out, _ = rest_of(running)
    assert (running.returncode, before + out) == (0, COUNTED)


def test_a_connection_that_is_only_cut_is_nothing_to_speak_of(
    road: Road, process: Start, counting: Counting
) -> None:
    running = process("run", "--", "sh", "-c", counting.script)
    before = printed_by(running, b"5\n")
    road.cut()
    counting.go_on()
    out, err = rest_of(running)
    assert (running.returncode, before + out) == (7, COUNTED)
    assert b"waiting" not in err


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_whoever_answers_for_a_server_that_is_away_is_understood(
    road: Road, process: Start, counting: Counting, status: int
) -> None:
    running = process("run", "--", "sh", "-c", counting.script)
    before = printed_by(running, b"5\n")
    road.answers = SORRY % status
    road.cut()
    assert b"somebody answered %d for it" % status in said_by(running, b"waiting up to")
    road.answers = b""
    counting.go_on()
    out, _ = rest_of(running)
    assert (running.returncode, before + out) == (7, COUNTED)


def test_a_server_that_stays_away_is_waited_for_so_long_and_no_longer(
    road: Road, process: Start, counting: Counting
) -> None:
    running = process("run", "--", "sh", "-c", counting.script, env={"ORCAOPS_URL_WAIT": "1s"})
    printed_by(running, b"5\n")
    road.block()
    _, err = rest_of(running)
    assert running.returncode == 125
    job_id = re.findall(r"orcaops jobs show (\w+)", err.decode())
    assert job_id == re.findall(r"(\w+) on process", err.decode()), err.decode()
    assert b"waited 1.00 s" in err


def test_a_server_that_goes_when_the_end_is_known_does_not_change_the_exit_code(
    road: Road, process: Start
) -> None:
    road.loses = b"GET /orcaops/anomalies"
    running = process("run", "--", "sh", "-c", "exit 7", env={"ORCAOPS_URL_WAIT": "1s"})
    _, err = rest_of(running)
    assert running.returncode == 7, err.decode()
    assert b"waited 1.00 s" in err


@pytest.mark.parametrize("known", [True, False], ids=["while it is waited for", "before it is missed"])
def test_an_ending_while_the_server_is_away_ends_the_command(
    road: Road, orcaops: Command, process: Start, known: bool
) -> None:
    running = process("run", "--", "sh", "-c", "echo up; exec sleep 4321")
    printed_by(running, b"up\n")
    road.block()
    said = said_by(running, b"waiting up to") if known else b""
    running.send_signal(signal.SIGINT)
    _, err = rest_of(running)
    assert running.returncode == 130
    (job_id,) = re.findall(r"(\w+) on process", (said + err).decode())
    assert f"{job_id} is not cancelled and goes on" in err.decode()
    assert f"orcaops jobs cancel {job_id}" in err.decode()
    road.clear()
    assert orcaops("jobs", "cancel", job_id, "--json").document["status"] == "cancelled"


def test_what_was_submitted_as_the_server_went_is_submitted_once(
    road: Road, orcaops: Command, process: Start
) -> None:
    road.loses = b"POST /orcaops/jobs "
    running = process("run", "--", "sh", "-c", "echo up; exit 7")
    said_by(running, b"waiting up to")
    road.clear()
    out, _ = rest_of(running)
    assert (running.returncode, out) == (7, b"up\n")
    assert [line.split()[0] for line in road.seen if b"/jobs HTTP" in line] == [b"POST", b"POST"]
    assert len(orcaops("jobs", "list", "--json").documents) == 1


def test_of_what_was_submitted_to_a_server_that_stays_away_it_is_said_that_nobody_knows(
    road: Road, process: Start
) -> None:
    road.loses = b"POST /orcaops/jobs "
    running = process("run", "--", "true", env={"ORCAOPS_URL_WAIT": "1s"})
    _, err = rest_of(running)
    assert running.returncode == 125
    assert b"Whether it was done is not known" in err


def test_a_history_that_was_sent_as_the_server_went_is_in_once(
    road: Road, orcaops: Command, process: Start, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "n.jsonl", HISTORY)
    road.loses = b"POST /orcaops/jobs/import"
    running = process("import", file, "--format", "jsonl", "--json")
    said_by(running, b"waiting up to")
    road.clear()
    _, err = rest_of(running)
    assert running.returncode == 0, err.decode()
    assert len(orcaops("jobs", "list", "-n", 100, "--json").documents) == len(HISTORY)


def test_an_artifact_whose_download_broke_off_is_fetched_again(
    road: Road, orcaops: Command, process: Start
) -> None:
    done = orcaops(
        "run", "--json", "--artifact", "*.bin", "--", "sh", "-c", "head -c 3000000 /dev/zero > a.bin"
    )
    job_id = done.document["job_id"]
    road.loses = f"GET /orcaops/jobs/{job_id}/artifacts/a.bin".encode()
    running = process("jobs", "download", job_id, "-o", "got")
    said_by(running, b"waiting up to")
    road.clear()
    assert running.wait(60) == 0
    assert Path("got/a.bin").stat().st_size == 3_000_000


def test_a_server_that_was_never_there_is_not_waited_for(
    orcaops: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCAOPS_URL", "http://127.0.0.1:9")
    began = time.monotonic()
    answer = orcaops("run", "--", "true")
    assert answer.code == 125
    assert "Check ORCAOPS_URL" in answer.err
    assert "waiting" not in answer.err
    assert time.monotonic() - began < 60


def away(**more: Any) -> AwayError:
    return AwayError("does not answer", where="there", hint="look", **{"under_way": False, **more})


def bear_for_ever(patience: Patience) -> None:
    while True:
        patience.bear(away())


def test_each_absence_is_told_once_and_has_the_whole_time(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    patience = Patience(10.0, clock=lambda: now[0], pause=pause)
    patience.answered()
    for absence in range(2):
        began = now[0]
        with pytest.raises(AwayError, match="waited 10"):
            bear_for_ever(patience)
        assert now[0] - began == pytest.approx(10.0)
        assert capsys.readouterr().err.count("waiting up to") == 1, absence
        with pytest.raises(AwayError):
            patience.bear(away())  # after that it is nobody who was ever reached
        patience.answered()
