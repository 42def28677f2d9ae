"""Every runner's log, as the runner writes it, gives its tests."""

import pytest

from orcaops.model.test_case import TestCase, TestTotals
from orcaops.recording.redaction import Redactor
from orcaops.recording.test_reports.collecting import collect_log, runners

Told = dict[str, tuple[str, float | None, str | None]]


def read(log: str) -> tuple[Told, TestTotals]:
    """Each test with what was told of it, and the totals."""
    collected = collect_log(log, Redactor())
    assert collected is not None
    return {case.id: told(case) for case in collected.cases}, collected.totals


def told(case: TestCase) -> tuple[str, float | None, str | None]:
    return case.status.value, case.duration_s, case.message


def counts(totals: TestTotals) -> tuple[int, int, int, int]:
    return totals.total, totals.passed, totals.failed, totals.skipped


PYTEST_VERBOSE = """\
============================= test session starts ==============================
platform linux -- Python 3.11.9, pytest-8.4.0, pluggy-1.6.0 -- /usr/bin/python3
cachedir: .pytest_cache
rootdir: /src
collecting ... collected 6 items

tests/test_cart.py::test_empty PASSED                                    [ 16%]
tests/test_cart.py::TestTotal::test_sum[3-eur] PASSED                    [ 33%]
tests/test_cart.py::TestTotal::test_sum[a b::c] FAILED                   [ 50%]
tests/test_cart.py::test_slow SKIPPED (needs a network)                  [ 66%]
tests/test_cart.py::test_known XFAIL (see 12)                            [ 83%]
tests/test_cart.py::test_db ERROR                                        [100%]

==================================== ERRORS ====================================
__________________________ ERROR at setup of test_db ___________________________
E   ConnectionError: no database
=================================== FAILURES ===================================
E       assert 4 == 5
tests/test_cart.py:12: AssertionError
============================= slowest 10 durations =============================
1.25s call     tests/test_cart.py::TestTotal::test_sum[3-eur]
0.02s setup    tests/test_cart.py::test_empty
=========================== short test summary info ============================
FAILED tests/test_cart.py::TestTotal::test_sum[a b::c] - assert 4 == 5
ERROR tests/test_cart.py::test_db - ConnectionError: no database
=== 1 failed, 2 passed, 1 skipped, 1 xfailed, 1 error in 1.53s ===
"""


def test_pytest_verbose() -> None:
    tests, totals = read(PYTEST_VERBOSE)
    assert tests == {
        "tests.test_cart::test_empty": ("passed", None, None),
        "tests.test_cart.TestTotal::test_sum[3-eur]": ("passed", 1.25, None),
        "tests.test_cart.TestTotal::test_sum[a b::c]": ("failed", None, "assert 4 == 5"),
        "tests.test_cart::test_slow": ("skipped", None, None),
        "tests.test_cart::test_known": ("skipped", None, None),
        "tests.test_cart::test_db": ("error", None, "ConnectionError: no database"),
    }
    assert counts(totals) == (6, 2, 2, 2)
    assert totals.read_from == ("pytest log",)


def test_pytest_quiet_names_what_failed_and_counts_the_rest() -> None:
    tests, totals = read(
        "..F.                                                                     [100%]\n"
        "=================================== FAILURES ===================================\n"
        "=========================== short test summary info ============================\n"
        "FAILED tests/test_a.py::test_b - ValueError: no\n"
        "1 failed, 3 passed in 0.12s\n"
    )
    assert tests == {"tests.test_a::test_b": ("failed", None, "ValueError: no")}
    assert counts(totals) == (4, 3, 1, 0)


def test_pytest_distributed_in_colours_with_reruns() -> None:
    tests, totals = read(
        "============================= test session starts ==============================\n"
        "[gw1] [ 25%] \x1b[32mPASSED\x1b[0m tests/test_a.py::test_one \n"
        "[gw0] [ 50%] \x1b[33mRERUN\x1b[0m tests/test_a.py::test_two \n"
        "[gw0] [ 50%] \x1b[32mPASSED\x1b[0m tests/test_a.py::test_two \n"
        "\x1b[32m======= \x1b[32m\x1b[1m2 passed\x1b[0m, \x1b[33m1 rerun\x1b[0m in 0.40s\x1b[0m ===\n"
    )
    assert {name: outcome for name, (outcome, _, _) in tests.items()} == {
        "tests.test_a::test_one": "passed",
        "tests.test_a::test_two": "passed",
    }
    assert counts(totals) == (2, 2, 0, 0)


