"""The knowledge base of failures: what is shipped, what is taught, and how much it explains."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from importlib import resources

from orcaops.learning.failures.matcher import Match, Matcher, compiled
from orcaops.model.errors import invalid, not_found
from orcaops.model.pattern import FailurePattern


@cache
def shipped_patterns() -> tuple[FailurePattern, ...]:
    """The patterns of ``patterns/*.toml``, read once; the file's name is the first tag of each."""
    found: list[FailurePattern] = []
    folder = resources.files("orcaops.learning.failures") / "patterns"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            domain = file.name.removesuffix(".toml")
            for entry in tomllib.loads(file.read_text("utf-8"))["pattern"]:
                tags = (domain, *entry.pop("tags", ()))
                found.append(FailurePattern(tags=tags, **entry))
    return tuple(found)


@cache
def shipped_version() -> str:
    """A text that changes whenever a shipped pattern does."""
    digest = blake2b(digest_size=6)
    folder = resources.files("orcaops.learning.failures") / "patterns"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class KnowledgeBase:
    """Known failures, as pure data: teaching gives a new knowledge base."""

    patterns: tuple[FailurePattern, ...] = ()

    @classmethod
    def shipped(cls) -> "KnowledgeBase":
        """What comes with OrcaOps."""
        return _shipped()

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher over all patterns, built when first used."""
        return Matcher(self.patterns)

    def get(self, pattern_id: str) -> FailurePattern:
        """The pattern of that id, or ``not_found``."""
        for pattern in self.patterns:
            if pattern.id == pattern_id:
                return pattern
        raise not_found(
            f"there is no pattern {pattern_id!r}", where="pattern", hint="List them: orcaops kb list"
        )

    def teach(self, pattern: FailurePattern) -> "KnowledgeBase":
        """With one pattern more, or replaced where its id is known.

        Raises ``invalid`` where the expression cannot be used, where an example is not matched, or where a
        counter-example is.
        """
        program = compiled(pattern.pattern, where=f"pattern {pattern.id}")
        for example in pattern.examples:
            if program.search(example) is None:
                raise invalid(
                    f"the pattern does not match its example {example[:120]!r}",
                    where=f"pattern {pattern.id}",
                    hint="Change the expression until it matches every example.",
                )
        for example in pattern.counter_examples:
            if program.search(example) is not None:
                raise invalid(
                    f"the pattern matches its counter-example {example[:120]!r}",
                    where=f"pattern {pattern.id}",
                    hint="Make the expression more specific.",
                )
        others = tuple(one for one in self.patterns if one.id != pattern.id)
        return KnowledgeBase((*others, pattern))

    def merged(self, patterns: Iterable[FailurePattern]) -> "KnowledgeBase":
        """With stored patterns laid over these: theirs win where ids are the same."""
        by_id = {pattern.id: pattern for pattern in self.patterns}
        by_id.update((pattern.id, pattern) for pattern in patterns)
        return KnowledgeBase(tuple(by_id.values()))

    def without(self, pattern_id: str) -> "KnowledgeBase":
        """Without the pattern of that id."""
        self.get(pattern_id)
        return KnowledgeBase(tuple(one for one in self.patterns if one.id != pattern_id))

    def specific(self, line: str) -> bool:
        """Whether a specific pattern (no catch-all) matches a plain line."""
        return any(not match.catch_all for match in self.matcher.match_line(line))

    def explain(self, lines: Iterable[tuple[int, str]]) -> list[Match]:
        """The known failures in lines (offset, text), in their order; catch-alls come last."""
        return self.matcher.match_lines(lines)


@cache
def _shipped() -> KnowledgeBase:
    return KnowledgeBase(shipped_patterns())


@dataclass(frozen=True, slots=True)
class Explained:
    """One failure as far as coverage is concerned: its signature, and the specific pattern, if any."""

    job_id: str
    signature: str
    text: str
    pattern_id: str | None = None


@dataclass(frozen=True, slots=True)
class UnexplainedGroup:
    """Failures with one signature that no specific pattern explains."""

    signature: str
    text: str
    count: int
    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much the knowledge base explains; ``share`` is null where there is no failure."""

    failures: int
    explained: int
    by_pattern: dict[str, int] = field(default_factory=dict)
    unexplained: tuple[UnexplainedGroup, ...] = ()

    @property
    def share(self) -> float | None:
        """The fraction of failures that a specific pattern explains."""
        return self.explained / self.failures if self.failures else None


def coverage(failures: Sequence[Explained], largest: int = 20) -> Coverage:
    """What share of failures is explained, and the ``largest`` groups that are not, biggest first."""
    groups: dict[str, list[Explained]] = {}
    for failure in failures:
        if failure.pattern_id is None:
            groups.setdefault(failure.signature, []).append(failure)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:largest]
    counted = Counter(pattern for one in failures if (pattern := one.pattern_id) is not None)
    return Coverage(
        failures=len(failures),
        explained=sum(counted.values()),
        by_pattern=dict(counted.most_common()),
        unexplained=tuple(
            UnexplainedGroup(signature, some[0].text, len(some), tuple(one.job_id for one in some[:10]))
            for signature, some in ordered
        ),
    )
