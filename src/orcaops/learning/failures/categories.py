"""What a failure that nothing explains is about: by words that say so, else by what it reads like.

The words that most programs use for a kind of failure decide first. Where there are none, the nearest
known failures by runs of letters (see :mod:`.similarity`) vote; where these are far or do not agree, the
category is :data:`OTHER`. A person who accepts a proposal sees it and can change it.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

from orcaops.learning.failures.knowledge import shipped_patterns
from orcaops.learning.failures.similarity import letter_runs
from orcaops.model.pattern import FailurePattern

OTHER = "other"

_WORDS: tuple[tuple[str, str], ...] = (
    ("rate_limit", r"rate.?limit|too many requests|\b429\b|quota|throttl"),
    ("tls", r"certificate|\bx509\b|\bssl\b|\btls\b|handshake"),
    ("disk", r"no space left|disk (?:is )?full|disk quota|\benospc\b"),
    ("oom", r"out of memory|\boom\b|heap (?:space|limit)|cannot allocate|memory ?error|memory limit"),
    ("encoding", r"codec|unicode|\butf-?8\b|encoding"),
    ("credentials", r"unauthori[sz]ed|authenticat|\b40[13]\b|password|credential|access (?:key|token)"),
    ("permission", r"permission denied|not permitted|\beacces|\beperm\b|read-only file system"),
    ("timeout", r"timed? ?out|timeout|deadline exceeded"),
    (
        "network",
        (
            r"connection (?:refused|reset|closed|timed|aborted)|econn\w+|no such host|resolve host"
            r"|getaddrinfo|unreachable|name resolution|socket|network|bad gateway|service unavailable"
            r"|\b50[234]\b|\bproxy\b"
        ),
    ),
    ("crash", r"segmentation|\bsig(?:segv|abrt|bus|ill|fpe)\b|core dumped|sanitizer|stack smashing"),
    (
        "database",
        r"\bsql|database|\brelation\b|deadlock|duplicate key|constraint|migration|postgres|mysql|mongo|redis",
    ),
    (
        "dependency",
        (
            r"no module named|cannot find (?:module|package)|could not (?:find|resolve) (?:a |any )?"
            r"(?:version|dependenc|package|artifact)|no matching|not installed|unmet|unresolved|dependenc"
            r"|lock ?file|incompatible version|requires? .{0,40}version|package .{0,40}not found"
        ),
    ),
    (
        "compile",
        (
            r"syntax ?error|undefined (?:reference|symbol|method|variable)|undeclared|cannot find symbol"
            r"|expected (?:expression|identifier|';'|token)|unexpected token|mismatched types|compil"
        ),
    ),
    (
        "test",
        (
            r"assert|\btests? (?:failed|failure)|\bfail:|--- fail|\bexpected\b.{0,80}\b(?:got|but|actual"
            r"|received|was)\b|\d+ (?:failed|failing|failures)\b|expectation"
        ),
    ),
    ("lint", r"\blint|formatt(?:ed|ing)|trailing whitespace|indentation|unused (?:import|variable)|style"),
    ("container", r"\bdocker|container|\bimage\b|\bpod\b|\bkube"),
    (
        "config",
        r"config|invalid (?:option|value|argument|key|field)|unknown (?:option|flag|key|field)|\byaml",
    ),
    ("environment", r"command not found|environment variable|not set\b"),
)
_SAID = tuple((name, re.compile(words, re.IGNORECASE)) for name, words in _WORDS)
_NEIGHBOURS = 5
_NEAR = 0.25  # the least likeness that counts; below, texts share endings and small words
_SURE = 0.5  # the least share of what speaks for any category


def category_said(text: str) -> str:
    """The category whose words stand in ``text``, or :data:`OTHER`. Costs no more than the words.

    >>> category_said("the relay answered: too many requests"), category_said("the relay is sad")
    ('rate_limit', 'other')
    """
    return next((name for name, words in _SAID if words.search(text)), OTHER)


class Categories:
    """Known failures, made ready to be compared with."""

    def __init__(self, patterns: Iterable[FailurePattern]) -> None:
        told = [(one.category, letter_runs(_text(one))) for one in patterns]
        among = Counter(run for _, runs in told for run in runs)
        self._weights = {run: math.log((1 + len(told)) / (1 + count)) for run, count in among.items()}
        self._holders: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._names = [category for category, _ in told]
        for place, (_, runs) in enumerate(told):
            vector, length = self._vector(runs)
            for run, weight in vector.items():
                self._holders[run].append((place, weight / length if length else 0.0))

    def of(self, text: str) -> str:
        """The category of a failure that says ``text``."""
        said = category_said(text)
        return self.nearest(text) if said == OTHER else said

    def nearest(self, text: str) -> str:
        """The category of what ``text`` reads like, whatever its words mean."""
        vector, length = self._vector(letter_runs(text))
        near: dict[int, float] = defaultdict(float)
        for run, weight in vector.items():
            for place, its in self._holders.get(run, ()):
                near[place] += weight / length * its
        votes: Counter[str] = Counter()
        for place, likeness in sorted(near.items(), key=lambda one: (-one[1], one[0]))[:_NEIGHBOURS]:
            if likeness >= _NEAR:
                votes[self._names[place]] += likeness**2  # type: ignore[assignment]
        if not votes:
            return OTHER
        best = min(votes, key=lambda name: (-votes[name], name))
        return best if votes[best] >= _SURE * math.fsum(votes.values()) else OTHER

    def _vector(self, runs: Mapping[str, int]) -> tuple[dict[str, float], float]:
        vector = {
            run: (1 + math.log(count)) * self._weights[run]
            for run, count in runs.items()
            if run in self._weights
        }
        return vector, math.sqrt(math.fsum(weight * weight for weight in vector.values())) or 1.0


@cache
def shipped_categories() -> Categories:
    """Those of the shipped patterns.

    >>> shipped_categories().of("dial tcp: lookup vault.internal: no such host")
    'network'
    """
    return Categories(shipped_patterns())


def _text(pattern: FailurePattern) -> str:
    return "\n".join((pattern.title, pattern.description, *pattern.examples))
