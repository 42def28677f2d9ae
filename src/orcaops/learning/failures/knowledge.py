"""The knowledge base of failures: what is shipped, and what is taught."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from importlib import resources

from orcaops.learning.failures.expressions import compiled
from orcaops.learning.failures.masking import LONGEST
from orcaops.learning.failures.matcher import Match, Matcher
from orcaops.model.errors import conflict, not_found
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

        Raises ``invalid`` where the expression cannot be used, ``conflict`` where an example is not
        matched or a counter-example is.
        """
        program = compiled(pattern.pattern, where=f"pattern {pattern.id}")
        for example in pattern.examples:
            if program.search(example) is None:
                raise conflict(
                    f"the pattern does not match its example {example[:120]!r}",
                    where=f"pattern {pattern.id}",
                    hint="Change the expression until it matches every example.",
                )
        for example in pattern.counter_examples:
            if program.search(example) is not None:
                raise conflict(
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

    def telling_part(self, line: str) -> str:
        """The line, or, of one that is too long to be looked at whole, what surrounds a known failure."""
        if len(line) <= LONGEST:
            return line
        found = [places[0] for places in self.matcher.scan([line.encode("utf-8", "replace")]).values()]
        first = min(found, key=lambda match: (match.catch_all, match.general, match.offset), default=None)
        return line if first is None else first.text

    def explain(self, lines: Iterable[tuple[int, str]]) -> list[Match]:
        """The known failures in lines (offset, text), in their order; catch-alls come last."""
        return self.matcher.match_lines(lines)


@cache
def _shipped() -> KnowledgeBase:
    return KnowledgeBase(shipped_patterns())
