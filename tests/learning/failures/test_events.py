from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.events import MOST_EVENTS, Event, level_of, read_log, split_lines

TRACES = {
    "python": (
        """Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
    run()
  File "/app/shop/cart.py", line 12, in total
    return prices[item]
  File "/usr/lib/python3.11/site-packages/x/y.py", line 9, in get
    raise KeyError(item)
KeyError: 'apple'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop/cart.py", line 15, in total
    raise CartError("no apple") from error
shop.errors.CartError: no apple""",
        "CartError",
        "cart.py:total",
    ),
    "java": (
        """Exception in thread "main" java.lang.IllegalStateException: cannot start
\tat org.junit.Assert.fail(Assert.java:88)
\tat com.acme.App.start(App.java:12)
\tat com.acme.App.main(App.java:3)
Caused by: java.io.IOException: disk gone
\tat java.io.File.open(File.java:9)
\tat com.acme.Store.load(Store.java:44)
\t... 2 more""",
        "IOException",
        "com.acme.Store.load",
    ),
    "node": (
        """TypeError: Cannot read properties of undefined (reading 'map')
    at Object.list (/app/src/list.js:12:5)
    at Module._compile (node:internal/modules/cjs/loader:1105:14)""",
        "TypeError",
        "list.js:Object.list",
    ),
    "dotnet": (
        """Unhandled exception. System.NullReferenceException: Object reference not set
   at System.Linq.Enumerable.First(Object source)
   at Acme.Cart.Total(Int32 n) in /app/Cart.cs:line 12""",
        "NullReferenceException",
        "Acme.Cart.Total",
    ),
    "go": (
        """panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.total(...)
\t/app/cart.go:12
main.main()
\t/app/main.go:5 +0x1d
exit status 2""",
        "panic",
        "main.total",
    ),
    "rust": (
        """thread 'main' panicked at src/cart.rs:12:5:
index out of bounds: the len is 3 but the index is 3
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/library/std/src/panicking.rs:645:5
note: run with `RUST_BACKTRACE=full`""",
        "panic",
        "cart.rs:main",
    ),
    "c": (
        """==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010
READ of size 4 at 0x602000000010 thread T0
    #0 0x4007b5 in total /app/cart.c:12:5
    #1 0x7f2 in __libc_start_main (/lib/libc.so.6+0x20)""",
        "AddressSanitizer",
        "cart.c:total",
    ),
    "ruby": (
        """/app/cart.rb:12:in `total': undefined method `map' for nil:NilClass (NoMethodError)
\tfrom /app/main.rb:3:in `<main>'""",
        "NoMethodError",
        "cart.rb:total",
    ),
    "php": (
        """PHP Fatal error:  Uncaught RuntimeException: no apple in /app/Cart.php:12
Stack trace:
#0 /app/main.php(3): Cart->total()
#1 {main}
  thrown in /app/Cart.php on line 12""",
        "RuntimeException",
        "Cart.php",
    ),
}


def _events(text: str) -> list[Event]:
    return read_log(enumerate(text.split("\n"))).events


@pytest.mark.parametrize("language", TRACES)
def test_a_trace_is_one_event(language: str) -> None:
    text, exception, frame = TRACES[language]
    events = _events(f"starting\n{text}\nmoving on\n")
    assert len(events) == 1
    event = events[0]
    assert event.language == language
    assert event.exception == exception
    assert event.frame == frame
    assert event.offset == event.first_number - 1 == 1
    assert event.last_number >= 1 + text.count("\n") - 1


def test_several_traces_are_several_events() -> None:
    text = "\n".join(trace for trace, _, _ in TRACES.values())
    assert [event.language for event in _events(text)] == list(TRACES)


def test_levels_and_the_first_error() -> None:
    lines = ["INFO start", "[WARN] slow", "2026-11-22 20:49:35 ERROR disk gone", "level=error msg=x", "ok"]
    reading = read_log(enumerate(lines))
    assert reading.levels == {"info": 1, "warning": 1, "error": 2}
    assert reading.first_error == (2, lines[2])
    assert reading.line_count == 5
    assert level_of("nothing here") is None


def test_an_endless_trace_and_many_traces_are_bounded() -> None:
    frames = [f"    at f{number} (/app/a.js:{number}:1)" for number in range(5000)]
    event = _events("\n".join(["RangeError: Maximum call stack size exceeded", *frames]))[0]
    assert len(event.lines) == 40
    assert event.left_out == 5001 - 40
    many = "\n".join(TRACES["node"][0] + "\nnext" for _ in range(500))
    reading = read_log(enumerate(many.split("\n")))
    assert len(reading.events) == 2 * MOST_EVENTS
    assert reading.events_left_out == 500 - 2 * MOST_EVENTS


def test_bytes_of_any_kind_become_lines() -> None:
    def pieces(data: bytes, size: int) -> Iterator[bytes]:
        return (data[place : place + size] for place in range(0, len(data), size))

    data = b"one\r\ntwo\xff\nlast"
    for size in (1, 2, 3, 100):
        assert list(split_lines(pieces(data, size))) == [(0, "one"), (5, "two\ufffd"), (10, "last")]
    assert list(split_lines([])) == []
    assert [len(text) for _, text in split_lines([b"x" * 100_000], longest=40_000)] == [
        40_000,
        40_000,
        20_000,
    ]
    assert next(split_lines(["error: no\n".encode("utf-16-le")]))[1] == "error: no"


@given(st.binary(max_size=400), st.integers(1, 50))
def test_lines_lie_where_their_offsets_say(data: bytes, size: int) -> None:
    chunks = [data[place : place + size] for place in range(0, len(data), size)]
    lines = list(split_lines(chunks))
    assert [text for _, text in lines] == [text for _, text in split_lines([data])]
    for offset, _ in lines:
        assert offset == 0 or data[offset - 1 : offset] == b"\n"
    read_log(lines)
