"""FetchedImages: which images were pulled ahead by OrcaOps itself, and their removal when space is needed.

Each pull and each removal is a signed decision, so that a server which starts anew knows what it may remove.
What people pulled or built, what has changed since, and what any container or waiting job uses, stays.
"""

import logging
from collections.abc import Mapping, Sequence

from orcaops.model.errors import OrcaError
from orcaops.recording.store import Store
from orcaops.running.executor import Warmable
from orcaops.services.signing import Signing

log = logging.getLogger(__name__)

SUBJECT = "image"
_US = "orcaops"


class FetchedImages:
    """What OrcaOps pulled ahead and has not removed since."""

    def __init__(self, store: Store, signing: Signing) -> None:
        self._store = store
        self._signing = signing

    def fetched(self, executor: Warmable, workspace: str, image: str, why: str) -> None:
        """An image was pulled ahead. Raises ``unavailable`` if the engine does not answer."""
        found = executor.held_image(image)
        if found is None or found.digest is None:
            return  # the pull was given up, or what is there cannot be told from another image
        details = {"digest": found.digest, "size_bytes": found.size_bytes}
        with self._store.write() as transaction:
            self._signing.sign(
                transaction, workspace, SUBJECT, image, "fetch", by=_US, reason=why, details=details
            )

    def removable(self) -> dict[str, tuple[str, str]]:
        """The workspace for which an image was pulled, and its digest, of those that no job waits for."""
        ours: dict[str, tuple[str, str]] = {}
        with self._store.read() as transaction:
            for decision in transaction.decisions.each(SUBJECT):
                ours.pop(decision.subject_id, None)
                if decision.verb == "fetch":
                    ours[decision.subject_id] = decision.workspace, str(decision.details.get("digest"))
            waited_for = {run.image for run in transaction.runs.open_runs()} if ours else set()
        return {image: known for image, known in ours.items() if image not in waited_for}

    def remove(
        self, executor: Warmable, images: Sequence[str], known: Mapping[str, tuple[str, str]], why: str
    ) -> list[str]:
        """Remove images as far as nothing uses them; those that went."""
        gone = []
        for image in images:
            workspace, digest = known[image]
            try:
                found = executor.held_image(image)
                same = found is not None and found.digest == digest
                if same and not executor.drop_image(image):
                    continue  # something uses it now; it is asked again
            except OrcaError as error:
                log.info("the image %s cannot be removed: %s", image, error)
                continue
            if same:
                gone.append(image)
            verb, reason = ("remove", why) if same else ("leave", "its name means another image by now")
            with self._store.write() as transaction:
                self._signing.sign(transaction, workspace, SUBJECT, image, verb, by=_US, reason=reason)
        return gone
