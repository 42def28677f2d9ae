"""What is kept in the repository belongs to everybody: no machine's paths, no registry's address."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = re.compile(r"^[^/]*\.(lock|toml|cfg|ini)$|^Makefile$|^scripts/|^\.ci/")
ADDRESS = re.compile(r"https?://(?!127\.0\.0\.1|localhost|\[::1\]|\$)[^\s\"'`)>]+")
MACHINE = re.compile(
    r"(?<![\w.{}$-])/(?:root|work|workspace|Users/\w+|home/(?!runner|you|user|me|dev|app)\w+)/[\w.-]+"
)


def tracked() -> Iterator[tuple[str, str]]:
    """Name and text of every file that is kept, as far as it is text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: nothing says which files are kept")
    for name in filter(None, listed.stdout.split("\0")):
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # not text, or removed and not committed yet


def test_no_address_in_lock_and_configuration_files() -> None:
    found = [(name, ADDRESS.findall(text)) for name, text in tracked() if CONFIGURATION.search(name)]
    assert not [(name, addresses) for name, addresses in found if addresses]


def test_no_path_of_a_machine() -> None:
    found = [(name, MACHINE.findall(text)) for name, text in tracked()]
    assert not [(name, paths) for name, paths in found if paths]


def test_lock_files_hold_hashes_for_every_package() -> None:
    for lock in sorted(ROOT.glob("requirements*.lock")):
        for entry in re.split(r"\n(?=[a-z])", lock.read_text(encoding="utf-8").strip()):
            assert re.match(r"[a-z0-9.-]+==\S+", entry), f"{lock.name}: {entry[:60]}"
            assert "--hash=sha256:" in entry, f"{lock.name}: {entry[:60]}"
