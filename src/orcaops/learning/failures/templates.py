"""Templates of log lines: which lines are the same message with other values.

A tree of fixed depth, as Drain builds it (He et al. 2017): lines are grouped by their number of words,
then by their first words, then with the group they resemble most. Learns line by line; memory is bounded
by :data:`MOST_GROUPS` groups.
"""

from dataclasses import dataclass, field

from orcaops.learning.failures.masking import mask

ANY = "<*>"
MOST_GROUPS = 10_000


@dataclass(slots=True)
class Template:
    """Lines that are one message: its words, with ``<*>`` where they differ, and how many there were."""

    number: int
    words: list[str]
    count: int = 1

    @property
    def text(self) -> str:
        """The template as a line."""
        return " ".join(self.words)


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)


@dataclass(slots=True)
class Templates:
    """Learns templates from lines.

    ``depth`` counts the levels of the tree as the paper does (the root and the level of lengths
    included), ``similarity`` is the share of equal words that makes two lines one message, ``children``
    the most branches of a node; beyond it words share one branch.
    """

    depth: int = 4
    similarity: float = 0.4
    children: int = 100
    _roots: dict[int, _Node] = field(default_factory=dict)
    _made: int = 0

    def learn(self, line: str) -> Template | None:
        """The template of a line, learned from it; None for an empty line or when memory is full."""
        return self.learn_masked(mask(line))

    def learn_masked(self, masked: str) -> Template | None:
        """The same for a line that is masked already."""
        words = masked.split()
        if not words:
            return None
        leaf = self._leaf(words)
        best = self._most_similar(leaf, words)
        if best is None:
            if self._made >= MOST_GROUPS:
                return None
            best = Template(self._made, list(words))
            self._made += 1
            leaf.templates.append(best)
            return best
        best.count += 1
        best.words = [old if old == new else ANY for old, new in zip(best.words, words, strict=True)]
        return best

    def all(self) -> list[Template]:
        """Every template, the most frequent first."""
        found: list[Template] = []
        waiting = list(self._roots.values())
        while waiting:
            node = waiting.pop()
            found += node.templates
            waiting += node.children.values()
        return sorted(found, key=lambda one: (-one.count, one.number))

    def _leaf(self, words: list[str]) -> _Node:
        node = self._roots.setdefault(len(words), _Node())
        for word in words[: self.depth - 2]:
            branch = ANY if "<" in word or any(letter.isdigit() for letter in word) else word
            following = node.children.get(branch)
            if following is None:
                if branch != ANY and len(node.children) >= self.children:
                    branch = ANY
                following = node.children.setdefault(branch, _Node())
            node = following
        return node

    def _most_similar(self, leaf: _Node, words: list[str]) -> Template | None:
        best, best_key = None, (0.0, -1)
        for template in leaf.templates:
            same = free = 0
            for old, new in zip(template.words, words, strict=True):
                if old == ANY:
                    free += 1
                elif old == new:
                    same += 1
            key = (same / len(words), free)
            if key > best_key:
                best, best_key = template, key
        return best if best_key[0] >= self.similarity else None
