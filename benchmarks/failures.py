"""How well failures are read, on public logs: causes, known failures, signatures, classes, templates, speed.

Constants of the methods were fixed on one half of each set; the figures here are of the other half:
of CiDiff the pairs with odd number, of LogChunks the repositories with odd number (both in order of
their names), of the Veloren jobs those with odd number. Templates and speed have no constants fixed on data.
"""

import csv
import gzip
import itertools
import json
import math
import random
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import debugging, solutions
from benchmarks.datasets import file, folder
from benchmarks.row import NotMeasured, Row
from orcaops.learning.failures.causes import Causes, find_causes
from orcaops.learning.failures.classification import classify
from orcaops.learning.failures.events import read_log
from orcaops.learning.failures.evidence import passing_lines
from orcaops.learning.failures.fingerprint import fingerprint
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.masking import line_hash, mask, plain
from orcaops.learning.failures.matcher import Match, Matcher
from orcaops.learning.failures.signature import Signature, signature
from orcaops.learning.failures.templates import Templates

_JAVA_LINES = re.compile(r"\r\n|\r|\n")
_SPEC = re.compile(
    r"ModuleNotFoundError: No module named '(\w+)'|Cannot connect to (\w+) on port (\d+)"
    r"|MemoryError|Killed|OOMKilled"
)
# Lines at the end of a passing log, in which the system that ran it says how it went.
_CLOSING = 20
_KEYWORD = re.compile(r"error|fail|exception|fatal", re.IGNORECASE)


def rows(quick: bool) -> Iterator[Row]:
    """All figures; ``quick`` looks at a part of each set."""
    for part in (solutions.rows, masking, pairs, chunks, passing, classes, templates, speed, debugging.rows):
        try:
            yield from part(quick)
        except NotMeasured as why:
            print(f"# {part.__name__}: not measured: {why}", flush=True)


def _row(row: str, figure: str, value: float, rival: str, theirs: float, n: int, set_: str, bar: str) -> Row:
    return Row(row=row, figure=figure, value=value, rival=rival, rival_value=theirs, n=n, set=set_, bar=bar)


