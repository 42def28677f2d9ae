"""Suspects: what else changed where the behaviour of a job did.

A detector keeps with each run only what is not as it was with the run before, so that dozens of runs cost
little; the circumstances of the run before the first kept one are the ``base``.
"""

import hashlib
import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from orcaops.model.quantities import show_size
from orcaops.model.sample import Sample

Circumstances = list[str | None]
"""What can change from run to run, each as a short text, in the order of ``NAMES``; None where unknown."""

Changed = list[list[Any]]
"""Pairs of a place among the circumstances and what it became there; JSON-safe."""

NAMES = (
    "commit",
    "image digest",
    "command",
    "host",
    "branch",
    "CPUs",
    "memory limit",
    "environment names",
)
"""What is compared."""

_ID, _TEXT = 24, 48
_ROOM = (_ID, _ID, _TEXT, _ID, _ID, _ID, _ID, _TEXT)  # letters that are kept of each


def circumstances_of(sample: Sample) -> Circumstances:
    """What can change from run to run, as it was with this one."""
    texts = (sample.commit, sample.image_digest, sample.command or None, sample.host, sample.branch)
    return list(_shown(texts, sample.cpus, sample.memory_limit_bytes, sample.env_names))


@lru_cache(maxsize=16)  # the samples of one run have the same
def _shown(
    texts: tuple[str | None, ...], cpus: float | None, limit_bytes: int | None, env_names: tuple[str, ...]
) -> Sequence[str | None]:
    cores = None if cpus is None else f"{cpus:g}"
    limit = None if limit_bytes is None else show_size(limit_bytes)
    texts = (*texts, cores, limit, ", ".join(env_names) or None)
    return [
        None if text is None else _short(text, longest) for text, longest in zip(texts, _ROOM, strict=True)
    ]


def changed(former: Circumstances | None, now: Circumstances) -> Changed:
    """What is not as it was with the run before.

    >>> changed(["c1", None], ["c2", None]), changed(None, ["c1"])
    ([[0, 'c2']], [])
    """
    if former is None or former == now:
        return []
    pairs = enumerate(zip(former, now, strict=True))
    return [[place, new] for place, (old, new) in pairs if old != new]


def after(former: Circumstances, changes: Changed) -> Circumstances:
    """The circumstances once these changes have come."""
    now = list(former)
    for place, new in changes:
        now[place] = new
    return now


def suspects(runs: Sequence[Any], base: Circumstances, places: Sequence[int]) -> list[dict[str, Any]]:
    """What changed at the places where the behaviour can have, the first place's first.

    A run is a sequence of which the first is its id and the third what changed with it.
    """
    contexts = list(itertools.accumulate((run[2] for run in runs), after, initial=base))
    found: list[dict[str, Any]] = []
    for place in places:
        for which, new in runs[place][2]:
            what, old = NAMES[which], contexts[place][which]
            if all(each["what"] != what for each in found):
                # In the order of stored JSON, so that an anomaly is the same byte for byte.
                found.append({"from": old, "job_id": runs[place][0], "to": new, "what": what})
    return found


def told(found: Sequence[dict[str, Any]]) -> str:
    """The suspects as a sentence.

    >>> told([{"from": None, "job_id": "j", "to": "4", "what": "CPUs"}])
    'Changed there: CPUs from none to 4.'
    """
    if not found:
        return "Nothing else that is recorded changed there."
    changes = (f"{each['what']} from {each['from'] or 'none'} to {each['to'] or 'none'}" for each in found)
    return f"Changed there: {'; '.join(changes)}."


def _short(text: str, longest: int) -> str:
    """A text that is not too long to keep; of a longer one the beginning, and what tells it from others."""
    if len(text) <= longest or longest == _ID:
        return text[:longest]
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()
    return f"{text[: longest - 8]}… {digest}"
