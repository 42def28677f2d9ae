"""What a passing run printed, small enough to keep: hashes of its masked lines, words and word pairs."""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from orcaops.learning.failures.masking import line_hash, mask

MOST_LINES = 50_000
"""Hashes of lines kept per log; of words and of pairs as many each."""

_WORD = re.compile(r"\w+|<\w+>")


def _pieces(masked: str) -> list[int]:
    return [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in _WORD.findall(masked)]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The masked lines of one passing log, as hashes: 64 bits per line, 32 per word and pair of words."""

    lines: frozenset[int] = frozenset()
    words: frozenset[int] = frozenset()
    pairs: frozenset[int] = frozenset()

    def novelty(self, masked: str, hashed: int) -> float:
        """0 for a line that was printed here, else .35 … 1 by the share of words and pairs that were not."""
        if hashed in self.lines:
            return 0.0
        words = _pieces(masked)
        if not words:
            return 0.35
        unseen = sum(word not in self.words for word in words) / len(words)
        pairs = [(a * 31 + b) & 0xFFFFFFFF for a, b in pairwise(words)]
        broken = sum(pair not in self.pairs for pair in pairs) / len(pairs) if pairs else unseen
        return 0.35 + 0.3 * unseen + 0.35 * broken

    def to_bytes(self) -> bytes:
        """The fingerprint for storing; compressed, at most about 800 kB."""
        raw = b"".join(
            len(part).to_bytes(4, "little") + b"".join(one.to_bytes(width, "little") for one in sorted(part))
            for part, width in ((self.lines, 8), (self.words, 4), (self.pairs, 4))
        )
        return zlib.compress(raw, 1)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Fingerprint":
        """What :meth:`to_bytes` made. Raises ``zlib.error`` if it is something else."""
        raw = memoryview(zlib.decompress(stored))
        parts: list[frozenset[int]] = []
        for width in (8, 4, 4):
            size = int.from_bytes(raw[:4], "little")
            body, raw = raw[4 : 4 + size * width], raw[4 + size * width :]
            parts.append(
                frozenset(int.from_bytes(body[i : i + width], "little") for i in range(0, len(body), width))
            )
        return cls(*parts)


def fingerprint(lines: Iterable[str]) -> Fingerprint:
    """The fingerprint of a passing log; what comes beyond the first :data:`MOST_LINES` kinds is left out."""
    hashes: set[int] = set()
    words: set[int] = set()
    pairs: set[int] = set()
    for line in lines:
        masked = mask(line)
        hashed = line_hash(masked)
        if hashed in hashes or len(hashes) >= MOST_LINES:
            continue
        hashes.add(hashed)
        pieces = _pieces(masked)
        if len(words) < MOST_LINES:
            words.update(pieces)
        if len(pairs) < MOST_LINES:
            pairs.update((a * 31 + b) & 0xFFFFFFFF for a, b in pairwise(pieces))
    return Fingerprint(frozenset(hashes), frozenset(words), frozenset(pairs))
