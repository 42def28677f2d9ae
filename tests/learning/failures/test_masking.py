from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.masking import LONGEST, line_hash, mask, plain, without_time


def test_volatile_parts_become_masks() -> None:
    line = (
        "id 0f8fad5b-d9cb-469f-a165-70867728950e at 12:01:02 from 10.0.0.7:80 took 3.5 ms, 12 MB, 0xdeadbeef"
    )
    assert mask(line) == "id <uuid> at <time> from <ip> took <n>, <n>, <hex>"
    assert mask("commit 9d50109abc by a.b@example.org") == "commit <hash> by <email>"
    assert mask("de:ad:be:ef:00:01 is up") == "<mac> is up"
    assert mask("open /var/lib/app/data.bin failed") == "open <path>/data.bin failed"


def test_times_before_a_line_are_removed() -> None:
    for time in (
        "2022-04-12T19:24:15.5128949Z ",
        "[2026-11-22 20:49:35,123] ",
        "Nov 22 20:49:35 ",
        "20:49:35.123 ",
        "[12:01:02] ",
    ):
        assert without_time(f"{time}error: no") == "error: no", time
    assert without_time("2026-11-22") == "2026-11-22"
    assert without_time("12 passed") == "12 passed"


def test_colours_and_progress_leave_no_trace() -> None:
    assert plain("\x1b[1;31mERROR\x1b[0m  ") == "ERROR"
    assert plain("10 %\r50 %\r100 %\r\n") == "100 %"
    assert plain("\x1b]0;title\x07text\x00") == "text"
    assert plain("travis_fold:start:git.1\r\x1b[0Kclone") == "clone"


def test_a_huge_line_costs_no_more_than_a_long_one() -> None:
    assert len(plain("x" * 10_000_000)) <= LONGEST + 3
    assert mask("a" * 10_000_000)


@given(st.text(max_size=300))
def test_masking_never_fails_and_masks_are_stable(text: str) -> None:
    masked = mask(text)
    assert "\n" not in masked or "\n" in text
    assert line_hash(masked) == line_hash(masked) < 2**64


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_lines_that_differ_in_numbers_are_the_same(one: int, other: int) -> None:
    assert mask(f"took {one} ms for item {other}") == "took <n> for item <n>"


def test_a_line_of_utf_16_is_read_without_its_zero_bytes() -> None:
    stored = "ModuleNotFoundError: x\r\n".encode("utf-16-le").decode().split("\n")[0]
    assert plain(stored) == "ModuleNotFoundError: x"