def test_a_test_that_passed_on_its_second_attempt_says_so() -> None:
    collected = collect_log(
        "= test session starts =\ntests/a.py::test_b RERUN [ 50%]\ntests/a.py::test_b PASSED [100%]\n",
        Redactor(),
    )
    assert collected is not None
    assert [(case.status.value, case.attempts) for case in collected.cases] == [("passed", 2)]


def test_unittest() -> None:
    tests, totals = read(
        "test_add (tests.test_sum.SumTest.test_add) ... ok\n"
        "test_div (tests.test_sum.SumTest.test_div)\n"
        "Divides. ... FAIL\n"
        "test_net (tests.test_sum.SumTest) ... skipped 'no network'\n"
        "test_old (tests.test_sum.SumTest.test_old) ... noise of its own\n"
        "ok\n"
        "test_odd (tests.test_sum.SumTest.test_odd) ... expected failure\n"
        "test_db (tests.test_sum.DbTest.test_db) ... ERROR\n"
        "\n"
        "======================================================================\n"
        "ERROR: test_db (tests.test_sum.DbTest.test_db)\n"
        "----------------------------------------------------------------------\n"
        "Traceback (most recent call last):\n"
        '  File "/src/tests/test_sum.py", line 5, in test_db\n'
        "ConnectionError: no database\n"
        "\n"
        "======================================================================\n"
        "FAIL: test_div (tests.test_sum.SumTest.test_div)\n"
        "Divides.\n"
        "----------------------------------------------------------------------\n"
        "Traceback (most recent call last):\n"
        "AssertionError: 1 != 2\n"
        "\n"
        "Slowest test durations\n"
        "----------------------------------------------------------------------\n"
        "0.502s     test_add (tests.test_sum.SumTest.test_add)\n"
        "\n"
        "----------------------------------------------------------------------\n"
        "Ran 6 tests in 0.004s\n"
        "\n"
        "FAILED (failures=1, errors=1, skipped=1, expected failures=1)\n"
    )
    assert tests == {
        "tests.test_sum.SumTest::test_add": ("passed", 0.502, None),
        "tests.test_sum.SumTest::test_div": ("failed", None, "AssertionError: 1 != 2"),
        "tests.test_sum.SumTest::test_net": ("skipped", None, None),
        "tests.test_sum.SumTest::test_old": ("passed", None, None),
        "tests.test_sum.SumTest::test_odd": ("skipped", None, None),
        "tests.test_sum.DbTest::test_db": ("error", None, "ConnectionError: no database"),
    }
    assert counts(totals) == (6, 2, 2, 2)


def test_go_verbose() -> None:
    tests, totals = read(
        "=== RUN   TestCart\n"
        "=== RUN   TestCart/empty\n"
        "=== RUN   TestCart/two_items\n"
        "    cart_test.go:21: got 3, want 2\n"
        "--- FAIL: TestCart (0.12s)\n"
        "    --- PASS: TestCart/empty (0.00s)\n"
        "    --- FAIL: TestCart/two_items (0.11s)\n"
        "=== RUN   TestNet\n"
        "    net_test.go:9: no network\n"
        "--- SKIP: TestNet (0.00s)\n"
        "FAIL\n"
        "FAIL\texample.org/shop/cart\t0.123s\n"
        "=== RUN   TestPay\n"
        "--- PASS: TestPay (1.50s)\n"
        "PASS\n"
        "ok  \texample.org/shop/pay\t1.502s\n"
        "ok  \texample.org/shop/ship\t(cached)\n"
        "FAIL\n"
    )
    assert tests == {
        "example.org/shop/cart::TestCart": ("failed", 0.12, None),
        "example.org/shop/cart::TestCart/empty": ("passed", 0.0, None),
        "example.org/shop/cart::TestCart/two_items": ("failed", 0.11, "got 3, want 2"),
        "example.org/shop/cart::TestNet": ("skipped", 0.0, "no network"),
        "example.org/shop/pay::TestPay": ("passed", 1.5, None),
    }
    assert counts(totals) == (5, 2, 2, 1)


