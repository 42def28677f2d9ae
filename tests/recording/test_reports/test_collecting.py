"""Reports and logs of any kind give tests, or a note, and never an error."""

import io
import time
from collections.abc import Callable
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.test_case import CaseStatus
from orcaops.recording.redaction import Redactor
from orcaops.recording.test_reports import collecting
from orcaops.recording.test_reports.collecting import Collected, Report, collect, collect_log, runners
from orcaops.recording.test_reports.telltale import may_hold_tests

SUITE = '<testsuites><testsuite name="s" timestamp="2026-01-01T00:00:00">{}</testsuite></testsuites>'
CASE = '<testcase classname="a.B" name="{}" time="0.5">{}</testcase>'
PYTEST = "= test session starts =\ntests/test_a.py::test_b PASSED\n"


def report(content: str | bytes, path: str = "reports/junit.xml") -> Report:
    raw = content.encode() if isinstance(content, str) else content
    return Report(path, len(raw), lambda: io.BytesIO(raw))


def read(*reports: Report, log: str = "", secrets: tuple[str, ...] = ()) -> Collected | None:
    return collect(reports, lambda: log, Redactor(secrets))


def test_a_report_is_read() -> None:
    found = read(
        report(
            SUITE.format(
                CASE.format("x()", "")
                + CASE.format("y", '<failure message="1 != 2" type="Assert">trace</failure>')
                + CASE.format("z", "<error>the first line\nthe second</error>")
                + CASE.format("w", '<skipped message="no network"/>')
                + CASE.format("v", '<flakyFailure message="once"/>')
                + '<testcase name="alone" time="1,234.5"/>'
            )
        )
    )
    assert found is not None
    assert [(c.id, c.status.value, c.duration_s, c.message, c.attempts) for c in found.cases] == [
        ("a.B::x", "passed", 0.5, None, 1),
        ("a.B::y", "failed", 0.5, "Assert: 1 != 2", 1),
        ("a.B::z", "error", 0.5, "the first line\nthe second", 1),
        ("a.B::w", "skipped", 0.5, "no network", 1),
        ("a.B::v", "passed", 0.5, "once", 2),
        ("s::alone", "passed", 1234.5, None, 1),
    ]
    totals = found.totals
    assert (totals.total, totals.passed, totals.failed, totals.skipped) == (6, 3, 2, 1)
    assert totals.read_from == ("reports/junit.xml",)
    assert totals.notes == ()


def test_a_log_is_asked_only_where_no_report_names_tests() -> None:
    with_report = read(report(SUITE.format(CASE.format("x", ""))), log=PYTEST)
    without = read(report("<coverage/>", "coverage.xml"), report("hello", "notes.txt"), log=PYTEST)
    assert with_report is not None
    assert without is not None
    assert [case.id for case in with_report.cases] == ["a.B::x"]
    assert [case.id for case in without.cases] == ["tests.test_a::test_b"]


def test_a_test_has_one_id_whether_a_report_or_the_log_names_it() -> None:
    log = "= test session starts =\ntests/test_a.py::TestX::test_b[1-c] PASSED\n"
    xml = '<testsuite name="pytest"><testcase classname="tests.test_a.TestX" name="test_b[1-c]"/></testsuite>'
    from_log, from_report = read(log=log), read(report(xml))
    assert from_log is not None
    assert from_report is not None
    assert [c.id for c in from_log.cases] == [c.id for c in from_report.cases]


LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><testsuite name="&c;"><testcase name="x"/></testsuite>"""
STEALING = (
    '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&f;"/></testsuite>'
)


@pytest.mark.parametrize("text", [LAUGHS, STEALING], ids=["billion laughs", "external entity"])
def test_a_document_type_is_refused_and_said(text: str) -> None:
    found = read(report(text))
    assert found is not None
    assert found.cases == ()
    assert "document type" in found.totals.notes[0]


def test_a_report_that_breaks_off_gives_what_stood_before() -> None:
    whole = SUITE.format(CASE.format("x", "") + CASE.format("y", ""))
    found = read(report(whole[: whole.index('name="y"')]))
    assert found is not None
    assert [case.id for case in found.cases] == ["a.B::x"]
    assert "not well-formed XML" in found.totals.notes[0]
    assert "reports/junit.xml, line 1" in found.totals.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_declared_encodings_are_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + SUITE.format(CASE.format("größe", ""))
    found = read(report(text.encode(encoding)))
    assert found is not None
    assert [case.id for case in found.cases] == ["a.B::größe"]


@pytest.mark.parametrize("encoding", ["no-such-encoding", "utf-16"])
def test_a_wrong_encoding_is_a_note(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + SUITE.format(CASE.format("x", ""))
    found = read(report(text.encode("utf-8")))
    assert found is not None
    assert found.totals.notes


def test_a_file_that_cannot_be_opened_is_a_note() -> None:
    def gone() -> BinaryIO:
        raise FileNotFoundError("it is gone")

    found = collect([Report("junit.xml", 10, gone)], lambda: PYTEST, Redactor())
    assert found is not None
    assert [case.id for case in found.cases] == ["tests.test_a::test_b"]
    assert "it is gone" in found.totals.notes[0]


class _Endless(io.RawIOBase):
    """A report of any number of bytes, made while it is read."""

    def __init__(self, size: int) -> None:
        self._head = b'<testsuite name="s"><testcase name="x"><system-out>'
        self._left = size
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._head or b"x" * min(size, self._left)
        self._head = b""
        self._left -= len(piece)
        self.given += len(piece)
        return piece

    def seek(self, _offset: int, _whence: int = 0) -> int:
        self._head, self.given = b'<testsuite name="s"><testcase name="x"><system-out>', 0
        return 0


def test_of_an_enormous_report_only_the_beginning_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "_MOST_REPORT_BYTES", 2_000_000)
    files: list[_Endless] = []

    def opened() -> BinaryIO:
        files.append(_Endless(100_000_000))
        return files[-1]  # type: ignore[return-value]

    found = collect([Report("junit.xml", 100_000_000, opened)], str, Redactor())
    assert found is not None
    assert "only the first" in found.totals.notes[0]
    assert files[0].given < 3_000_000


def test_cases_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST_CASES", 10)
    found = read(report(SUITE.format("".join(CASE.format(f"x{n}", "") for n in range(25)))))
    assert found is not None
    assert len(found.cases) == 10
    assert (found.totals.total, found.totals.cut) == (25, 15)


def test_twenty_thousand_cases_are_read_in_a_moment() -> None:
    text = SUITE.format("".join(CASE.format(f"test_x[{n}]", "") for n in range(20_000)))
    began = time.process_time()
    found = read(report(text))
    assert time.process_time() - began < 10.0  # about 0.6 s on an idle machine
    assert found is not None
    assert len({case.id for case in found.cases}) == 20_000  # numbers of five digits are masked alike


def test_secrets_are_masked_in_ids_and_messages() -> None:
    failure = '<failure message="got hunter22-secret"/>'
    found = read(
        report(SUITE.format(CASE.format("x[hunter22-secret]", failure))), secrets=("hunter22-secret",)
    )
    assert found is not None
    [case] = found.cases
    assert "hunter22" not in case.model_dump_json()


def test_tests_whose_parameters_are_masked_alike_stay_apart() -> None:
    found = read(report(SUITE.format(CASE.format("x[10000]", "") + CASE.format("x[20000]", ""))))
    assert found is not None
    assert [case.id for case in found.cases] == ["a.B::x[<n>]", "a.B::x[<n>]#2"]


def test_a_test_that_failed_and_then_passed_was_tried_twice() -> None:
    text = SUITE.format(CASE.format("x", "<failure message='no'/>") + CASE.format("x", ""))
    found = read(report(text))
    assert found is not None
    assert [(case.status, case.attempts, case.message) for case in found.cases] == [
        (CaseStatus.PASSED, 2, "failure: no")
    ]


LINES = st.lists(
    st.sampled_from(
        [
            "= test session starts =",
            "tests/a.py::b PASSED",
            "FAILED a.py::b - x",
            "=== RUN   TestA",
            "--- FAIL: TestA (0.1s)",
            "    x.go:1: said",
            "FAIL\tpkg\t1s",
            '{"Action":"fail","Test":"T","Package":"p","Elapsed":"x"}',
            "running 2 tests",
            "test a::b ... FAILED",
            "thread 'a::b' panicked at x:",
            "test result: ok. 1 passed; 0 failed; 0 ignored",
            "TAP version 14",
            "ok 1 - a # SKIP",
            "# Subtest: x",
            "    not ok 2",
            "1..2",
            "[ RUN      ] A.b",
            "[  FAILED  ] A.b (1 ms)",
            "100% tests passed, 0 tests failed out of 1",
            "1/1 Test #1: a ....   Passed  1.0 sec",
            "PHPUnit 9",
            "There was 1 failure:",
            "1) A::b",
            "Tests: 1, Assertions: 1.",
            "Tests run: 1, Failures: 1, Errors: 0, Skipped: 0",
            "[ERROR] a.B.c -- Time elapsed: 1 s <<< FAILURE!",
            "> Task :test",
            "A > b FAILED",
            "BUILD FAILED",
            "2 examples, 1 failure",
            "rspec ./a.rb:1 # b",
            "Tests:  1 failed, 1 total",
            "Snapshots: 0 total",
            "  ✕ b (1 ms)",
            "  ● b",
            " Test Files  1",
            " × a.ts > b 1ms",
            " FAIL  a.ts > b",
            "Ran 1 test in 1s",
            "test_a (m.T.test_a) ... FAIL",
            "FAIL: test_a (m.T.test_a)",
            "======",
            "FAILED (failures=1)",
            "Total tests: 1",
            "  Failed A.b [1 s]",
            "  Error Message:",
            "",
            "\x1b[1m",
        ]
    )
    | st.text(max_size=30),
    max_size=40,
)


@given(lines=LINES)
def test_no_log_is_an_error_and_the_telltale_misses_none(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = collect_log(text, Redactor())
    asked = [runner.name for runner in runners() if runner.sniff(text)]
    assert may_hold_tests(text) or not asked
    if found is not None:
        assert not found.totals.notes, "a reader raised"
        assert len({case.id for case in found.cases}) == len(found.cases)


@pytest.mark.parametrize(
    "line",
    [
        "a::" * 600,
        " " * 1900 + "x",
        "test " + "a " * 900,
        "ok 1 " + "# " * 900,
        "[ RUN      ] " + "." * 1900,
        "A > " * 480 + "PASSED",
        "FAILED a::" + " - " * 600,
        "." * 1900,
        "1/1 Test #1: " + ". " * 900,
    ],
)
def test_hostile_lines_take_no_time(line: str) -> None:
    head = (
        "= test session starts =\nTAP version 14\n[ RUN      ] a.b\nBUILD FAILED\ntest result: \n"
        "100% tests passed, 0 tests failed out of 1\n> Task :x\nTests run: 1, Failures: 1\n"
    )
    text = head + "\n".join([line] * 300)
    lines = text.split("\n")
    began = time.process_time()
    for runner in runners():
        for _ in runner.read(lines):
            pass
    assert time.process_time() - began < 3.0  # a tenth of it on an idle machine


def test_a_reader_that_raises_costs_only_its_tests(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        name = "broken"

        def sniff(self, text: str) -> bool:
            return True

        def read(self, lines: object) -> object:
            raise RuntimeError("no")

    known = runners()
    found_by: Callable[[], object] = lambda: (Broken(), *known)  # noqa: E731
    monkeypatch.setattr(collecting, "runners", found_by)
    found = collect_log(PYTEST, Redactor())
    assert found is not None
    assert [case.id for case in found.cases] == ["tests.test_a::test_b"]
    assert "broken" in found.totals.notes[0]
