"""Files that go into and out of sandboxes lead nowhere else."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.running.sandbox_files import checked, packed, unpacked

Member = tuple[str, bytes, str]


def tar_of(*members: Member) -> bytes:
    """A tar stream of (name, kind, content or target)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            data = content.encode() if kind == tarfile.REGTYPE else b""
            member.linkname = "" if kind in (tarfile.REGTYPE, tarfile.DIRTYPE) else content
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


BAD: dict[str, list[Member]] = {
    "climbs": [("x/../../evil", tarfile.REGTYPE, "e")],
    "absolute": [("/etc/evil", tarfile.REGTYPE, "e")],
    "link out": [("x/link", tarfile.SYMTYPE, "/etc/passwd")],
    "link up": [("x/link", tarfile.SYMTYPE, "../../etc/passwd")],
    "link up through another link": [
        ("x/a/b/here", tarfile.SYMTYPE, "../.."),
        ("x/a/b/out", tarfile.SYMTYPE, "here/../.."),
    ],
    "hard link up through a link": [
        ("x/a/b/here", tarfile.SYMTYPE, "../.."),
        ("x/a/b/out", tarfile.LNKTYPE, "x/a/b/here/../../.."),
    ],
    "hard link out": [("x/link", tarfile.LNKTYPE, "/etc/passwd")],
    "device": [("x/null", tarfile.CHRTYPE, "")],
    "pipe": [("x/pipe", tarfile.FIFOTYPE, "")],
}


@pytest.mark.parametrize("members", BAD.values(), ids=BAD)
@pytest.mark.parametrize("way", ["in", "out"])
def test_what_leads_out_is_refused_and_nothing_is_copied(
    members: list[Member], way: str, tmp_path: Path
) -> None:
    stream = tar_of(("x", tarfile.DIRTYPE, ""), ("x/good", tarfile.REGTYPE, "g"), *members)

    def take() -> None:
        if way == "out":
            unpacked([stream], tmp_path / "copy")
            return
        with checked([stream]):
            pytest.fail("it was taken")

    with pytest.raises(OrcaError) as refusal:
        take()
    assert refusal.value.code is ErrorCode.INVALID
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_through_a_link_of_the_same_stream(tmp_path: Path) -> None:
    stream = tar_of(
        ("x", tarfile.DIRTYPE, ""),
        ("x/real", tarfile.DIRTYPE, ""),
        ("x/link", tarfile.SYMTYPE, "real"),
        ("x/link/file", tarfile.REGTYPE, "e"),
    )
    with pytest.raises(OrcaError, match="behind a link"):
        unpacked([stream], tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "file").write_bytes(b"\x00\xff" * 1000)
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("deep/file")
    with packed(source, "named") as stream, checked(stream) as clean:
        pieces = [clean.read(100), clean.read()]
    assert unpacked(pieces, tmp_path / "copy") == 2
    copy = tmp_path / "copy"
    assert (copy / "deep" / "file").read_bytes() == b"\x00\xff" * 1000
    assert (copy / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (copy / "link").readlink() == Path("deep/file")


def test_owners_and_special_bits_do_not_travel(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o4755)
    with packed(tmp_path / "file", "file") as stream, tarfile.open(fileobj=stream) as tar:
        member = tar.getmember("file")
    assert (member.uid, member.gid, member.uname, member.mode) == (0, 0, "", 0o755)


def _absent(folder: Path) -> None:
    with packed(folder / "absent", "x"):
        pass


def _a_folder_is_there(folder: Path) -> None:
    (folder / "copy").mkdir()
    unpacked([tar_of(("x", tarfile.REGTYPE, "e"))], folder / "copy")


def _no_folder(folder: Path) -> None:
    unpacked([tar_of(("x", tarfile.REGTYPE, "e"))], folder / "no" / "copy")


def _no_tar(folder: Path) -> None:
    unpacked([b"this is no tar stream" * 100], folder / "copy")


@pytest.mark.parametrize("mistake", [_absent, _a_folder_is_there, _no_folder, _no_tar])
def test_mistakes_are_told(mistake: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(OrcaError) as refusal:
        mistake(tmp_path)
    assert refusal.value.code in (ErrorCode.INVALID, ErrorCode.NOT_FOUND)
