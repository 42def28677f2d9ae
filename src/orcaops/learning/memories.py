"""MemoryBook: the memories of all learners while a batch is absorbed or a question answered.

Memories live in the store as JSON bytes. The book loads them in bulk, keeps the ones used last
decoded, remembers which were changed, and gives those back as bytes. What comes out is the same,
byte for byte, whatever was evicted in between: JSON text and floats survive the round trip exactly.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import orjson

from orcaops.learning.learner import Memory
from orcaops.model.key import STEP_BEHIND
from orcaops.model.test_case import BEHIND

_log = logging.getLogger(__name__)


class MemoryAddress(NamedTuple):
    """Whose memory: one learner, one version, one metric, one scope of one level.

    ``metric`` is empty for a learner that keeps one memory for all its metrics.
    """

    workspace: str
    learner: str
    version: int
    metric: str
    level: str
    scope: str


Load = Callable[[Iterable[MemoryAddress]], Mapping[MemoryAddress, bytes]]
"""Reads stored memories in bulk; those that do not exist are left out of the answer."""


def load_nothing(_addresses: Iterable[MemoryAddress]) -> Mapping[MemoryAddress, bytes]:
    """The loader of a book that has no store behind it."""
    return {}


class MemoryBook:
    """A bounded cache of decoded memories that knows which were changed. Not thread-safe.

    ``capacity`` bounds how many decoded memories are kept; changed ones beyond it wait as bytes
    until :meth:`drain`. Whoever shares a store with other writers calls :meth:`clear` when somebody
    else has learned in between.
    """

    def __init__(self, load: Load = load_nothing, *, capacity: int = 16_384) -> None:
        self._load = load
        self.capacity = max(1, capacity)
        self._open: OrderedDict[MemoryAddress, Memory | None] = OrderedDict()
        self._changed: set[MemoryAddress] = set()
        self._waiting: dict[MemoryAddress, bytes] = {}
        self._forgotten: set[tuple[str, str, str]] = set()
        self._held = False

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Evict nothing meanwhile: a memory that was given out stays the one that others are given.

        Beyond ``capacity`` the book then grows by what is asked for.
        """
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self._trim()

    def prefetch(self, addresses: Iterable[MemoryAddress]) -> None:
        """Load those of the addresses that are not here yet, with one call of the loader."""
        opened = self._open
        missing = list(dict.fromkeys(a for a in addresses if a not in opened and a not in self._waiting))
        if self._forgotten:
            missing = [a for a in missing if (a.workspace, a.level, a.scope) not in self._forgotten]
        if not missing:
            return
        found = self._load(missing)
        for address in missing:
            stored = found.get(address)
            opened[address] = None if stored is None else _decoded(address, stored)
        self._trim()

    def get(self, address: MemoryAddress) -> Memory | None:
        """The memory, or None if nothing was ever learned there. Not to be changed by the caller."""
        opened = self._open
        try:
            known = opened[address]
        except KeyError:
            pass
        else:
            opened.move_to_end(address)
            return known
        memory: Memory | None
        if address in self._waiting:
            memory = orjson.loads(self._waiting.pop(address))
            self._changed.add(address)
        elif (address.workspace, address.level, address.scope) in self._forgotten:
            memory = None
        else:
            stored = self._load([address]).get(address)
            memory = None if stored is None else _decoded(address, stored)
        opened[address] = memory
        self._trim()
        return memory

    def keep(self, address: MemoryAddress, memory: Memory) -> None:
        """Take a memory that was changed, to be given out by the next :meth:`drain`."""
        opened = self._open
        if opened.get(address) is not memory:
            self._waiting.pop(address, None)
            opened[address] = memory
            opened.move_to_end(address)
            self._trim()
        self._changed.add(address)

    def drain(self) -> dict[MemoryAddress, bytes]:
        """The changed memories as JSON with sorted keys, ordered by address; they count as saved.

        A memory that is not JSON is dropped with a warning: the plug-in is at fault, not the others.
        """
        changed = dict(self._waiting)
        for address in self._changed:
            memory = self._open.get(address)
            encoded = None if memory is None else _encoded(address, memory)
            if encoded is not None:
                changed[address] = encoded
        self._waiting.clear()
        self._changed.clear()
        self._forgotten.clear()
        return {address: changed[address] for address in sorted(changed)}

    def forget(self, workspace: str, level: str, scope: str) -> None:
        """Drop every learner's memory of one scope and of what lies below it, as the store is told to do."""
        below = (scope + BEHIND, scope + STEP_BEHIND)

        def concerned(address: MemoryAddress) -> bool:
            same = address.scope == scope or address.scope.startswith(below)
            return same and address.level == level and address.workspace == workspace

        for address in [a for a in self._open if concerned(a)]:
            del self._open[address]
            self._changed.discard(address)
        for address in [a for a in self._waiting if concerned(a)]:
            del self._waiting[address]
        self._forgotten.add((workspace, level, scope))

    def clear(self) -> None:
        """Forget everything that is here, changes included; the store is untouched."""
        self._open.clear()
        self._changed.clear()
        self._waiting.clear()
        self._forgotten.clear()

    def _trim(self) -> None:
        if self._held:
            return
        while len(self._open) > self.capacity:
            address, memory = self._open.popitem(last=False)
            if address in self._changed:
                self._changed.discard(address)
                encoded = None if memory is None else _encoded(address, memory)
                if encoded is not None:
                    self._waiting[address] = encoded


def _encoded(address: MemoryAddress, memory: Memory) -> bytes | None:
    try:
        return orjson.dumps(memory, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        _log.warning("dropped a memory of %s that is not JSON: %s", address.learner, error)
        return None


def _decoded(address: MemoryAddress, stored: bytes) -> Memory | None:
    try:
        memory = orjson.loads(stored)
    except orjson.JSONDecodeError:
        memory = None
    if isinstance(memory, dict):
        return memory
    _log.warning("a memory of %s cannot be read and starts anew; see `orcaops relearn`", address.learner)
    return None
