"""Quoting: what is shown of a job's lines, and known failures found in any text."""

from collections.abc import Iterable

from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.masking import LONGEST, plain
from orcaops.model.debug import PatternMatch, Quote

_LONGEST_QUOTE = 300
_GAP = " … "  # what `plain` puts between the ends of a very long line


def matches_in(knowledge: KnowledgeBase, chunks: Iterable[bytes]) -> tuple[PatternMatch, ...]:
    """The known failures in a text given in pieces, each where it is found first, in their order.

    The specific ones; where there is none, those that say only that something failed.
    """
    first = [places[0] for places in knowledge.matcher.scan(chunks).values() if places]
    chosen = [match for match in first if not match.catch_all] or first
    return tuple(
        PatternMatch(
            pattern_id=match.pattern.id,
            category=match.pattern.category,
            title=match.title,
            description=match.description,
            solutions=match.solutions,
            infrastructure=match.pattern.infrastructure,
            line=Quote(offset=match.offset, text=part_of(match.text, match.matched)),
        )
        for match in sorted(chosen, key=lambda one: (one.offset, one.pattern.id))
    )


def verbatim(stored: str, matched: str) -> str:
    """What is quoted of a stored line, without control letters; nothing where there is nothing to be read.

    Of a very long line it is what matched, or its beginning or end: a quotation never spans the gap.
    """
    if len(stored) > LONGEST and matched and (found := stored.find(matched)) >= 0:
        stored = stored[found : found + LONGEST]
    shown = plain(stored)
    if len(stored) > LONGEST:
        pieces = [piece for piece in shown.split(_GAP) if piece.strip(" …")]
        shown = next((piece for piece in pieces if matched and matched in piece), pieces[0] if pieces else "")
    return part_of(shown, matched)


def part_of(line: str, matched: str) -> str:
    """What is quoted of a line: all of it, or, of a long one, its beginning or where the match is."""
    start = line.find(matched) if matched else -1
    if start + len(matched) <= _LONGEST_QUOTE:
        start = 0
    return line[start : start + _LONGEST_QUOTE].rstrip()
