"""What the tests of one run showed, gathered while they come by, and told in words.

Findings are a JSON-safe dictionary. Of each kind only a few tests are kept, the others are counted: there
may be thousands, and an anomaly names those that matter most.
"""

from collections.abc import Sequence
from typing import Any

from orcaops.model.quantities import show_duration
from orcaops.model.sample import Sample
from orcaops.model.test_case import BEHIND
from orcaops.stats import multiplicity

KEPT = 8
"""Tests of a kind that are kept, and so named."""

_LONGEST = 120
_LONGEST_MESSAGE = 100
_FEW = 4
_NAMED = 3  # in a sentence; evidence has all that are kept

Findings = dict[str, Any]


def fresh(job_id: str) -> Findings:
    """Nothing found yet in this run."""
    counts = dict.fromkeys(("tested", "timed", "weighed", "first_n"), 0)
    found: Findings = {"job": job_id, **counts}
    for kind in ("new", "known", "slow", "drift"):
        found.update({kind: [], f"{kind}_n": 0})
    return found


def id_of(sample: Sample) -> str:
    """The id of the test that a sample is about, cut in the middle where it is long."""
    test_id = sample.key.partition(BEHIND)[2] or sample.key
    return test_id if len(test_id) <= _LONGEST else f"{test_id[:40]}…{test_id[-(_LONGEST - 41) :]}"


def add_new(findings: Findings, sample: Sample, passes: int, times: int) -> None:
    """A test fails that had practically always passed: ``passes`` before, now ``times`` in a row."""
    findings["new_n"] += 1
    findings["first_n"] += times == 1
    if len(findings["new"]) < KEPT:
        said = sample.detail[:_LONGEST_MESSAGE] if sample.detail else None
        findings["new"].append([id_of(sample), passes, times, said])


def add_known(findings: Findings, sample: Sample) -> None:
    """A test fails of which that is nothing new."""
    findings["known_n"] += 1
    if len(findings["known"]) < KEPT:
        findings["known"].append(id_of(sample))


def take_back(findings: Findings, sample: Sample) -> None:
    """The test has passed after all, on another attempt."""
    if findings["new_n"] or findings["known_n"]:
        test_id = id_of(sample)
        for kind in ("new", "known"):
            left = [each for each in findings[kind] if (each[0] if kind == "new" else each) != test_id]
            findings[f"{kind}_n"] -= len(findings[kind]) - len(left)
            findings[kind] = left
        findings["first_n"] = min(findings["first_n"], findings["new_n"])


def add_slower(findings: Findings, kind: str, sample: Sample, found: Sequence[float | None]) -> None:
    """A test took longer: ``kind`` is ``slow`` for this run alone, ``drift`` for the latest runs."""
    findings[f"{kind}_n"] += 1
    listed = findings[kind]
    listed.append([id_of(sample), *found])
    # Those that cost most stand first, and stay.
    listed.sort(key=lambda each: (each[2] - each[1], each[0]))
    del listed[KEPT:]


def discoveries(findings: Findings, *, rate: float) -> tuple[list[list[Any]], float | None]:
    """Of the slow tests those that are worth telling over all tests of the run together, and their p-value.

    By Benjamini and Hochberg, so that of what is told a share ``rate`` at most is false, however many tests
    were timed.
    """
    slow = findings["slow"]
    if findings["slow_n"] > max(_FEW, findings["timed"] / 4):
        return [], None  # the machine was slow, and the job's own duration says so
    p_values = [each[3] for each in slow]
    told = multiplicity.discoveries(p_values, findings["timed"], rate=rate)
    if not told:
        return [], None
    ranked = sorted(p_values[place] for place in told)
    adjusted = min(1.0, max(p * findings["timed"] / rank for rank, p in enumerate(ranked, 1)))
    return [slow[place] for place in told], float(f"{adjusted:.3g}")


def failing_words(findings: Findings) -> str:
    """Which tests failed, as a sentence; empty if none did."""
    if findings["new_n"]:
        parts = [_new_words(each) for each in findings["new"][:_NAMED]]
        return _sentence("Newly failing", parts, findings["new_n"]) + (
            f" {findings['known_n']} more failed that had failed before." if findings["known_n"] else ""
        )
    if findings["known_n"]:
        return _sentence("Failing, as before", findings["known"][:_NAMED], findings["known_n"])
    failed = findings.get("failed", 0)
    return f"{failed} tests failed together." if failed else ""


def slower_words(findings: Findings, *, lasting: bool) -> str:
    """Which tests took longer, as a sentence; empty if none did."""
    kind = "drift" if lasting else "slow"
    parts = [slower(each) for each in findings[kind][:_NAMED]]
    said = "Slower in the latest runs" if lasting else "Slower than usual"
    return _sentence(said, parts, findings[f"{kind}_n"])


def slower(found: Sequence[Any]) -> str:
    """E.g. ``"cart::total took 4.2 s instead of 1.1 s"``."""
    return f"{found[0]} took {show_duration(found[1])} instead of {show_duration(found[2])}"


def failing_evidence(findings: Findings) -> dict[str, Any]:
    """The same for programs."""
    return {
        "already_failing": findings["known"],
        "already_failing_count": findings["known_n"],
        "newly_failing": [
            {"failed_in_a_row": times, "message": said, "passed_before": passes, "test": name}
            for name, passes, times, said in findings["new"]
        ],
        "newly_failing_count": findings["new_n"],
    }


def slower_evidence(found: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Slower tests for programs."""
    return [{"seconds": each[1], "test": each[0], "usual_seconds": each[2]} for each in found]


def names(tests: Sequence[str], count: int) -> str:
    """Some tests by name: ``"a, b and 3 more"``."""
    shown = ", ".join(tests[:_NAMED])
    rest = count - len(tests[:_NAMED])
    return f"{shown} and {rest} more" if rest > 0 else shown


def _new_words(found: Sequence[Any]) -> str:
    name, passes, times, said = found
    before = f"passed {passes} times before" if passes else "never seen before"
    again = f", failed {times} times in a row" if times > 1 else ""
    return f"{name} ({before}{again})" + (f": {said}" if said else "")


def _sentence(what: str, parts: Sequence[str], count: int) -> str:
    if not parts:
        return ""
    rest = count - len(parts)
    text = f"{what}: {'; '.join(parts)}" + (f"; and {rest} more" if rest > 0 else "")
    return text if text.endswith((".", "…")) else f"{text}."