def test_go_events() -> None:
    tests, _ = read(
        '{"Time":"2026-01-01T00:00:00Z","Action":"run","Package":"x/cart","Test":"TestSum"}\n'
        '{"Action":"output","Package":"x/cart","Test":"TestSum","Output":"    sum_test.go:3: bad sum\\n"}\n'
        '{"Action":"fail","Package":"x/cart","Test":"TestSum","Elapsed":0.25}\n'
        '{"Action":"pass","Package":"x/cart","Test":"TestAdd","Elapsed":1}\n'
        '{"Action":"skip","Package":"x/cart","Test":"TestNet","Elapsed":0}\n'
        '{"Action":"fail","Package":"x/cart","Elapsed":0.3}\n'
        '{"Action":"output" broken\n'
    )
    assert tests == {
        "x/cart::TestSum": ("failed", 0.25, "bad sum"),
        "x/cart::TestAdd": ("passed", 1.0, None),
        "x/cart::TestNet": ("skipped", 0.0, None),
    }


def test_cargo() -> None:
    tests, totals = read(
        "     Running unittests src/lib.rs (target/debug/deps/shop-0123456789abcdef)\n"
        "\n"
        "running 3 tests\n"
        "test cart::tests::empty ... ok\n"
        "test cart::tests::total ... FAILED\n"
        "test cart::tests::slow ... ignored, needs a network\n"
        "\n"
        "failures:\n"
        "\n"
        "---- cart::tests::total stdout ----\n"
        "\n"
        "thread 'cart::tests::total' panicked at src/cart.rs:40:9:\n"
        "assertion `left == right` failed\n"
        "  left: 4\n"
        "\n"
        "failures:\n"
        "    cart::tests::total\n"
        "\n"
        "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n"
        "\n"
        "     Running tests/api.rs (target/debug/deps/api-fedcba9876543210)\n"
        "test answers ... ok <1.250s>\n"
        "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.25s\n"
        "   Doc-tests shop\n"
        "test src/lib.rs - add (line 3) ... ok\n"
        "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.30s\n"
    )
    assert tests == {
        "src/lib.rs::cart::tests::empty": ("passed", None, None),
        "src/lib.rs::cart::tests::total": ("failed", None, "assertion `left == right` failed"),
        "src/lib.rs::cart::tests::slow": ("skipped", None, None),
        "tests/api.rs::answers": ("passed", 1.25, None),
        "shop::src/lib.rs - add (line 3)": ("passed", None, None),
    }
    assert counts(totals) == (5, 3, 1, 1)


def test_nextest() -> None:
    tests, _ = read(
        " Nextest run ID 9c8b with nextest profile: default\n"
        "    Starting 3 tests across 2 binaries\n"
        "        PASS [   0.005s] (1/3) shop cart::tests::empty\n"
        "        FAIL [   0.104s] (2/3) shop cart::tests::total\n"
        "        PASS [   2.500s] shop::api answers\n"
        "------------\n"
        "     Summary [   2.610s] 3 tests run: 2 passed, 1 failed, 0 skipped\n"
        "        FAIL [   0.104s] (2/3) shop cart::tests::total\n"
    )
    assert tests == {
        "shop::cart::tests::empty": ("passed", 0.005, None),
        "shop::cart::tests::total": ("failed", 0.104, None),
        "shop::api::answers": ("passed", 2.5, None),
    }


def test_jest() -> None:
    tests, totals = read(
        "PASS src/cart.test.js\n"
        "  cart\n"
        "    ✓ is empty (3 ms)\n"
        "    total\n"
        "      ✓ adds up\n"
        "      ○ skipped rounds\n"
        "FAIL src/pay.test.ts (5.2 s)\n"
        "  ✕ pays (1250 ms)\n"
        "\n"
        "  ● pays\n"
        "\n"
        "    expect(received).toBe(expected)\n"
        "\n"
        "Test Suites: 1 failed, 1 passed, 2 total\n"
        "Tests:       1 failed, 1 skipped, 2 passed, 4 total\n"
        "Snapshots:   0 total\n"
        "Time:        6.1 s\n"
    )
    assert tests == {
        "src/cart.test.js::cart > is empty": ("passed", 0.003, None),
        "src/cart.test.js::cart > total > adds up": ("passed", None, None),
        "src/cart.test.js::cart > total > rounds": ("skipped", None, None),
        "src/pay.test.ts::pays": ("failed", 1.25, "expect(received).toBe(expected)"),
    }
    assert counts(totals) == (4, 2, 1, 1)


