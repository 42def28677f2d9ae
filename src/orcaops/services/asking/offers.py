"""Offers: questions that can be answered, about what a workspace really has."""

from orcaops.services.asking.understanding.names import Known

_GENERAL = (
    "which jobs failed yesterday?",
    "which jobs got slower since Monday?",
    "how many runs failed per day in the last 7 days?",
    "anything unusual today?",
    "which jobs are flaky?",
)


def offers(known: Known, *, besides: str = "") -> tuple[str, ...]:
    """Up to six questions, with names of this workspace in them; not the one that was just asked.

    >>> offers(Known({"name": ("deploy",)}))[:2]
    ('why did deploy fail?', 'how long does deploy take?')
    >>> offers(Known({"name": ("deploy",)}), besides="why did deploy fail?")[:1]
    ('how long does deploy take?',)
    """
    found: list[str] = []
    if names := known.values.get("name"):
        found += [f"why did {names[0]} fail?", f"how long does {names[-1]} take?"]
    images, branches = known.values.get("image", ()), known.values.get("branch", ())
    if len(images) > 1:
        found.append(f"compare {images[0]} with {images[1]}")
    if len(branches) > 1:
        found.append(f"failure rate on {branches[0]} vs {branches[1]}")
    return tuple([one for one in (*found, *_GENERAL) if one != besides][:6])
