"""Which past failures read alike: TF-IDF over letters, cosine.

Short texts (the telling lines of failures) are compared by their runs of three to five letters, so that a
word that differs in its ending still counts. Common runs weigh less, by how many of the texts have them.
"""

import math
from collections import Counter
from collections.abc import Sequence

from orcaops.learning.failures.masking import mask

ALIKE = 0.6
"""From this cosine on two failures are taken to be alike."""

_SHORTEST, _LONGEST = 3, 5
_LETTERS = 300


def similarities(text: str, others: Sequence[str]) -> list[float]:
    """The cosine of a text with each of the others, 0 to 1.

    >>> [round(one, 1) for one in similarities("KeyError: 'user'", ["KeyError: 'user'", "disk is full"])]
    [1.0, 0.0]
    """
    counted = [letter_runs(one) for one in (text, *others)]
    common = Counter(run for runs in counted for run in runs)
    total = len(counted)
    vectors = [
        {run: (1 + math.log(n)) * (1 + math.log((1 + total) / (1 + common[run]))) for run, n in runs.items()}
        for runs in counted
    ]
    lengths = [math.sqrt(math.fsum(weight * weight for weight in vector.values())) for vector in vectors]
    first, length = vectors[0], lengths[0]
    return [
        min(
            1.0,
            math.fsum(weight * first[run] for run, weight in vector.items() if run in first) / (length * its),
        )
        if length and its
        else 0.0
        for vector, its in zip(vectors[1:], lengths[1:], strict=True)
    ]


def letter_runs(text: str) -> Counter[str]:
    """The runs of three to five letters in a masked text, and how often each stands there."""
    folded = f" {mask(text)[:_LETTERS].casefold()} "
    return Counter(
        folded[start : start + width]
        for width in range(_SHORTEST, _LONGEST + 1)
        for start in range(len(folded) - width + 1)
    )