def test_mocha() -> None:
    tests, totals = read(
        "\n"
        "  cart\n"
        "    ✔ is empty\n"
        "    ✔ adds up (120ms)\n"
        "    1) rounds\n"
        "    - ships\n"
        "  pay\n"
        "    ✔ pays\n"
        "\n"
        "  3 passing (140ms)\n"
        "  1 pending\n"
        "  1 failing\n"
        "\n"
        "  1) cart\n"
        "       rounds:\n"
        "     AssertionError: 1 == 2\n"
    )
    assert tests == {
        "cart > is empty": ("passed", None, None),
        "cart > adds up": ("passed", 0.12, None),
        "cart > rounds": ("failed", None, None),
        "cart > ships": ("skipped", None, None),
        "pay > pays": ("passed", None, None),
    }
    assert counts(totals) == (5, 3, 1, 1)


def test_node() -> None:
    tests, _ = read(
        "▶ cart\n"
        "  ✔ is empty (0.5ms)\n"
        "  ✖ adds up (12.25ms)\n"
        "✖ cart (13.1ms)\n"
        "✔ alone (2ms)\n"
        "ℹ tests 3\n"
        "ℹ pass 2\n"
    )
    assert tests == {
        "cart > is empty": ("passed", 0.0005, None),
        "cart > adds up": ("failed", 0.01225, None),
        "alone": ("passed", 0.002, None),
    }


def test_vitest() -> None:
    tests, totals = read(
        " RUN  v2.1.0 /src\n"
        "\n"
        " ✓ src/cart.test.ts > cart > is empty 3ms\n"
        " × src/cart.test.ts > cart > adds up 15ms\n"
        "   → expected 4 to be 5\n"
        " ↓ src/cart.test.ts > cart > ships\n"
        "\n"
        "⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯\n"
        "\n"
        " FAIL  src/cart.test.ts > cart > adds up\n"
        "AssertionError: expected 4 to be 5 // Object.is equality\n"
        "\n"
        " Test Files  1 failed (1)\n"
        "      Tests  1 failed | 1 passed | 1 skipped (3)\n"
    )
    assert tests == {
        "src/cart.test.ts::cart > is empty": ("passed", 0.003, None),
        "src/cart.test.ts::cart > adds up": (
            "failed",
            0.015,
            "AssertionError: expected 4 to be 5 // Object.is equality",
        ),
        "src/cart.test.ts::cart > ships": ("skipped", None, None),
    }
    assert counts(totals) == (3, 1, 1, 1)


def test_maven() -> None:
    tests, totals = read(
        "[INFO] Running org.shop.CartTest\n"
        "[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 1, Time elapsed: 0.05 s"
        " <<< FAILURE! -- in org.shop.CartTest\n"
        "[ERROR] org.shop.CartTest.total -- Time elapsed: 0.012 s <<< FAILURE!\n"
        "org.opentest4j.AssertionFailedError: expected: <4> but was: <5>\n"
        "\tat org.shop.CartTest.total(CartTest.java:15)\n"
        "[ERROR] pays(org.shop.PayTest)  Time elapsed: 1.5 s  <<< ERROR!\n"
        "java.net.ConnectException: refused\n"
        "[INFO] Results:\n"
        "[ERROR] Failures:\n"
        "[ERROR]   CartTest.total:15 expected: <4> but was: <5>\n"
        "[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 1\n"
    )
    assert tests == {
        "org.shop.CartTest::total": (
            "failed",
            0.012,
            "org.opentest4j.AssertionFailedError: expected: <4> but was: <5>",
        ),
        "org.shop.PayTest::pays": ("error", 1.5, "java.net.ConnectException: refused"),
    }
    assert counts(totals) == (5, 2, 2, 1)


