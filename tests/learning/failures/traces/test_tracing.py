# ruff: noqa: E501 - lines of real logs
"""Traces as real tools print them, each found as one event with what was raised and where."""

import pytest

from orcaops.learning.failures.events import Event, read_log

TRACES: dict[str, tuple[str, str | None, str | None]] = {
    "py-syntax": (
        """\
  File "/app/x.py", line 3
    def f(:
          ^
SyntaxError: invalid syntax""",
        "SyntaxError",
        None,
    ),
    "py-ts": (
        """\
2026-11-22T10:00:01.123456Z Traceback (most recent call last):
2026-11-22T10:00:01.123457Z   File "/app/a.py", line 3, in main
2026-11-22T10:00:01.123458Z     foo()
2026-11-22T10:00:01.123459Z   File "/app/b.py", line 7, in foo
2026-11-22T10:00:01.123460Z     raise ValueError("no")
2026-11-22T10:00:01.123461Z ValueError: no""",
        "ValueError",
        "b.py:foo",
    ),
    "py-group": (
        """\
  + Exception Group Traceback (most recent call last):
  |   File "/app/t.py", line 9, in <module>
  |     asyncio.run(main())
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/t.py", line 4, in bad
    |     raise ValueError("x")
    | ValueError: x
    +------------------------------------""",
        "ValueError",
        "t.py:bad",
    ),
    "py-carets": (
        """\
Traceback (most recent call last):
  File "/app/main.py", line 10, in <module>
    main()
    ~~~~^^
  File "/app/main.py", line 6, in main
    print(1 / 0)
          ~~^~~
ZeroDivisionError: division by zero""",
        "ZeroDivisionError",
        "main.py:main",
    ),
    "pytest": (
        """\
_________________________________ test_total __________________________________

    def test_total():
>       assert total([1, 2]) == 4
E       assert 3 == 4
E        +  where 3 = total([1, 2])

tests/test_cart.py:5: AssertionError""",
        "AssertionError",
        "test_cart.py:test_total",
    ),
    "java-log": (
        """\
2026-11-22 10:00:00.123 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed

org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'x'
	at org.springframework.beans.factory.support.AbstractBeanFactory.doGetBean(AbstractBeanFactory.java:326) ~[spring-beans-5.3.jar!/:5.3]
	at com.acme.Main.main(Main.java:10) ~[classes!/:na]
Caused by: java.sql.SQLException: Connection refused
	at com.acme.Db.connect(Db.java:7) ~[classes!/:na]
	... 20 common frames omitted""",
        "SQLException",
        "com.acme.Db.connect",
    ),
    "kotlin": (
        """\
Exception in thread "main" kotlin.UninitializedPropertyAccessException: lateinit property db has not been initialized
	at com.acme.App.getDb(App.kt:4)
	at com.acme.AppKt.main(App.kt:12)""",
        "UninitializedPropertyAccessException",
        "com.acme.App.getDb",
    ),
    "scala": (
        """\
[error] Exception in thread "main" java.lang.RuntimeException: boom
[error] 	at acme.Main$.run(Main.scala:5)
[error] 	at acme.Main.main(Main.scala)""",
        "RuntimeException",
        "acme.Main$.run",
    ),
    "java-module": (
        """\
java.lang.NullPointerException: Cannot invoke "String.length()" because "s" is null
	at java.base/java.util.Objects.requireNonNull(Objects.java:233)
	at app//com.acme.T.go(T.java:3)
	at java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)""",
        "NullPointerException",
        "com.acme.T.go",
    ),
    "jvm-oom": (
        """\
Exception in thread "pool-1-thread-3" java.lang.OutOfMemoryError: Java heap space
	at com.acme.Big.alloc(Big.java:8)""",
        "OutOfMemoryError",
        "com.acme.Big.alloc",
    ),
    "jvm-crash": (
        """\
#
# A fatal error has been detected by the Java Runtime Environment:
#
#  SIGSEGV (0xb) at pc=0x00007f1b2c, pid=12, tid=13
#
# Problematic frame:
# C  [libfoo.so+0x1234]  Java_com_acme_Native_call+0x24
#""",
        "SIGSEGV",
        None,
    ),
    "node-cause": (
        """\
/app/index.js:3
    throw new Error("outer", {cause: e})
    ^

Error: outer
    at main (/app/index.js:3:11)
    at Object.<anonymous> (/app/index.js:9:1)
    at node:internal/main/run_main_module:23:47 {
  [cause]: TypeError: inner
      at go (/app/lib/go.js:7:9)
}

Node.js v20.1.0""",
        "TypeError",
        "go.js:go",
    ),
    "node-code": (
        """\
node:internal/modules/cjs/loader:1078
  throw err;
  ^

Error: Cannot find module './x'
Require stack:
- /app/index.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1075:15)
    at Function.load (/app/load.js:4:1) {
  code: 'MODULE_NOT_FOUND',
  requireStack: [ '/app/index.js' ]
}""",
        "Error",
        "load.js:Function.load",
    ),
    "node-esm": (
        """\
file:///app/main.mjs:2
throw new RangeError("bad");
      ^

RangeError: bad
    at file:///app/main.mjs:2:7
    at ModuleJob.run (node:internal/modules/esm/module_job:194:25)""",
        "RangeError",
        "main.mjs",
    ),
    "jest": (
        """\
  ● cart › totals

    expect(received).toBe(expected) // Object.is equality

    Expected: 4
    Received: 3

      3 |   expect(total([1,2])).toBe(4)
        |                        ^

      at Object.<anonymous> (src/cart.test.js:3:24)""",
        None,
        "cart.test.js:Object.<anonymous>",
    ),
    "go-race": (
        """\
==================
WARNING: DATA RACE
Write at 0x00c0000b4010 by goroutine 8:
  main.inc()
      /app/main.go:12 +0x3a

Previous write at 0x00c0000b4010 by goroutine 7:
  main.inc()
      /app/main.go:12 +0x3a
==================""",
        "DATA RACE",
        "main.inc",
    ),
    "go-nil": (
        """\
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f3a2]

goroutine 7 [running]:
github.com/acme/shop/cart.(*Cart).Total(0x0)
	/app/cart/cart.go:12 +0x22
testing.tRunner(0xc000, 0x5)
	/usr/local/go/src/testing/testing.go:1576 +0x10b
created by testing.(*T).Run
	/usr/local/go/src/testing/testing.go:1629 +0x3ea""",
        "panic",
        "github.com/acme/shop/cart.(*Cart).Total",
    ),
    "go-test-panic": (
        """\
--- FAIL: TestX (0.00s)
panic: oh no [recovered]
	panic: oh no

goroutine 6 [running]:
testing.tRunner.func1.2({0x50, 0x51})
	/usr/local/go/src/testing/testing.go:1545 +0x238
main.TestX(0xc0)
	/app/x_test.go:6 +0x20""",
        "panic",
        "main.TestX",
    ),
    "go-deadlock": (
        """\
fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
	/app/main.go:5 +0x2d""",
        "fatal error",
        "main.main",
    ),
    "rust-old": (
        """\
thread 'tests::adds' panicked at 'assertion failed: `(left == right)`
  left: `3`,
 right: `4`', src/lib.rs:9:9
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace""",
        "panic",
        "lib.rs:tests::adds",
    ),
    "rust-bt": (
        """\
thread 'main' panicked at src/main.rs:4:5:
called `Result::unwrap()` on an `Err` value: Os { code: 2, kind: NotFound, message: "No such file" }
stack backtrace:
   0: rust_begin_unwind
             at /rustc/90c/library/std/src/panicking.rs:645:5
   1: core::panicking::panic_fmt
             at /rustc/90c/library/core/src/panicking.rs:72:14
   2: shop::load
             at ./src/load.rs:4:5
   3: shop::main
             at ./src/main.rs:9:5""",
        "panic",
        "load.rs:shop::load",
    ),
    "gdb": (
        """\
Program received signal SIGSEGV, Segmentation fault.
0x0000555555555131 in total (p=0x0) at cart.c:4
4	  return *p;
(gdb) bt
#0  0x0000555555555131 in total (p=0x0) at cart.c:4
#1  0x0000555555555150 in main () at main.c:9""",
        "SIGSEGV",
        "cart.c:total",
    ),
    "gdb-core": (
        """\
Core was generated by `./shop'.
Program terminated with signal SIGABRT, Aborted.
#0  __GI_raise (sig=sig@entry=6) at ../sysdeps/unix/sysv/linux/raise.c:51
#1  0x00007ffff7a22921 in __GI_abort () at abort.c:79
#2  0x0000555555554a3c in check (n=3) at src/check.c:17
#3  main () at src/main.c:3""",
        "SIGABRT",
        "check.c:check",
    ),
    "ubsan": (
        """\
src/a.c:4:12: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'
    #0 0x4b in add /app/src/a.c:4:12
    #1 0x4c in main /app/src/main.c:8:3
SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior src/a.c:4:12""",
        "runtime error",
        "a.c:add",
    ),
    "tsan": (
        """\
WARNING: ThreadSanitizer: data race (pid=9)
  Write of size 4 at 0x7b04 by thread T1:
    #0 inc /app/race.c:5:3 (race+0x4b)
  Previous write of size 4 at 0x7b04 by main thread:
    #0 main /app/race.c:11:3 (race+0x4c)
SUMMARY: ThreadSanitizer: data race /app/race.c:5:3 in inc""",
        "ThreadSanitizer",
        "race.c:inc",
    ),
    "valgrind": (
        """\
==77== Invalid read of size 4
==77==    at 0x10918A: total (cart.c:5)
==77==    by 0x1091C3: main (main.c:9)
==77==  Address 0x4a4b068 is 0 bytes after a block of size 40 alloc'd""",
        "Invalid read of size 4",
        "cart.c:total",
    ),
    "glibc-old": (
        """\
*** Error in `./shop': double free or corruption (fasttop): 0x0000000001b5c010 ***
======= Backtrace: =========
/lib/x86_64-linux-gnu/libc.so.6(+0x777e5)[0x7f8c0e1c27e5]
./shop(release+0x1a)[0x400601]
/lib/x86_64-linux-gnu/libc.so.6(__libc_start_main+0xf0)[0x7f8c0e16b830]
./shop(_start+0x29)[0x4004f9]
======= Memory map: ========""",
        "double free or corruption (fasttop)",
        "shop:release",
    ),
    "cpp-terminate": (
        """\
terminate called after throwing an instance of 'std::out_of_range'
  what():  vector::_M_range_check: __n (which is 9) >= this->size() (which is 3)
Aborted (core dumped)""",
        "out_of_range",
        None,
    ),
    "ruby-old": (
        """\
Traceback (most recent call last):
	2: from main.rb:9:in `<main>'
	1: from main.rb:5:in `run'
main.rb:2:in `load': undefined local variable or method `x' for main:Object (NameError)""",
        "NameError",
        "main.rb:load",
    ),
    "ruby-34": (
        """\
/app/cart.rb:12:in 'Cart#total': undefined method 'map' for nil (NoMethodError)
	from /app/main.rb:3:in '<main>'""",
        "NoMethodError",
        "cart.rb:Cart#total",
    ),
    "dotnet-inner": (
        """\
Unhandled exception. System.AggregateException: One or more errors occurred. (no)
 ---> System.InvalidOperationException: no
   at Acme.Shop.Load() in /src/Shop.cs:line 7
   --- End of inner exception stack trace ---
   at System.Threading.Tasks.Task.Wait()
   at Acme.Program.Main(String[] args) in /src/Program.cs:line 3""",
        "InvalidOperationException",
        "Acme.Shop.Load",
    ),
    "dotnet-async": (
        """\
System.Net.Http.HttpRequestException: Connection refused (localhost:5000)
   at System.Net.Http.ConnectHelper.ConnectAsync(String host, Int32 port)
--- End of stack trace from previous location ---
   at Acme.Client.<GetAsync>d__3.MoveNext() in /src/Client.cs:line 30""",
        "HttpRequestException",
        "Acme.Client.<GetAsync>d__3.MoveNext",
    ),
    "php-uncaught": (
        """\
PHP Fatal error:  Uncaught TypeError: total(): Argument #1 ($items) must be of type array, null given, called in /app/main.php on line 3 and defined in /app/Cart.php:12
Stack trace:
#0 /app/main.php(3): total(NULL)
#1 {main}
  thrown in /app/Cart.php on line 12""",
        "TypeError",
        "Cart.php",
    ),
    "php-laravel": (
        """\
[2026-11-22 10:00:00] local.ERROR: no apple {"exception":"[object] (RuntimeException(code: 0): no apple at /app/Cart.php:12)
[stacktrace]
#0 /app/vendor/laravel/framework/src/X.php(33): Y->z()
#1 /app/main.php(3): Cart->total()
#2 {main}
"}""",
        "RuntimeException",
        "Cart.php",
    ),
    "php-plain": (
        """\
Fatal error: Uncaught Error: Call to undefined function foo() in /app/a.php:3
Stack trace:
#0 {main}
  thrown in /app/a.php on line 3""",
        "Error",
        "a.php",
    ),
}


