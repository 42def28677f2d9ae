"""Which lines of a failing log tell the cause.

Every line gets ``novelty × (floor + (1 - floor) × severity) ÷ (1 + .15 ln count)``. Severity comes from the
words a line has; novelty from what the last passing runs of the same key printed (see
:class:`~orcaops.learning.failures.fingerprint.Fingerprint`), or, where there is none, from how rare the
line is in this log. Lines near each other form clusters; clusters much weaker than the best are dropped.

One pass, and memory bounded by :data:`MOST_CANDIDATES`, whatever the size of the log. The constants were
fixed on the even-numbered half of the benchmark's pairs and repositories; ``make bench`` reports the
other half.
"""

import bisect
import heapq
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from orcaops.learning.failures.fingerprint import Fingerprint
from orcaops.learning.failures.masking import line_hash, mask_plain, plain, without_time

MOST_CANDIDATES = 20_000
_MOST_COUNTED = 200_000
_MOST_ENDS = 10_000
_LONGEST_QUOTE = 500
VERDICT = 0.1


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One line that is part of the cause; ``offset`` names it in the log, ``number`` counts from 1."""

    offset: int
    number: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Lines near each other, in the order of the log; ``score`` is that of the best."""

    score: float
    lines: tuple[CauseLine, ...]


@dataclass(frozen=True, slots=True)
class Causes:
    """What a failing log says about its cause.

    ``clusters`` come best first; ``lines`` are theirs in the order of the log; ``ranked`` are the lines
    to show first: the best of each kind, so that one message repeated does not hide the others.
    """

    clusters: tuple[Cluster, ...] = ()
    lines: tuple[CauseLine, ...] = ()
    ranked: tuple[CauseLine, ...] = ()
    line_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """The constants of the method.

    ``floor`` is what a new line without any telling word is worth (``floor_alone`` where no passing log is
    known), ``repeated`` how fast repetition takes weight away. Lines at most ``gap`` apart are one cluster,
    holes of ``fill`` lines are closed; clusters below ``cluster_share`` of the best and lines below
    ``line_share`` are left out. Without a passing log place counts: within ``plateau`` lines before a
    command's failing end fully, beyond it less, by half at ``reach`` further lines, as far as ``position``
    allows; the last ``tail`` lines before that end are kept whatever their words. The second line shown of
    a cluster weighs ``same_cluster`` of the first. A known failure sounds as loud as ``known``. What a
    command printed that then said that it went well weighs ``cleared`` of the rest; 1 believes no such words.
    """

    floor: float = 0.45
    floor_alone: float = 0.25
    repeated: float = 0.15
    gap: int = 8
    fill: int = 2
    cluster_share: float = 0.6
    line_share: float = 0.3
    tail: int = 12
    plateau: int = 40
    reach: float = 60.0
    position: float = 0.7
    same_cluster: float = 0.7
    known: float = 1.3
    cleared: float = 0.3


