"""How what the tests of a job showed is told: titles, sentences and evidence of its anomalies."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from orcaops.learning import case_findings as findings
from orcaops.learning.episodes import Episode
from orcaops.model.anomaly import Severity

_NAMED = 3


class Said(NamedTuple):
    """What an anomaly says, beside whose it is."""

    kind: str
    severity: Severity
    title: str
    description: str
    expected: float
    actual: float
    unit: str
    evidence: dict[str, Any]
    series: str


def failing(episode: Episode, *, over: bool) -> Said:
    """Tests fail that practically always passed, or pass again."""
    found = episode["finding"]
    count, listed = found["count"], found["tests"]["newly_failing"]
    what = "1 test fails that" if count == 1 else f"{count} tests fail that"
    named = findings.names([each["test"] for each in listed], count)
    return Said(
        kind="error",
        severity=Severity.WARNING,
        title=f"{what} practically always passed: {named}",
        description=found["words"] + (" It is over: they pass again." if over else ""),
        expected=0.0,
        actual=count,
        unit="tests",
        evidence={"chance": found["chance"], "tested": found["tested"], "tests": found["tests"]},
        series="failing",
    )


def flaky(episode: Episode, *, over: bool) -> Said:
    """Tests fail and pass while nothing changes."""
    found = episode["finding"]
    tests = sorted(found, key=lambda name: (-found[name][0], name))
    more = " or more" if len(tests) >= findings.KEPT else ""
    said = "; ".join(_flaky_words(name, found[name]) for name in tests[:_NAMED])
    return Said(
        kind="flaky",
        severity=Severity.WARNING,
        title=f"{_tests(len(tests), 'flaky test')}{more}: {findings.names(tests, len(tests))}",
        description=f"Without a cause in what changed, {said}."
        + (" It seems to be over: no failure since." if over else ""),
        expected=0.0,
        actual=len(tests),
        unit="tests",
        evidence={"tests": [_flaky_evidence(name, found[name]) for name in tests]},
        series="flaky",
    )


def slow(found: Sequence[Any], p_value: float, timed: int) -> Said:
    """Tests took far longer in one run than they usually do."""
    names = findings.names([each[0] for each in found], len(found))
    return Said(
        kind="duration",
        severity=Severity.INFO,
        title=f"{_tests(len(found), 'test')} far slower than usual: {names}",
        description=f"{'; '.join(findings.slower(each) for each in found)}."
        f" Compared: {_tests(timed, 'test')} of 0.2 s or more.",
        expected=round(sum(each[2] for each in found), 4),
        actual=round(sum(each[1] for each in found), 4),
        unit="s",
        evidence={"p_value": p_value, "tests": findings.slower_evidence(found), "timed": timed},
        series="slow",
    )


def _tests(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _flaky_words(name: str, found: Sequence[Any]) -> str:
    return f"{name} failed in {found[1]} of its latest {found[2]} runs"


def _flaky_evidence(name: str, found: Sequence[Any]) -> dict[str, Any]:
    return {
        "failures": found[1],
        "flake_rate": found[0],
        "probability": found[3],
        "runs": found[2],
        "test": name,
    }
