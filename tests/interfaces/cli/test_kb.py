"""``orcaops kb``: known failures, listed, shown and found in a file."""

from pathlib import Path

from .conftest import Command


def test_list_and_show(orcaops: Command, orcaops_home: Path) -> None:
    listed = orcaops("kb", "list", "disk", "--json").documents
    assert "disk.full" in {one["id"] for one in listed}
    shown = orcaops("kb", "show", "disk.full")
    assert shown.code == 0
    assert "infrastructure" in shown.text
    assert orcaops("kb", "show", "disk.full", "--json").document["id"] == "disk.full"


def test_a_page_says_how_to_go_on(orcaops: Command, orcaops_home: Path) -> None:
    answer = orcaops("kb", "list", "-n", 2)
    assert answer.text.startswith("ID ")
    assert "--cursor" in answer.err


def test_match_reads_a_file(orcaops: Command, orcaops_home: Path, tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    log.write_text("starting\ncp: error writing 'x': No space left on device\n")
    answer = orcaops("kb", "match", log)
    assert "disk.full" in answer.text
    assert "| cp: error writing 'x': No space left on device" in answer.text
    (found,) = orcaops("kb", "match", log, "--json").documents
    assert found["line"]["offset"] == len("starting\n")


def test_match_says_when_it_knows_nothing(orcaops: Command, orcaops_home: Path, tmp_path: Path) -> None:
    log = tmp_path / "quiet.log"
    log.write_text("all is well\n")
    answer = orcaops("kb", "match", log)
    assert (answer.code, answer.text) == (0, "")
    assert "no known failure" in answer.err


def test_an_unknown_pattern_is_refused(orcaops: Command, orcaops_home: Path) -> None:
    answer = orcaops("kb", "show", "no.such")
    assert answer.code != 0
    assert "orcaops kb list" in answer.err
