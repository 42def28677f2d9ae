"""What is copied out of a job's folder, and what never is."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.running.artifacts import collect


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    for path in ("a.xml", "b.txt", "out/a.xml", "out/deep/a.xml", "out/deep/er/c", ".hidden/x"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.xml", ["a.xml"]),
        ("./a.xml", ["a.xml"]),
        ("*.xml", ["a.xml"]),
        ("*/*.xml", ["out/a.xml"]),
        ("**/*.xml", ["a.xml", "out/a.xml", "out/deep/a.xml"]),
        ("out/**/a.xml", ["out/a.xml", "out/deep/a.xml"]),
        ("out/", ["out/a.xml", "out/deep/a.xml", "out/deep/er/c"]),
        ("out/**", ["out/a.xml", "out/deep/a.xml", "out/deep/er/c"]),
        ("o*/d??p", ["out/deep/a.xml", "out/deep/er/c"]),
        ("[ab].*", ["a.xml", "b.txt"]),
        (".", [".hidden/x", "a.xml", "b.txt", "out/a.xml", "out/deep/a.xml", "out/deep/er/c"]),
        ("a.xml/x", []),
        ("absent", []),
        ("../elsewhere/a.xml", []),
        ("out/../a.xml", []),
        ("/etc/hosts", []),
    ],
)
def test_patterns(root: Path, tmp_path: Path, pattern: str, expected: list[str]) -> None:
    kept = collect(root, (pattern,), tmp_path / "kept")
    assert [artifact.path for artifact in kept] == expected
    for artifact in kept:
        content = (tmp_path / "kept" / artifact.path).read_bytes()
        assert content == artifact.path.encode()
        assert artifact.size_bytes == len(content)
        assert artifact.sha256 == hashlib.sha256(content).hexdigest()


def test_a_file_that_two_patterns_match_is_kept_once(root: Path, tmp_path: Path) -> None:
    kept = collect(root, ("*.xml", "a.*", "**"), tmp_path / "kept")
    assert len(kept) == len({artifact.path for artifact in kept}) == 6


@pytest.mark.parametrize(
    "pattern", ["**", "link", "link/*", "folder", "folder/*", "chain/**", "loop/**", "*"]
)
def test_links_are_neither_copied_nor_followed(tmp_path: Path, pattern: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    root = tmp_path / "work"
    root.mkdir()
    (root / "link").symlink_to(secret / "key")
    (root / "folder").symlink_to(secret)
    (root / "chain").symlink_to("folder")
    (root / "loop").symlink_to(".")
    os.mkfifo(root / "pipe")
    assert collect(root, (pattern,), tmp_path / "kept") == ()
    assert not (tmp_path / "kept").exists()


def test_a_folder_that_is_itself_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "work").symlink_to("/etc")
    assert collect(tmp_path / "work", ("**",), tmp_path / "kept") == ()


def test_names_that_are_not_text_are_kept_readable(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.log")).write_bytes(b"x")
    (artifact,) = collect(root, ("*.log",), tmp_path / "kept")
    assert artifact.path == "\ufffd.log"
    assert (tmp_path / "kept" / artifact.path).read_bytes() == b"x"


def test_a_full_disk_is_told(root: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"File exists|Not a directory"):
        collect(root, ("**",), tmp_path / "kept")


def test_a_very_deep_folder_ends(tmp_path: Path) -> None:
    deep = tmp_path / "work"
    for _ in range(80):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    assert collect(tmp_path / "work", ("**",), tmp_path / "kept") == ()


@given(pattern=st.text(alphabet="a*?[]!./-\n", max_size=12))
def test_no_pattern_leads_out(pattern: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.mktemp("any")
    (base / "outside").write_text("x")
    (base / "work" / "a").mkdir(parents=True)
    (base / "work" / "a" / "a").write_text("x")
    for artifact in collect(base / "work", (pattern,), base / "kept"):
        assert artifact.path == "a/a"