# Searched in lower case, by RE2: four lists of words on every line would cost Python's engine ten times
# as much. Crisp words announce a failure; vague ones also stand in harmless lines.
_CRISP = (
    r"error:|\berror\b|\berrors\b|[a-z]error\b|\berr!|fatal|exception\b|traceback|\bpanic"
    r"|assert(?:ion)?\b|\*\* \("
    r"|\bfail(?:s|ed|ure|ures|ing)?\b|[a-z]failed\b|\babort(?:ed|ing)\b|segmentation|core dumped"
    r"|\bnot ok\b|\bkilled\b"
    r"|\bundefined\b|\bunresolved|permission denied|access denied|no space left|out of memory|not in scope"
    r"|^\s*\d{1,3}\) |✖|✗|✘|❌|exit(?:ed)?(?: with)?(?: code| status)?:? [1-9]"
)
_VAGUE = (
    r"\bcannot\b|\bcan't\b|\bcan not\b|could(?: not|n't)|not found|\bdenied\b|\brefused\b"
    r"|timed[ -]?out|\btimeout\b|\bexpected\b"
    r"|\bunexpected\b|\bmissing\b|no such|\bunable to\b|\binvalid\b|does(?: not|n't) exist"
    r"|is not |isn't |\bunsatisf|\bincompatible\b"
    r"|\bmismatch|\bunrecognized|\bconflict|\bviolation|\bproblem|\bis currently not\b|\bnot (?:a"
    r"|supported|allowed|available|installed|match)"
)
_BENIGN = (
    r"\b(?:0|no) (?:errors?|failures?|failed|failing|warnings?)|(?:errors?|failures?"
    r"|failed)[:=] ?0\b|\bwarn(?:ing|ings)?\b|\bdownload|\bretry|\bskipp"
    r"|error[_-]?(?:handl|code|page|class)|\bif [^:]{0,40}(?:fail|error)|--[a-z-]*(?:fail|error)"
    r"|-werror|\|\| (?:true|exit|:)"
    r"|errors?\.(?:o|h|c|go|rs|java|class|js|ts|py|hpp|html|txt|lo|d\.ts|cpp|hs|beam|erl)\b"
    r"|\bexpected fail|\bxfail|ignored|\bpass(?:ed|ing)\b|^ok\b"
    r"|^rm: cannot remove|^\s*(?:[+$#>] |export |test .* (?:started|ok)$|checking |compiling "
    r"|installing |gem "
    r"|libs/)|\bstarted$|(?:\.\.\.|…)\s?(?:ok|yes|no|done|passed)$|✓|✔"
)
# What says only that something failed before, or what to do about it.
_VERDICT = (
    r"^##\[error\]process completed|^the command .{1,600} (?:exited with|failed)"
    r"|marked build as failure|^error: job failed|\bbuild fail(?:ed|ure)\b"
    r"|\*\*\* .{0,200}error \d+$|^done\. your build exited|^npm err! |^error command failed"
    r"|^finished: failure|exited with (?:code )?[1-9]\d*\.?$"
    r"|^error: script returned|^(?:tests|test suites|test files|total time)[: ]|^\d+ failing$"
    r"|^[\s*=-]*(?:test )?(?:fail|failed|failures|error|errors)[\s*=:!.-]*$"
    r"|elifecycle|^the process .{1,200} failed with exit code|^your build has been stopped"
    r"|^error: command errored out"
    r"|^(?:found )?\d+ (?:of \d+ )?(?:\w+ ){0,2}(?:errors?|failures?|failed|failing)\b"
    r"|\btests? (?:suites? )?failed\.?$|^fail\s+\S+\s+[\d.]+m?s$|^failed \S+$"
    r"|^(?:one or more|some) .{0,30}fail|^\S.{0,80} \.{3,} ?fail(?:ed|ure)?\b"
    r"|^after correcting the problems|^for more information about|^re-run maven|^to see the full"
    r"|^\[help \d\]|^mvn <goals>|^-> \[help|^there (?:was|were) (?:\d+ )?(?:test )?fail"
    r"|tests? unsuccessful|^a complete log of|^this is probably not a problem with npm"
    r"|^failed at the .{1,200} script|^\d+ .{0,60}, \d+ (?:failures?|errors?|failed)"
    r"|^tests run: .*failures: [1-9]|failed \d+ times?\.$"
)
_TAG = re.compile(r"^(?:nl)?[\s\[(]*(?:error|err|info|warn|warning|severe|fatal|e|1>)[\])]?[\s:!>-]+")
_END = re.compile(
    r"^##\[error\]process completed|^the command .{1,400} exited with [1-9]"
    r"|marked build as failure|^error: job failed"
    r"|^finished: failure|^your build has been stopped|^error: script returned exit"
    r"|^the job exceeded|^no output has been received"
)
# What a command that went well says last: what it printed before did not make the run fail.
_WELL = re.compile(
    r"^finished: success|^the command .{1,400} exited with 0\b|^done\. your build exited with 0\b"
    r"|^job succeeded|^(?:\[info\] )?build success(?:ful)?\b"
)
_FRAME = re.compile(
    r"\s*(?:at |from |in |#\d+ |File \"|\d+: 0x|\.{3} \d+ more|goroutine |\^+\s*$|-->|\| )"
    r"|\s+\S+\(\S*:\d+\)|\S+:\d+:in [`']"
)
_SAYS = re.compile(r"[^\W_]")  # a line of rules, carets and boxes alone says nothing
_PLACE = re.compile(r"\s*\S{1,200}[:(]\d{1,6}(?:[:,]\d{1,5})?\)?:?\s+\S")


@cache
def _words() -> tuple[Any, Any]:
    """The set of crisp, vague and benign words (numbers 0, 1, 2), and the program of verdicts."""
    import re2

    options = re2.Options()
    options.never_capture = True
    options.max_mem = 32 << 20
    words = re2.Set.SearchSet(options)
    for expression in (_CRISP, _VAGUE, _BENIGN):
        words.Add(expression)
    words.Compile()
    return words, re2.compile(_VERDICT.encode(), options)


def severity(line: str) -> float:
    """How much a plain line sounds like a failure, from -0.6 (reassuring) to 1 (announces one)."""
    if not _SAYS.search(line):
        return 0.0
    if _FRAME.match(line):
        return 0.35
    words, verdicts = _words()
    low = line.lower()
    told = words.Match(low.encode("utf-8", "replace"))
    if not told:
        return 0.4 if _PLACE.match(line) else 0.0
    value = 1.0 if 0 in told else 0.7 if 1 in told else 0.0
    if 2 in told:
        return value * 0.4 if value else -0.6
    if verdicts.search(low.encode("utf-8", "replace")) or verdicts.search(
        _TAG.sub("", low).encode("utf-8", "replace")
    ):
        return VERDICT
    return value