def test_gradle() -> None:
    tests, totals = read(
        "> Task :compileJava UP-TO-DATE\n"
        "> Task :test FAILED\n"
        "\n"
        "org.shop.CartTest > isEmpty() PASSED\n"
        "\n"
        "org.shop.CartTest > total() FAILED\n"
        "    org.opentest4j.AssertionFailedError at CartTest.java:15\n"
        "\n"
        "org.shop.CartTest > ships SKIPPED\n"
        "\n"
        "4 tests completed, 1 failed, 1 skipped\n"
        "\n"
        "BUILD FAILED in 3s\n"
    )
    assert tests == {
        "org.shop.CartTest::isEmpty": ("passed", None, None),
        "org.shop.CartTest::total": (
            "failed",
            None,
            "org.opentest4j.AssertionFailedError at CartTest.java:15",
        ),
        "org.shop.CartTest::ships": ("skipped", None, None),
    }
    assert counts(totals) == (4, 2, 1, 1)


def test_rspec() -> None:
    tests, totals = read(
        "..F*\n"
        "\n"
        "Failures:\n"
        "\n"
        "  1) Cart total adds up\n"
        "     Failure/Error: expect(cart.total).to eq(5)\n"
        "\n"
        "       expected: 5\n"
        "            got: 4\n"
        "\n"
        "Top 1 slowest examples (1.5 seconds, 99.0% of total time):\n"
        "  Cart ships far\n"
        "    1.5 seconds ./spec/cart_spec.rb:20\n"
        "\n"
        "Finished in 1.52 seconds (files took 0.1 seconds to load)\n"
        "4 examples, 1 failure, 1 pending\n"
        "\n"
        "Failed examples:\n"
        "\n"
        "rspec ./spec/cart_spec.rb:10 # Cart total adds up\n"
    )
    assert tests == {
        "./spec/cart_spec.rb::Cart total adds up": ("failed", None, "expected: 5"),
        "./spec/cart_spec.rb::Cart ships far": ("passed", 1.5, None),
    }
    assert counts(totals) == (4, 2, 1, 1)


def test_tap() -> None:
    tests, _ = read(
        "TAP version 14\n"
        "1..5\n"
        "ok 1 - is empty # time=3ms\n"
        "not ok 2 - adds up\n"
        "  ---\n"
        "  duration_ms: 12.5\n"
        "  message: 'expected 5'\n"
        "  ...\n"
        "ok 3 - ships # SKIP no network\n"
        "not ok 4 - rounds # TODO later\n"
        "# Subtest: pay\n"
        "    ok 1 - by card\n"
        "    ok 2 - by cash\n"
        "    1..2\n"
        "ok 5 - pay\n"
    )
    assert tests == {
        "is empty": ("passed", 0.003, None),
        "adds up": ("failed", 0.0125, "expected 5"),
        "ships": ("skipped", None, None),
        "rounds": ("skipped", None, None),
        "pay::by card": ("passed", None, None),
        "pay::by cash": ("passed", None, None),
    }


def test_tap_without_a_version() -> None:
    tests, _ = read("1..2\nok 1 is empty in 2ms\nnot ok 2\n")
    assert {name: outcome for name, (outcome, _, _) in tests.items()} == {
        "is empty in 2ms": "passed",
        "test 2": "failed",
    }


def test_ctest() -> None:
    tests, totals = read(
        "Test project /build\n"
        "    Start 1: cart\n"
        "1/4 Test #1: cart .............................   Passed    0.02 sec\n"
        "    Start 2: pay\n"
        "2/4 Test #2: pay ..............................***Failed    1.25 sec\n"
        "3/4 Test #3: far away .........................***Timeout  10.01 sec\n"
        "4/4 Test #4: off ..............................***Not Run (Disabled)   0.00 sec\n"
        "\n"
        "50% tests passed, 2 tests failed out of 3\n"
    )
    assert tests == {
        "cart": ("passed", 0.02, None),
        "pay": ("failed", 1.25, None),
        "far away": ("failed", 10.01, "Timeout"),
        "off": ("skipped", 0.0, "Not Run (Disabled)"),
    }
    assert counts(totals) == (4, 1, 2, 1)


def test_gtest() -> None:
    tests, totals = read(
        "[==========] Running 4 tests from 2 test suites.\n"
        "[ RUN      ] Cart.IsEmpty\n"
        "[       OK ] Cart.IsEmpty (0 ms)\n"
        "[ RUN      ] Cart.Total\n"
        "/src/cart_test.cc:15: Failure\n"
        "Expected equality of these values:\n"
        "  4\n"
        "  5\n"
        "[  FAILED  ] Cart.Total (12 ms)\n"
        "[ RUN      ] Sizes/Box.Fits/0\n"
        "[  SKIPPED ] Sizes/Box.Fits/0 (1 ms)\n"
        "[ RUN      ] Cart.Crashes\n"
        "Segmentation fault (core dumped)\n"
    )
    assert tests == {
        "Cart::IsEmpty": ("passed", 0.0, None),
        "Cart::Total": (
            "failed",
            0.012,
            "/src/cart_test.cc:15: Failure Expected equality of these values: 4",
        ),
        "Sizes/Box::Fits/0": ("skipped", 0.001, None),
        "Cart::Crashes": ("failed", None, "it began and did not end"),
    }
    assert counts(totals) == (4, 1, 2, 1)


