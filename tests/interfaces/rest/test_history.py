"""A history comes in over HTTP, and runs go out."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.interfaces.rest import history

IMPORT = "/orcaops/jobs/import?workspace=imported"
LINES = "\n".join(
    json.dumps({"name": f"n{number}", "started_at": 1e9 + number, "duration_s": 1.5}) for number in range(3)
).encode()
RAW = {"Content-Type": "application/octet-stream"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads lie while they are read; nothing may stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_same_file_twice_adds_nothing(client: TestClient, folder: Path) -> None:
    first = client.post(f"{IMPORT}&format=jsonl", content=LINES, headers=RAW).json()
    second = client.post(f"{IMPORT}&format=jsonl", content=LINES, headers=RAW).json()
    assert (first["added"], first["known"]) == (3, 0)
    assert (second["added"], second["known"]) == (0, 3)
    assert not list(folder.iterdir())


def test_the_same_key_gives_the_same_report(client: TestClient) -> None:
    headers = RAW | {"Idempotency-Key": "import-1"}
    place = "/orcaops/jobs/import?workspace=keyed&format=jsonl"
    reports = [client.post(place, content=LINES, headers=headers).json() for _ in range(2)]
    assert reports[0] == reports[1]
    assert reports[0]["added"] == 3
    assert client.post(place, content=LINES + b"\n{}", headers=headers).status_code == 409


def test_a_form_is_read_too(client: TestClient) -> None:
    answer = client.post(
        "/orcaops/jobs/import?workspace=form&format=jsonl", files={"file": ("../../x.jsonl", LINES)}
    )
    assert (answer.status_code, answer.json()["added"]) == (200, 3)


@pytest.mark.parametrize("files", [{"other": ("x", b"y")}, {"file": ("a", b""), "more": ("b", b"")}])
def test_forms_without_the_one_file(client: TestClient, files: Any) -> None:
    answer = client.post(f"{IMPORT}&format=jsonl", files=files)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_broken_form(client: TestClient, folder: Path) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = client.post(f"{IMPORT}&format=jsonl", content=b"garbage", headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert not list(folder.iterdir())


def test_a_bad_line_is_reported_and_the_rest_comes_in(client: TestClient) -> None:
    content = LINES + b"\nnot json\n{}\n"
    report = client.post(
        "/orcaops/jobs/import?workspace=bad&format=jsonl", content=content, headers=RAW
    ).json()
    assert (report["added"], report["bad"]) == (3, 2)
    assert report["problems"][0].startswith("line 4: ")


def test_a_log_outside_is_not_read(client: TestClient, folder: Path) -> None:
    (folder / "secret").write_text("hunter2")
    for path in ("../secret", str(folder / "secret"), "/etc/hostname"):
        line = json.dumps({"name": path, "started_at": 1e9, "duration_s": 1, "log": path})
        client.post("/orcaops/jobs/import?workspace=logs&format=jsonl", content=line.encode(), headers=RAW)
    for run in client.get("/orcaops/jobs?workspace=logs").json()["items"]:
        text = client.get(
            f"/orcaops/jobs/{run['job_id']}/logs?workspace=logs", headers={"Accept": "text/plain"}
        ).text
        assert "hunter2" not in text


@pytest.mark.parametrize("query", ["format=nonsense", "format=../x", "format=", "x=1"])
def test_formats_that_there_are_not(client: TestClient, query: str, folder: Path) -> None:
    answer = client.post(f"{IMPORT}&{query}", content=LINES, headers=RAW)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["where"].startswith("query.")
    assert str(folder) not in answer.text  # no path of the server
    assert not list(folder.iterdir())


def test_a_file_of_no_known_format(client: TestClient, folder: Path) -> None:
    answer = client.post(IMPORT, content=b"\x00\x01\x02", headers=RAW)
    report = answer.json()
    assert (answer.status_code, report["added"], report["bad"]) == (200, 0, 1)
    assert "format" in report["problems"][0]
    assert str(folder) not in answer.text


def test_a_file_that_is_too_large(client: TestClient, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(history, "LARGEST_FILE_BYTES", 10)
    answer = client.post(IMPORT, content=LINES, headers=RAW)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not list(folder.iterdir())


def test_no_room_for_the_file(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(history, "_kept", full)
    answer = client.post(IMPORT, content=LINES, headers=RAW)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_another_kind_of_body(client: TestClient) -> None:
    answer = client.post(IMPORT, content=LINES, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("format_name", ["jsonl", "csv"])
def test_what_goes_out_comes_in_again(
    client: TestClient, submitted: Callable[..., dict[str, Any]], format_name: str
) -> None:
    run = submitted(name="out", command=["echo", "a,b", '"c"'])
    out = client.get("/orcaops/jobs/export", params={"format": format_name, "q": "name:out"})
    assert out.status_code == 200
    assert f"runs.{format_name}" in out.headers["Content-Disposition"]
    place = f"/orcaops/jobs/import?workspace=in-{format_name}&format=orcaops"
    report = client.post(place, content=out.content, headers=RAW).json()
    assert report["bad"] == 0, report
    back = client.get(f"/orcaops/jobs/{run['job_id']}?workspace=in-{format_name}").json()
    assert (back["command"], back["duration_s"]) == (run["command"], run["duration_s"])


def test_an_export_of_nothing(client: TestClient) -> None:
    answer = client.get("/orcaops/jobs/export?format=json&workspace=empty")
    assert answer.json() == []