def may_sound(text: str) -> bool:
    """Whether any of some plain lines, given as one text, may hold a word that announces a failure.

    It costs a small part of asking each for its :func:`severity`; places and frames alone do not count.
    """
    told = _words()[0].Match(text.lower().encode("utf-8", "replace"))
    return bool(told) and (0 in told or 1 in told)


def _benign(line: str) -> bool:
    return 2 in (_words()[0].Match(line.lower().encode("utf-8", "replace")) or ())


@dataclass(slots=True)
class _Candidate:
    number: int
    offset: int
    text: str
    mask: int
    base: float


@dataclass(slots=True)
class _Gathering:
    """What is kept while a log goes by."""

    scoring: Scoring
    passing: Sequence[Fingerprint]
    kept: list[_Candidate] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    last: int = -100
    verdicts: list[tuple[int, bool]] = field(default_factory=list)

    def count(self, mask: int) -> None:
        seen = self.counts.get(mask, 0)
        if seen or len(self.counts) < _MOST_COUNTED:
            self.counts[mask] = seen + 1

    def novelty(self, masked: str, mask: int) -> float:
        return min((one.novelty(masked, mask) for one in self.passing), default=1.0)

    def add(self, candidate: _Candidate, waiting: deque[_Candidate]) -> None:
        between = candidate.number - self.last
        if between <= self.scoring.fill + 1:
            self.kept.extend(other for other in waiting if other.number > self.last)
        self.kept.append(candidate)
        self.last = candidate.number
        if len(self.kept) >= MOST_CANDIDATES:
            best = heapq.nlargest(MOST_CANDIDATES // 2, self.kept, key=lambda one: (one.base, one.number))
            self.kept = sorted(best, key=lambda one: one.number)

    def verdict(self, number: int, *, well: bool) -> None:
        """A command ended here, and said how."""
        if self.verdicts and self.verdicts[-1][1] == well:
            self.verdicts[-1] = (number, well)  # of neighbours that say the same the last is enough
        elif len(self.verdicts) < _MOST_ENDS:
            self.verdicts.append((number, well))

    def end(self, number: int, waiting: deque[_Candidate]) -> None:
        """A command failed here: what it printed last counts, whatever the words."""
        if len(self.ends) < _MOST_ENDS:
            self.ends.append(number)
        if not self.passing:
            for place, one in enumerate(waiting):
                if one.number > self.last and one.base == 0 and _SAYS.search(one.text):
                    # Of lines without a telling word the later one is the likelier cause, if only just.
                    self.kept.append(_with_base(one, self.scoring.floor_alone * (1 + 0.001 * place)))
                    self.last = one.number

    def cleared(self, number: int) -> bool:
        """Whether the next end below a line is one of a command that went well."""
        place = bisect.bisect_left(self.verdicts, (number, False))
        return place < len(self.verdicts) and self.verdicts[place][1]

    def score(self, one: _Candidate, line_count: int) -> float:
        count = self.counts.get(one.mask, 1)
        score = one.base / (1 + self.scoring.repeated * math.log(count))
        if self.cleared(one.number):
            score *= self.scoring.cleared
        if self.passing:
            return score
        place = bisect.bisect_left(self.ends, one.number)
        end = self.ends[place] if place < len(self.ends) else line_count + (1000 if self.ends else 0)
        near = 1 / (1 + max(0, end - one.number - self.scoring.plateau) / self.scoring.reach)
        return score * (1 - self.scoring.position + self.scoring.position * near)


def _with_base(one: _Candidate, base: float) -> _Candidate:
    return _Candidate(one.number, one.offset, one.text, one.mask, base)


def find_causes(
    lines: Iterable[tuple[int, str]],
    passing: Sequence[Fingerprint] = (),
    *,
    known: Callable[[str], bool] | None = None,
    scoring: Scoring = Scoring(),
) -> Causes:
    """The lines of a failing log that tell the cause.

    ``lines`` are (offset, text) in order; ``passing`` what the last passing runs of the key printed, at
    most the last three are of use. ``known`` says whether a plain line tells a known, specific failure (see
    ``KnowledgeBase.specific``); such a line weighs like the crispest words. An empty log has no cause, nor
    has one that says of all it holds that it went well (see :attr:`Scoring.cleared`).
    """
    gathering = _Gathering(scoring, passing)
    waiting: deque[_Candidate] = deque(maxlen=scoring.fill if passing else scoring.tail)
    floor = scoring.floor if passing else scoring.floor_alone
    number = 0
    for offset, raw in lines:
        number += 1
        text = plain(raw)
        body = without_time(text)
        if not body.strip():
            waiting.append(_Candidate(number, offset, "", 0, 0.0))
            continue
        sounds = severity(body)
        if known is not None and sounds != VERDICT and known(body):
            sounds = max(sounds, 0.5) if _benign(body) else scoring.known
        if passing or sounds > 0:
            masked = mask_plain(body)
            mask = line_hash(masked)
            gathering.count(mask)
            base = gathering.novelty(masked, mask) * (floor + (1 - floor) * max(sounds, 0.0))
        else:
            mask, base = line_hash(body), 0.0
        candidate = _Candidate(number, offset, text[:_LONGEST_QUOTE], mask, base)
        failing = sounds == VERDICT and _END.search(body.lower()) is not None
        if failing or _WELL.search(body.lower()):
            gathering.verdict(number, well=not failing)
        if base > 0:
            if failing:
                gathering.end(number, waiting)
            gathering.add(candidate, waiting)
        else:
            waiting.append(candidate)
    if not gathering.ends:
        gathering.end(number + 1, waiting)
    return _chosen(gathering, number)


def find_causes_of_failure(
    read: Callable[[], Iterable[tuple[int, str]]],
    passing: Sequence[Fingerprint] = (),
    *,
    known: Callable[[str], bool] | None = None,
) -> tuple[Causes, bool]:
    """The cause lines of a run that is known to have failed, and whether its passing runs helped.

    ``read`` gives the lines from the beginning. What happened stands above what the log says: one that
    tells that all went well is not believed, one that says nothing new is read as if no run had passed.
    """
    unbelieving = Scoring(cleared=1.0)
    attempts = [(passing, Scoring()), (passing, unbelieving)]
    if passing:
        attempts.append(((), unbelieving))
    for before, scoring in attempts:
        causes = find_causes(read(), before, known=known, scoring=scoring)
        if causes.ranked or not causes.line_count:
            break
    return causes, bool(before)


def _chosen(gathering: _Gathering, line_count: int) -> Causes:
    scoring = gathering.scoring
    kept = sorted(gathering.kept, key=lambda one: one.number)
    scored = [(one, gathering.score(one, line_count)) for one in kept]
    best = max((score for _, score in scored), default=0.0)
    if best <= 0 or (scoring.cleared < 1 and all(gathering.cleared(one.number) for one in kept)):
        return Causes(line_count=line_count)
    strong = [(one, score) for one, score in scored if score >= scoring.line_share * best]
    clusters = [
        cluster
        for cluster in _clusters(strong, scoring.gap)
        if max(score for _, score in cluster) >= scoring.cluster_share * best
    ]
    fillers = {one.number: one for one, score in scored if score < scoring.line_share * best}
    made = sorted((_cluster(part, fillers, scoring.fill) for part in clusters), key=lambda one: -one.score)
    masks = {one.number: one.mask for one in kept}
    return Causes(
        clusters=tuple(made),
        lines=tuple(sorted((line for one in made for line in one.lines), key=lambda line: line.number)),
        ranked=tuple(_ranked(made, masks, scoring.same_cluster)),
        line_count=line_count,
    )


def _clusters(
    scored: Sequence[tuple[_Candidate, float]], gap: int
) -> Iterator[list[tuple[_Candidate, float]]]:
    part: list[tuple[_Candidate, float]] = []
    for one, score in scored:
        if part and one.number - part[-1][0].number > gap:
            yield part
            part = []
        part.append((one, score))
    if part:
        yield part


def _cluster(part: Sequence[tuple[_Candidate, float]], fillers: dict[int, _Candidate], fill: int) -> Cluster:
    lines: list[CauseLine] = []
    for one, score in part:
        if lines and one.number - lines[-1].number <= fill + 1:
            for number in range(lines[-1].number + 1, one.number):
                if number in fillers:
                    between = fillers[number]
                    lines.append(CauseLine(between.offset, number, between.text, 0.0))
        lines.append(CauseLine(one.offset, one.number, one.text, round(score, 4)))
    return Cluster(max(line.score for line in lines), tuple(lines))


def _ranked(clusters: Sequence[Cluster], masks: dict[int, int], same_cluster: float) -> Iterator[CauseLine]:
    """Best first, each kind of line once; a cluster that has spoken waits for the others."""
    told: set[int] = set()
    queue: list[tuple[float, int, CauseLine]] = []
    for cluster in clusters:
        share = 1.0
        for line in sorted(cluster.lines, key=lambda line: (-line.score, line.number)):
            if line.score > 0 and masks[line.number] not in told and _SAYS.search(line.text):
                told.add(masks[line.number])
                queue.append((-line.score * share, line.number, line))
                share *= same_cluster
    for _, _, line in sorted(queue):
        yield line
