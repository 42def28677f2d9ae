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


def lose_lease(orcaops: Command, number: int) -> str:
    script = f"echo 'error: worker {number} lost its lease on db-{number}' >&2; exit 3"
    answer = orcaops("run", "--name", "w", "--json", "--", "sh", "-c", script)
    return str(answer.documents[-1]["job_id"])


def test_teach_explains_the_past_and_forget_undoes_it(orcaops: Command, orcaops_home: Path) -> None:
    job = lose_lease(orcaops, 4)
    assert orcaops("kb", "coverage", "--json").document["share"] == 0
    taught = orcaops(
        *("kb", "teach", r"worker (\d+) lost its lease", "--title", "Worker {1} lost its lease"),
        *("--example", "worker 4 lost its lease", "--solution", "Ask {1}", "--id", "acme.lease"),
    )
    assert taught.text == "acme.lease: seen once so far\n"
    assert "1 of 1 failure explained (100%)" in orcaops("kb", "coverage").text
    analysis = orcaops("debug", job, "--json").document
    assert analysis["likely_causes"][0]["title"] == "Worker 4 lost its lease"
    fix = analysis["suggested_fixes"][0]
    assert fix["action"] == "Ask 4"
    unsaid = orcaops("kb", "feedback", fix["solution_id"], "--job", job)
    assert (unsaid.code, "Missing option '--helped'" in unsaid.err) == (2, True), "silence is no verdict"
    noted = orcaops("kb", "feedback", fix["solution_id"], "--job", job, "--helped")
    assert "helped in 1 of 1" in noted.text
    assert "helped in 1 of 1" in orcaops("kb", "show", "acme.lease").text
    forgotten = orcaops("kb", "forget", "acme.lease", "--json").document
    assert forgotten == {"id": "acme.lease", "workspace": "default", "forgotten": True}
    assert orcaops("kb", "show", "acme.lease").code == 1


def test_what_cannot_be_taught_says_why(orcaops: Command, orcaops_home: Path) -> None:
    answer = orcaops("kb", "teach", "lease (", "--title", "x", "--example", "lease (")
    assert answer.code == 2
    assert "RE2" in answer.err
    answer = orcaops("kb", "teach", "lease", "--title", "x", "--example", "l", "--category", "No Good")
    assert answer.code == 2


def test_proposals_are_edited_and_accepted(orcaops: Command, orcaops_home: Path) -> None:
    assert "no failure recurs" in orcaops("kb", "proposals").err
    for number in range(3):
        lose_lease(orcaops, number)
    (proposal,) = orcaops("kb", "proposals", "--json").documents
    assert "expression" in orcaops("kb", "proposals").text
    edited = orcaops("kb", "edit", proposal["id"], "--title", "The lease is lost", "--json").document
    assert edited["title"] == "The lease is lost"
    assert "it explains what was seen 3 times" in orcaops("kb", "accept", proposal["id"]).text
    assert [one["title"] for one in orcaops("kb", "list", "learned", "--json").documents] == [
        "The lease is lost"
    ]
    assert orcaops("kb", "dismiss", proposal["id"], "--reason", "no").code == 1
    assert len(orcaops("kb", "similar", lose_lease(orcaops, 9), "--json").documents) == 3


def test_what_was_taught_is_carried_elsewhere(orcaops: Command, orcaops_home: Path, tmp_path: Path) -> None:
    orcaops("kb", "teach", "lease lost", "--title", "x", "--example", "lease lost")
    orcaops("kb", "advise", "disk.full", "Empty /var/cache/build")
    file = tmp_path / "knowledge.json"
    file.write_bytes(orcaops("kb", "export").out)
    answer = orcaops("kb", "import", file, "--workspace", "team")
    assert answer.text == "1 patterns and 1 solutions added, 0 known already\n"
    assert orcaops("kb", "import", file, "--workspace", "team", "--json").document["known"] == 2
    assert "Empty /var/cache/build" in orcaops("kb", "show", "disk.full", "--workspace", "team").text
    file.write_text("{")
    broken = orcaops("kb", "import", file)
    assert broken.code == 2
    assert "Nothing was taught" in broken.err
