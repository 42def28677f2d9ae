"""Which of several known failures goes first: one that says why before one that says what failed, or where.

A test that could not be collected, an exception that nobody caught and a build that stopped are all true of a
missing module, and all printed around it; only "module requests is not installed" is worth reading first.
"""

from collections.abc import Sequence

from orcaops.learning.failures.causes import Causes
from orcaops.learning.failures.matcher import Match


def causes_first(matches: Sequence[Match], causes: Causes) -> list[Match]:
    """The matches with those that say why in the places of the general ones of the same cluster.

    Lines of one cluster tell of one event; what stands in another cluster keeps its place. Where clusters are
    not known, as of lines that were kept of a log, all are one. On one line a general match is left out
    beside another: that curl failed is nothing to know beside why.
    """
    explained = {match.offset for match in matches if not (match.general or match.catch_all)}
    ordered = [match for match in matches if not match.general or match.offset not in explained]
    cluster_of = {line.offset: n for n, cluster in enumerate(causes.clusters) for line in cluster.lines}
    places: dict[int, list[int]] = {}
    for place, match in enumerate(ordered):
        if not match.catch_all:
            places.setdefault(cluster_of.get(match.offset, -1), []).append(place)
    for taken in places.values():
        among = sorted((ordered[place] for place in taken), key=lambda match: match.general)
        for place, match in zip(taken, among, strict=True):
            ordered[place] = match
    return ordered