def _events(text: str) -> list[Event]:
    return read_log(enumerate(text.split("\n"))).events


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_is_one_event_with_what_was_raised_and_where(name: str) -> None:
    text, exception, frame = TRACES[name]
    events = _events(f"starting up\n{text}\nmoving on to the next\n")
    assert [event.exception for event in events] == [exception]
    assert frame is None or events[0].frame == frame
    assert events[0].offset >= 1
    assert events[0].last_number - 1 <= text.count("\n") + 1


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_is_found_behind_time_stamps_and_in_colour(name: str) -> None:
    text, exception, frame = TRACES[name]
    stamped = (f"2026-11-22T10:00:01.{place:06d}Z {line}" for place, line in enumerate(text.split("\n")))
    coloured = "\n".join(f"\x1b[31m{line}\x1b[0m" for line in stamped)
    events = _events(f"starting up\n{coloured}\nmoving on to the next\n")
    assert [event.exception for event in events] == [exception]
    assert frame is None or events[0].frame == frame


def test_streams_that_are_woven_together_are_read_apart() -> None:
    text = """\
web_1  | Traceback (most recent call last):
db_1   | java.io.IOException: disk gone
web_1  |   File "/app/a.py", line 3, in main
db_1   | \tat com.acme.Store.load(Store.java:44)
web_1  |     foo()
db_1   | \tat com.acme.Main.main(Main.java:4)
web_1  | ValueError: no"""
    found = {event.language: (event.exception, event.frame) for event in _events(text)}
    assert found == {"python": ("ValueError", "a.py:main"), "java": ("IOException", "com.acme.Store.load")}


def test_a_few_lines_of_another_thread_do_not_cut_a_trace() -> None:
    text = """\
Traceback (most recent call last):
INFO worker-2 took job 7
  File "/app/a.py", line 3, in main
    foo()
INFO worker-3 took job 8
INFO worker-2 is done
ValueError: no
INFO worker-1 took job 9
"""
    (event,) = _events(text)
    assert (event.exception, event.frame, event.last_number) == ("ValueError", "a.py:main", 7)


def test_what_only_looks_like_a_trace_is_none() -> None:
    assert not _events('  File "/app/a.py", line 3\nis edited\n_____ heading _____\n  indented\n\nend\n')


def test_no_more_streams_are_kept_than_a_few() -> None:
    lines = [f"service{number} | Traceback (most recent call last):" for number in range(500)]
    assert _events("\n".join(lines)) == []
