"""Answers: a request that is repeated under the same ``Idempotency-Key`` is done once."""

import threading
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b

from orcaops.model.errors import ErrorCode, OrcaError, conflict
from orcaops.recording.store import Store


class Answers:
    """Remembers for a day what was answered to which request. Thread-safe."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._at_work: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def once(self, workspace: str, key: str | None, request: bytes, do: Callable[[], bytes]) -> bytes:
        """The answer of ``do()``, or the one that was given to the same request before.

        What raises is not remembered. Raises ``conflict`` if the key was used for another request, or is
        being worked on now. Without a key nothing is remembered.
        """
        if key is None:
            return do()
        place = (workspace, key)
        with self._lock:
            if place in self._at_work:
                raise conflict(
                    "a request with this Idempotency-Key is being worked on",
                    where="Idempotency-Key",
                    hint="Wait for its answer, or ask again in a moment.",
                )
            self._at_work.add(place)
        try:
            return self._once(workspace, key, blake2b(request, digest_size=16).hexdigest(), do)
        finally:
            with self._lock:
                self._at_work.discard(place)

    def _once(self, workspace: str, key: str, fingerprint: str, do: Callable[[], bytes]) -> bytes:
        with self._store.read() as transaction:
            known = transaction.requests.recall(workspace, key)
        if known is not None:
            if known[0] != fingerprint:
                raise conflict(
                    "this Idempotency-Key was used for another request",
                    where="Idempotency-Key",
                    hint="Use a new key for a new request.",
                )
            return known[1]
        answer = do()
        try:
            with self._store.write() as transaction:
                transaction.requests.remember(workspace, key, fingerprint, answer, self._clock())
        except OrcaError as error:
            if (
                error.code is not ErrorCode.CONFLICT
            ):  # another process was as quick: both have the same effect
                raise
        return answer
