import errno
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.logline import LogLine, Stream
from orcaops.recording.logs import lines, ring
from orcaops.recording.logs.files import FileLogStore

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
OUT, ERR = Stream.STDOUT, Stream.STDERR


@pytest.fixture
def store(tmp_path: Path) -> FileLogStore:
    return FileLogStore(tmp_path / "logs")


def texts(store: FileLogStore, job: str = "j", **how) -> list[str]:
    return [line.text for line in store.lines("w", job, **how)]


def test_lines_keep_stream_time_and_offset(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    writer.write(OUT, b"one\ntwo\r\n", AT)
    writer.write(ERR, "drei\u00e4\n".encode(), AT + timedelta(seconds=3))
    writer.write(OUT, b"no end", AT + timedelta(seconds=4))
    summary = writer.close()
    lines = list(store.lines("w", "j"))
    assert [(line.offset, line.stream, line.text, line.partial) for line in lines] == [
        (0, OUT, "one", False),
        (4, OUT, "two", False),
        (9, ERR, "dreiä", False),
        (16, OUT, "no end", True),
    ]
    assert [line.at for line in lines] == [AT, AT, AT + timedelta(seconds=3), AT + timedelta(seconds=4)]
    assert texts(store, stream=ERR) == ["dreiä"]
    assert texts(store, after=4) == ["dreiä", "no end"]
    assert (summary.stdout_bytes, summary.stderr_bytes, summary.lines, summary.cut_bytes) == (15, 7, 4, 0)
    assert summary.longest_silence_s == 3.0
    assert writer.close() is summary
    assert store.last_at("w", "j") == AT + timedelta(seconds=4)


def test_a_line_far_behind_is_found_without_making_those_before_it(
    store: FileLogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = store.open("w", "j")
    writer.write(OUT, b"x\n" * 10_000, AT)
    writer.close()
    made: list[int] = []

    def counted(**fields: Any) -> LogLine:
        made.append(fields["offset"])
        return LogLine(**fields)

    monkeypatch.setattr(lines, "LogLine", counted)
    found = next(store.lines("w", "j", after=15_999))
    assert (found.offset, made) == (16_000, [16_000])


def test_levels_and_first_error(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    writer.write(OUT, b"INFO a\nDEBUG b\nWARNING c\n\x1b[31mERROR: d\x1b[0m\nERROR e\nplain\n", AT)
    summary = writer.close()
    assert summary.levels == {"error": 2, "warning": 1, "info": 1, "debug": 1}
    assert summary.first_error == "ERROR: d"


def test_files_are_private_and_plain_zstandard(store: FileLogStore) -> None:
    import zstandard

    writer = store.open("w", "j")
    writer.write(OUT, b"hello\n" * 3, AT)
    writer.close()
    (path,) = store.folder.rglob("*.zst")
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in (path.parent, store.folder))
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        assert reader.read() == b"hello\n" * 3


@pytest.mark.parametrize("bad", ["../x", "a/b", "", "..", "a\x00b", "/etc/passwd"])
def test_ids_never_become_paths(store: FileLogStore, bad: str) -> None:
    for use in (lambda: store.open("w", bad), lambda: store.open(bad, "j"), lambda: store.remove("w", bad)):
        with pytest.raises(OrcaError) as raised:
            use()
        assert raised.value.code is ErrorCode.INVALID


def test_secrets_are_masked_across_writes(store: FileLogStore) -> None:
    writer = store.open("w", "j", secrets=["open-sesame"])
    for piece in (b"say open-", b"ses", b"ame now\n", b"open-sesame"):
        writer.write(OUT, piece, AT)
    assert writer.close().masked == 2
    assert "".join(texts(store)) == "say *** now***"


def test_a_partial_line_is_shown_while_the_job_waits(store: FileLogStore) -> None:
    writer = store.open("w", "j", secrets=["go-away"])
    follower = store.follow("w", "j")
    writer.write(OUT, b"Continue? [y/N] go", datetime.now(UTC))
    line = next(line for line in itertools.islice(follower, 60) if line is not None)
    assert (line.text, line.partial) == ("Continue? [y/N] ", True)  # "go" may become the secret
    writer.write(OUT, b"od\n", datetime.now(UTC))
    writer.close()
    assert [line.text for line in follower if line] == ["good"]


def test_follow_sees_what_comes_and_ends(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    seen: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def follow() -> None:
        for line in store.follow("w", "j", poll_s=0.01):
            if line is not None:
                seen.put(line.text)
        seen.put(None)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    for number in range(5):
        writer.write(OUT, b"%d\n" % number, datetime.now(UTC))
        assert seen.get(timeout=60) == str(number), "it is seen before the next is written"
    writer.close()
    assert seen.get(timeout=60) is None
    thread.join(60)


def test_follow_says_that_nothing_comes(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    begin = time.monotonic()
    assert next(store.follow("w", "j")) is None
    assert time.monotonic() - begin > 0.9
    writer.close()


FOLLOWER = """
import sys
from pathlib import Path
from orcaops.recording.logs.files import FileLogStore
for line in FileLogStore(Path(sys.argv[1])).follow("w", "j"):
    if line is not None:
        print(line.offset, line.text, flush=True)
"""


def test_a_follower_in_another_process(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    writer.write(OUT, b"early\n", datetime.now(UTC))
    with subprocess.Popen(
        [sys.executable, "-c", FOLLOWER, str(store.folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0 early\n"
        writer.write(ERR, b"late\n", datetime.now(UTC))
        assert process.stdout.readline() == "6 late\n"
        writer.close()
        assert process.wait(60) == 0


KILLED = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from orcaops.model.logline import Stream
from orcaops.recording.logs.files import FileLogStore
writer = FileLogStore(Path(sys.argv[1])).open("w", "j")
for number in range(100000):
    writer.write(Stream.STDOUT, b"line %06d of a job that dies\\n" % number, datetime.now(UTC))
print("written", flush=True)
time.sleep(600)
"""


def test_kill_9_of_the_writer_and_adoption(store: FileLogStore) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        with pytest.raises(OrcaError) as raised:
            store.open("w", "j")
        assert raised.value.code is ErrorCode.CONFLICT
        give_up = time.monotonic() + 60
        while len(texts(store)) < 100_000:  # it is written down without being asked for
            assert time.monotonic() < give_up
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    assert texts(store) == [f"line {n:06d} of a job that dies" for n in range(100_000)]
    (path,) = store.folder.rglob("*.zst")
    with path.open("ab") as file:
        file.write(path.read_bytes()[:50])  # a frame that was being written
    assert len(texts(store)) == 100_000
    writer = store.open("w", "j")
    writer.write(OUT, b"adopted\n", datetime.now(UTC))
    summary = writer.close()
    assert texts(store)[-2:] == ["line 099999 of a job that dies", "adopted"]
    assert summary.lines == 100_001
    assert summary.stdout_bytes == 100_000 * 31 + 8
    assert summary.cut_bytes == 0


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_anywhere_is_readable_up_to_there(store: FileLogStore, keep: float) -> None:
    writer = store.open("w", "j")
    for number in range(40):
        writer.write(OUT, os.urandom(4000).hex().encode() + b" %d\n" % number, AT)
        writer._flush_block()
    writer.close()
    (path,) = store.folder.rglob("*.zst")
    whole = texts(store)
    os.truncate(path, int(path.stat().st_size * keep))
    found = texts(store)
    assert found == whole[: len(found)]
    assert len(found) >= int(40 * keep) - 2
    again = store.open("w", "j")
    again.write(OUT, b"more\n", AT)
    again.close()
    assert texts(store) == [*found, "more"]


def test_a_damaged_frame_is_said_to_be_damaged(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    for number in range(3):
        writer.write(OUT, os.urandom(1000).hex().encode() + b" %d\n" % number, AT)
        writer._flush_block()
    writer.close()
    (path,) = store.folder.rglob("*.zst")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    lines = texts(store)
    assert len(lines) == 3
    assert "damaged" in lines[1]


def test_the_middle_of_a_long_log_is_cut(tmp_path: Path) -> None:
    store = FileLogStore(tmp_path, limit_bytes=1024 * 1024)
    writer = store.open("w", "j")
    line = os.urandom(50).hex().encode()
    for number in range(100_000):
        writer.write(OUT, b"%06d " % number + line + b"\n", AT)
    summary = writer.close()
    found = list(store.lines("w", "j"))
    gaps = [at for at, line in enumerate(found) if "bytes" in line.text]
    assert len(gaps) == 1
    gap = found[gaps[0]]
    assert gap.size_bytes == summary.cut_bytes > 0
    assert found[0].text.startswith("000000 ")
    assert found[-1].text.startswith("099999 ")
    assert found[gaps[0] + 1].offset == gap.offset + gap.size_bytes
    kept = sum(line.size_bytes for line in found) - gap.size_bytes
    assert 0.85 * 1024 * 1024 < kept < 1.2 * 1024 * 1024
    assert kept + summary.cut_bytes == summary.stdout_bytes
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.zst")) == summary.stored_bytes < 1024 * 1024
    # Offsets are those of the whole, so reading on from one works on both sides of the gap.
    assert next(iter(store.lines("w", "j", after=found[10].offset))).offset == found[11].offset
    assert next(iter(store.lines("w", "j", after=found[-5].offset))).offset == found[-4].offset
    assert [line.offset for line in store.tail("w", "j", 3)] == [line.offset for line in found[-3:]]
    assert [line.text for line in store.tail("w", "j", 10**6)] == [line.text for line in found]
    # And it goes on after an adoption.
    writer = store.open("w", "j")
    writer.write(OUT, b"more\n", AT)
    again = writer.close()
    assert again.cut_bytes == summary.cut_bytes
    assert store.tail("w", "j", 1)[0].text == "more"
    assert store.remove("w", "j") > 0
    assert not store.exists("w", "j")
    assert list(tmp_path.rglob("*.zst")) == []


def test_a_log_up_to_the_limit_is_whole(tmp_path: Path) -> None:
    store = FileLogStore(tmp_path, limit_bytes=256 * 1024)
    writer = store.open("w", "j")
    for number in range(256):
        writer.write(OUT, b"%07d " % number + b"x" * 1015 + b"\n", AT)
    assert writer.close().cut_bytes == 0


def test_text_is_bounded(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    for number in range(20_000):
        writer.write(OUT, b"line %d\n" % number, AT)
        if number % 2_000 == 0:
            writer._flush_block()
    writer.close()
    whole = store.text("w", "j", most_bytes=10**7)
    assert whole == "".join(f"line {n}\n" for n in range(20_000))
    short = store.text("w", "j", most_bytes=1000)
    assert len(short) < 1100
    assert short.startswith("line 0\n")
    assert short.endswith("line 19999\n")
    assert [line.text for line in store.tail("w", "j", 2)] == ["line 19998", "line 19999"]
    assert store.text("w", "none", most_bytes=10) == ""
    assert store.tail("w", "none", 5) == []
    assert store.last_at("w", "none") is None
    assert store.remove("w", "none") == 0


def test_many_small_frames_are_joined_at_the_end(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    follower = store.follow("w", "j")
    for number in range(300):
        writer.write(OUT, b"tick %d\n" % number, AT + timedelta(seconds=number))
        writer._flush_block()
    assert next(follower).text == "tick 0"  # it has the file open that is replaced
    (path,) = store.folder.rglob("*.zst")
    before = path.stat().st_size
    summary = writer.close()
    assert path.stat().st_size == summary.stored_bytes < before / 4
    assert texts(store) == [f"tick {n}" for n in range(300)]
    assert len([line for line in follower if line]) == 299
    assert store.last_at("w", "j") == AT + timedelta(seconds=299)
    again = store.open("w", "j")
    again.write(OUT, b"more\n", AT)
    assert again.close().lines == 301


def test_a_full_disk_is_told_once_and_the_log_goes_on(store, monkeypatch) -> None:
    writer = store.open("w", "j")
    writer.write(OUT, b"before\n", AT)
    writer._flush_block()
    full = True
    write = os.write

    def failing(descriptor: int, data: bytes) -> int:
        if full:
            write(descriptor, bytes(data[:10]))  # half a frame gets through
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(ring.os, "write", failing)
    with pytest.raises(OrcaError) as raised:
        writer.write(OUT, b"x" * 300_000 + b"\n", AT)
    assert raised.value.code is ErrorCode.UNAVAILABLE
    for _ in range(5):
        writer.write(OUT, b"lost\n", AT)  # is not told again
        writer._flush_block()
    full = False
    writer._failed_at = None
    writer.write(OUT, b"after\n", AT)
    summary = writer.close()
    assert summary.cut_bytes > 300_000
    lines = texts(store)
    assert lines[0] == "before"
    assert "cut" in lines[1]
    assert lines[-1] == "after"
    assert len(lines) == 3


def test_a_disk_too_full_for_a_segment_is_told_once_too(tmp_path: Path, monkeypatch) -> None:
    store = FileLogStore(tmp_path / "logs", limit_bytes=64 * 1024)
    writer = store.open("w", "j")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OrcaError) as raised:
        writer.write(OUT, b"head\n" * 4000, AT)
    assert raised.value.code is ErrorCode.UNAVAILABLE
    writer.write(OUT, b"last\n", AT)
    writer.close()
    assert texts(store)[-1] == "last"


def test_times_may_go_backwards(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    writer.write(OUT, b"a\n", AT)
    writer.write(OUT, b"b\n", AT - timedelta(hours=1))
    summary = writer.close()
    assert [line.at for line in store.lines("w", "j")] == [AT, AT - timedelta(hours=1)]
    assert summary.longest_silence_s is None
    assert store.last_at("w", "j") == AT


def test_the_flusher_ends_with_the_last_writer(store: FileLogStore) -> None:
    writers = [store.open("w", f"j{n}") for n in range(3)]
    thread = store._flusher._thread
    assert thread is not None
    for writer in writers:
        writer.close()
    thread.join(60)
    assert not thread.is_alive()
    late = store.open("w", "late")
    late.write(OUT, b"x\n", AT)
    assert next(store.follow("w", "late")).text == "x"
    late.close()
    with pytest.raises(OrcaError):
        late.write(OUT, b"y\n", AT)


def test_threads_write_at_once(store: FileLogStore) -> None:
    writer = store.open("w", "j")

    def write(stream: Stream) -> None:
        for number in range(2_000):
            writer.write(stream, b"%s %d\n" % (stream.value.encode(), number), datetime.now(UTC))

    threads = [threading.Thread(target=write, args=(stream,)) for stream in Stream]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    for stream in Stream:
        assert texts(store, stream=stream) == [f"{stream} {n}" for n in range(2_000)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Stream), st.binary(max_size=60), st.booleans()), max_size=25))
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, pieces) -> None:
    store = FileLogStore(tmp_path_factory.mktemp("logs"))
    writer = store.open("w", "j")
    for stream, data, flush in pieces:
        writer.write(stream, data.replace(b"\r", b""), AT)
        if flush:
            writer.flush_due(time.monotonic() + 10)
    writer.close()
    lines = list(store.lines("w", "j"))
    for stream in Stream:
        sent = b"".join(data.replace(b"\r", b"") for s, data, _ in pieces if s is stream)
        got = "".join(line.text + ("" if line.partial else "\n") for line in lines if line.stream is stream)
        if b"\xff" not in sent and sent.isascii():
            assert got == sent.decode()
    offsets = [line.offset for line in lines]
    assert offsets == sorted(set(offsets))
    for position, offset in enumerate(offsets):
        assert [line.offset for line in store.lines("w", "j", after=offset)] == offsets[position + 1 :]
    assert [line.offset for line in store.tail("w", "j", 4)] == offsets[-4:]


@pytest.mark.slow
def test_200_megabytes_leave_memory_flat(store: FileLogStore) -> None:
    import resource

    block = b"".join(b"2026-01-01T00:00:00Z INFO step %07d done in 12 ms\n" % n for n in range(20_000))
    writer = store.open("w", "j", secrets=["a-secret-value"])
    for start in range(0, len(block), 65536):
        writer.write(OUT, block[start : start + 65536], AT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    written = 0
    while written < 200_000_000:
        for start in range(0, len(block), 65536):
            writer.write(OUT, block[start : start + 65536], AT)
        written += len(block)
    summary = writer.close()
    begin = time.process_time()
    assert len(store.tail("w", "j", 100)) == 100
    assert next(iter(store.lines("w", "j", after=100_000_000))).offset > 100_000_000
    assert time.process_time() - begin < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB
    assert summary.cut_bytes == 0
    assert summary.stored_bytes < written / 5


def test_it_knows_how_much_of_each_stream_it_holds(store: FileLogStore) -> None:
    assert store.told("w", "j") is None
    writer = store.open("w", "j", secrets=["hunter2-and-more"])
    writer.write(OUT, b"token hunter2-and-more\nhalf a li", AT)
    writer.write(ERR, b"error\n", AT)
    writer._flush_block()
    assert store.told("w", "j") == {OUT: 23, ERR: 6}, "the line that has not ended is not there yet"
    writer.write(OUT, b"ne\n", AT)
    summary = writer.close()
    assert store.told("w", "j") == {OUT: summary.stdout_bytes, ERR: 6} == {OUT: 35, ERR: 6}
    again = store.open("w", "j")
    again.write(OUT, b"more\n", AT)
    assert again.close().stdout_bytes == 40
    assert store.told("w", "j") == {OUT: 40, ERR: 6}


def test_inside_a_private_key_it_does_not_say_where_to_go_on(store: FileLogStore) -> None:
    writer = store.open("w", "j")
    writer.write(OUT, b"-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n", AT)
    writer.write(ERR, b"error\n", AT)
    writer._flush_block()
    assert store.told("w", "j") is None
    writer.close()