def test_phpunit() -> None:
    tests, totals = read(
        "PHPUnit 11.2.0 by Sebastian Bergmann and contributors.\n"
        "\n"
        "..F.E                                                               5 / 5 (100%)\n"
        "\n"
        "There was 1 error:\n"
        "\n"
        "1) Shop\\PayTest::testPays\n"
        "RuntimeException: no card\n"
        "\n"
        "--\n"
        "There was 1 failure:\n"
        "\n"
        '1) Shop\\CartTest::testTotal with data set "two"\n'
        "Failed asserting that 4 matches expected 5.\n"
        "\n"
        "FAILURES!\n"
        "Tests: 5, Assertions: 7, Errors: 1, Failures: 1, Skipped: 1.\n"
    )
    assert tests == {
        "Shop\\PayTest::testPays": ("error", None, "RuntimeException: no card"),
        'Shop\\CartTest::testTotal with data set "two"': (
            "failed",
            None,
            "Failed asserting that 4 matches expected 5.",
        ),
    }
    assert counts(totals) == (5, 2, 2, 1)


def test_phpunit_testdox() -> None:
    tests, _ = read(
        "PHPUnit 9.6.0 by Sebastian Bergmann and contributors.\n"
        "\n"
        "Cart (Shop\\Cart)\n"
        " ✔ Is empty  3 ms\n"
        " ✘ Adds up [12.50 ms]\n"
        "   │ Failed asserting that 4 matches expected 5.\n"
        "\n"
        "There was 1 failure:\n"
        "\n"
        "1) Shop\\CartTest::testAddsUp\n"
        "Failed asserting that 4 matches expected 5.\n"
    )
    assert tests == {
        "Shop\\Cart::Is empty": ("passed", 0.003, None),
        "Shop\\Cart::Adds up": ("failed", 0.0125, None),
    }


def test_dotnet() -> None:
    tests, totals = read(
        "Starting test execution, please wait...\n"
        "  Passed Shop.CartTests.IsEmpty [< 1 ms]\n"
        '  Failed Shop.CartTests.Total(count: 3, unit: "a b") [1 s]\n'
        "  Error Message:\n"
        "   Assert.Equal() Failure\n"
        "  Stack Trace:\n"
        "     at Shop.CartTests.Total() in /src/CartTests.cs:line 15\n"
        "  Skipped Shop.CartTests.Ships\n"
        "\n"
        "Failed!  - Failed:     1, Passed:     1, Skipped:     1, Total:     3, Duration: 1 s - Shop.dll\n"
    )
    assert tests == {
        "Shop.CartTests::IsEmpty": ("passed", 0.001, None),
        'Shop.CartTests::Total(count: 3, unit: "a b")': ("failed", 1.0, "Assert.Equal() Failure"),
        "Shop.CartTests::Ships": ("skipped", None, None),
    }
    assert counts(totals) == (3, 1, 1, 1)


@pytest.mark.parametrize(
    "log",
    [
        "",
        "hello\nworld\n",
        "ok\nok\nall is ok\n",
        "INFO PASSED the gate\nFAILED to connect to the database\n",
        "Tests run fine here\n",
        "Downloading 5 tests in 3s\nRan out of luck\n",
        "deploy passed in 3s, 2 failed pods\n",
    ],
)
def test_an_ordinary_log_has_no_tests(log: str) -> None:
    assert collect_log(log, Redactor()) is None


def test_all_runners_are_found() -> None:
    assert [runner.name for runner in runners()] == [
        "cargo test",
        "ctest",
        "dotnet test",
        "go test",
        "gradle",
        "gtest",
        "jest or mocha",
        "maven",
        "phpunit",
        "pytest",
        "rspec",
        "TAP",
        "unittest",
        "vitest",
    ]