def _text(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode("utf-8", "replace")


def _share(hits: Iterable[bool]) -> float:
    seen = list(hits)
    return sum(seen) / len(seen) if seen else math.nan


def _cidiff() -> list[Path]:
    found = sorted(path.parent for path in folder().joinpath("cidiff_breakages").rglob("fail.log.gz"))
    if not found:
        raise NotMeasured(f"{folder()}/cidiff_breakages is absent")
    return found


def masking(_quick: bool) -> Iterator[Row]:
    """Lines masked per second of one core."""
    lines = [line for path in _cidiff() for line in _text(path / "fail.log.gz").split("\n")]
    began = time.process_time()
    for line in lines:
        mask(line)
    rate = len(lines) / (time.process_time() - began)
    yield _row("masking", "lines/s", rate, "-", 100_000, len(lines), "cidiff", "≥ 1")


def _truth(path: Path) -> set[int]:
    numbers: set[int] = set()
    for found in re.finditer(r"^\s*E\s+(\d+)(?:-(\d+))?", path.read_text(), re.MULTILINE):
        numbers.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    return numbers


def _f1(told: set[int], truth: set[int]) -> float:
    return 2 * len(told & truth) / (len(told) + len(truth)) if told and truth else 0.0


def pairs(quick: bool) -> Iterator[Row]:
    """Cause lines where the last passing log is known."""
    known = KnowledgeBase.shipped().specific
    ours, theirs, first = [], [], []
    held = _cidiff()[1::2]
    for path in held[:: 3 if quick else 1]:
        truth = _truth(path / "groundtruth")
        failing = _JAVA_LINES.split(_text(path / "fail.log.gz"))
        before = fingerprint(_JAVA_LINES.split(_text(path / "pass.log.gz")))
        causes = find_causes(enumerate(failing), [before], known=known)
        ours.append(_f1({line.number for line in causes.lines}, truth))
        first.append(any(line.number in truth for line in causes.ranked[:5]))
        new = {number for number, line in enumerate(failing, 1) if line_hash(mask(line)) not in before.lines}
        theirs.append(_f1(new, truth))
    mean, rival = statistics.fmean(ours), statistics.fmean(theirs)
    yield _row(
        "cause lines, passing log known",
        "F1",
        mean,
        "new masked lines",
        rival,
        len(ours),
        "cidiff",
        "F1 ≥ .65",
    )
    hit = _share(first)
    yield _row(
        "cause lines, passing log known", "in first 5", hit, "-", math.nan, len(ours), "cidiff", "value ≥ .92"
    )


def _normal(text: str) -> str:
    return " ".join(plain(text).split())


def _in_chunk(text: str, chunk: set[str]) -> bool:
    line = _normal(text)
    if len(line) <= 3:
        return False
    return line in chunk or any(
        len(line) > 12 and (line in one or (len(one) > 12 and one in line)) for one in chunk
    )


def _labelled() -> Iterator[dict[str, Any]]:
    labels = [json.loads(line) for line in file("logchunks", "labels.jsonl").read_text("utf-8").splitlines()]
    repositories = sorted({label["repo"] for label in labels})
    return (label for label in labels if repositories.index(label["repo"]) % 2)


def _signed(lines: Sequence[str], causes: Causes, matches: Sequence[Match]) -> Signature:
    events = read_log(enumerate(lines)).events
    return signature(causes, events, matches)


def chunks(quick: bool) -> Iterator[Row]:
    """Failing logs alone: decisive lines, known failures, and whether a repeated failure is recognised."""
    kb = KnowledgeBase.shipped()
    first, rival_first, explained, spec, extracted = [], [], [], [], []
    groups: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    n = 0
    for label in itertools.islice(_labelled(), 0, None, 4 if quick else 1):
        n += 1
        lines = _text(file("logchunks", "logs", label["log"])).split("\n")
        chunk = {one for one in map(_normal, label["chunk"].split("\n")) if len(one) > 3}
        causes = find_causes(enumerate(lines), known=kb.specific)
        first.append(any(_in_chunk(line.text, chunk) for line in causes.ranked[:5]))
        words = list(
            itertools.islice((line for line in map(plain, reversed(lines)) if _KEYWORD.search(line)), 5)
        )
        rival_first.append(any(_in_chunk(line, chunk) for line in words))
        labelled = list(enumerate(label["chunk"].split("\n")))
        explained.append(any(not match.catch_all for match in kb.explain(labelled)))
        spec.append(bool(_SPEC.search(label["chunk"])))
        matches = kb.explain((line.offset, line.text) for line in causes.ranked[:10])
        extracted.append(any(not match.catch_all for match in matches))
        signed = _signed(lines, causes, matches)
        groups[label["repo"]].append((label["category"], signed.family, signed.id))
    yield _row(
        "cause lines, failing log alone",
        "in first 5",
        _share(first),
        "last 5 with keywords",
        _share(rival_first),
        n,
        "logchunks",
        "value ≥ .70",
    )
    yield _row(
        "explained by the shipped knowledge base",
        "share, in labelled lines",
        _share(explained),
        "spec's patterns",
        _share(spec),
        n,
        "logchunks",
        "value ≥ .70",
    )
    yield _row(
        "explained by the shipped knowledge base",
        "share, in extracted lines",
        _share(extracted),
        "-",
        math.nan,
        n,
        "logchunks",
        "value ≥ .70",
    )
    ours = _pairwise(groups, lambda one: one[1])
    exact = _pairwise(groups, lambda one: one[2])
    low, high = _interval(groups, lambda one: one[1])
    together = _pairwise(groups, lambda _one: "")
    yield _row(
        "repeated failure recognised",
        "pairwise F1, family",
        ours,
        "all of a repository alike",
        together,
        n,
        "logchunks",
        "value ≥ .85",
    )
    for name, end, bar in (("lower", low, "shown"), ("upper", high, "value ≥ .85")):
        yield _row(
            "repeated failure recognised",
            f"family, {name} end of 95%",
            end,
            "all of a repository alike",
            together,
            len(groups),
            "logchunks",
            bar,
        )
    yield _row(
        "repeated failure recognised",
        "pairwise F1, id",
        exact,
        "all of a repository alike",
        together,
        n,
        "logchunks",
        "shown",
    )


_Groups = dict[str, list[tuple[str, str, str]]]
_Key = Callable[[tuple[str, str, str]], str]


def _pairs_of(members: Sequence[tuple[str, str, str]], key: _Key) -> tuple[int, int, int]:
    """Of the pairs of failures: how many are alike and said to be, said to be, alike."""
    both = told = true = 0
    for one, other in itertools.combinations(members, 2):
        same, alike = one[0] == other[0], key(one) == key(other)
        both += same and alike
        told += alike
        true += same
    return both, told, true


def _f1_of(counted: Iterable[tuple[int, int, int]]) -> float:
    both, told, true = (sum(part) for part in zip(*counted, strict=True))
    return 2 * both / (told + true) if told + true else math.nan


def _pairwise(groups: _Groups, key: _Key) -> float:
    return _f1_of(_pairs_of(members, key) for members in groups.values())


def _interval(groups: _Groups, key: _Key, *, draws: int = 2000) -> tuple[float, float]:
    """Where the figure lies in 95 of 100 draws of as many repositories, with replacement."""
    counted = [_pairs_of(members, key) for members in groups.values()]
    chance = random.Random(20261122)
    drawn = sorted(_f1_of(chance.choices(counted, k=len(counted))) for _ in range(draws))
    return drawn[round(0.025 * draws)], drawn[round(0.975 * draws) - 1]


def passing(_quick: bool) -> Iterator[Row]:
    """Specific patterns in what would be quoted of a passing run whose job has passed before."""
    kb = KnowledgeBase.shipped()
    logs = {path: _JAVA_LINES.split(_text(path / "pass.log.gz")) for path in _cidiff()}
    prints = {path: fingerprint(lines) for path, lines in logs.items()}
    jobs: dict[str, list[Path]] = defaultdict(list)
    for path in logs:
        # The folders are project_build, or job/run for the one job with many runs.
        single = path.parent.name == "cidiff_breakages"
        jobs[path.name.rsplit("_", 1)[0] if single else path.parent.name].append(path)
    shown = {
        path: {match.pattern.id for match in kb.explain(enumerate(passing_lines(lines)))}
        for path, lines in logs.items()
    }
    fired: list[bool] = []
    alone: list[bool] = []
    unended: list[bool] = []
    ranked_high: list[bool] = []
    for members in jobs.values():
        for path in members:
            before = [prints[other] for other in members if other != path][:3]
            lines = list(enumerate(logs[path]))
            open_ended = lines[:-_CLOSING]
            for passed, told, seen in (
                (before, fired, lines),
                (before, unended, open_ended),
                ([], alone, lines),
            ):
                if passed or told is alone:
                    ranked = find_causes(seen, passed, known=kb.specific).ranked[:5]
                    matches = kb.explain((line.offset, line.text) for line in ranked[: 5 if passed else 1])
                    told.append(any(not match.catch_all for match in matches))
                    if told is fired:
                        harmless = set().union(*(its for other, its in shown.items() if other != path))
                        ranked_high.append(
                            any(not one.catch_all and one.pattern.id not in harmless for one in matches)
                        )
    name = "known failure in a passing log"
    yield _row(
        name,
        "share, first 5 lines, earlier pass known",
        _share(fired),
        "to reach, at most",
        0.01,
        len(fired),
        "cidiff pass",
        "≤ 1",
    )
    yield _row(
        name,
        "the same, of patterns that no other passing run shows",
        _share(ranked_high),
        "to reach, at most",
        0.01,
        len(ranked_high),
        "cidiff pass",
        "shown",
    )
    yield _row(
        name,
        f"the same, its last {_CLOSING} lines unseen",
        _share(unended),
        "to reach, at most",
        0.01,
        len(unended),
        "cidiff pass",
        "shown",
    )
    yield _row(
        name,
        "share, first line, nothing known",
        _share(alone),
        "-",
        math.nan,
        len(alone),
        "cidiff pass",
        "shown",
    )


def _jobs() -> Iterator[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with gzip.open(
        file("veloren_intermittent", "veloren.csv.gz"), "rt", encoding="utf-8", errors="replace"
    ) as text:
        yield from itertools.islice(csv.DictReader(text), 1, None, 2)


def classes(_quick: bool) -> Iterator[Row]:
    """Infrastructure or code, on hand-labelled jobs; and how many of their failures are explained."""
    kb = KnowledgeBase.shipped()
    counted: Counter[tuple[bool, bool]] = Counter()
    explained, brier = [], []
    for job in _jobs():
        causes = find_causes(enumerate(job["log"].split("\n")), known=kb.specific)
        matches = kb.explain((line.offset, line.text) for line in causes.ranked[:10])
        told = classify(causes, matches)
        truth = job["flaky"] == "1"
        counted[told.infrastructure, truth] += 1
        brier.append((told.infrastructure_probability - truth) ** 2)
        explained.append(any(not match.catch_all for match in matches))
    n = sum(counted.values())
    f1 = (
        2
        * counted[True, True]
        / max(1, 2 * counted[True, True] + counted[True, False] + counted[False, True])
    )
    share = sum(count for (_, truth), count in counted.items() if truth) / n
    yield _row(
        "infrastructure or code, untrained",
        "F1",
        f1,
        "always infrastructure",
        2 * share / (1 + share),
        n,
        "veloren",
        "F1 ≥ .85",
    )
    yield _row(
        "infrastructure or code, untrained",
        "Brier",
        statistics.fmean(brier),
        "base rate",
        share * (1 - share),
        n,
        "veloren",
        "≤ 1",
    )
    yield _row(
        "explained by the shipped knowledge base",
        "share, in extracted lines",
        _share(explained),
        "-",
        math.nan,
        n,
        "veloren",
        "value ≥ .70",
    )


def templates(_quick: bool) -> Iterator[Row]:
    """Grouping accuracy: the share of lines whose group is exactly the true one, mean over systems."""
    found = sorted(folder().glob("loghub_2k/*/*_structured.csv.gz"))
    if not found:
        raise NotMeasured(f"{folder()}/loghub_2k is absent")
    accuracies, whole = [], []
    for path in found:
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as text:
            table = list(csv.DictReader(text))
        learner = Templates()
        told: dict[int, set[int]] = defaultdict(set)
        true: dict[str, set[int]] = defaultdict(set)
        raw: dict[str, set[int]] = defaultdict(set)
        for number, line in enumerate(table):
            template = learner.learn(line["Content"])
            told[-1 if template is None else template.number].add(number)
            true[line["EventId"]].add(number)
            raw[mask(line["Content"])].add(number)
        groups = {frozenset(group) for group in true.values()}
        accuracies.append(sum(len(one) for one in told.values() if frozenset(one) in groups) / len(table))
        whole.append(sum(len(one) for one in raw.values() if frozenset(one) in groups) / len(table))
    yield _row(
        "log templates",
        "grouping accuracy",
        statistics.fmean(accuracies),
        "masking alone",
        statistics.fmean(whole),
        len(found),
        "loghub_2k",
        "≥ 1",
    )


def speed(quick: bool) -> Iterator[Row]:
    """Megabytes of log per second of one core, 300 and all shipped patterns, on 100 MB of real logs."""
    import resource

    size = (10 if quick else 100) * 1_000_000
    logs = [gzip.decompress(path.read_bytes()) for path in sorted(folder().glob("logchunks/logs/*.gz"))[::3]]
    if not logs:
        raise NotMeasured(f"{folder()}/logchunks is absent")

    def pieces() -> Iterator[bytes]:
        given = 0
        for log in itertools.cycle(logs):
            for place in range(0, len(log), 65_536):
                yield log[place : place + 65_536]
            given += len(log)
            if given >= size:
                return

    every = KnowledgeBase.shipped().patterns
    chosen = [every[number * len(every) // 300] for number in range(300)]
    for name, patterns, bar in (("300 patterns", chosen, "≥ 1"), ("all patterns", every, "shown")):
        matcher = Matcher(patterns)
        matcher.scan([b"warm up\n"])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        matcher.scan(pieces())
        rate = size / 1e6 / (time.process_time() - began)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        row, n = f"matching {name} over a log", len(matcher.patterns)
        yield _row(row, "MB/s of one core", rate, "to reach", 50.0, n, "logchunks", bar)
        yield _row(row, "MB of memory grown", grown, "allowed", 64.0, n, "logchunks", "≤ 1")
