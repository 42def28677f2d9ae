"""Identity: by which names an engine knows an image. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class ImageIdentity(NamedTuple):
    """What an engine says of one image.

    ``image_id`` is the engine's own name of the contents, the same before and after the image is pushed.
    ``digest`` is the one by which a registry knows the image, or the id where none does. ``pinned`` is the
    reference, repository and digest, that names exactly this image wherever it is used; None where the image
    has never been pushed or pulled. ``size_bytes`` is its size, unpacked.
    """

    image_id: str
    digest: str
    pinned: str | None
    size_bytes: int | None


def identity_of(facts: Mapping[str, Any], image: str | None = None) -> ImageIdentity:
    """The identity of an inspected image, in the repository that ``image`` names if it is known there.

    >>> names = ["mirror:5000/python@sha256:2", "python@sha256:3"]
    >>> identity_of({"Id": "sha256:1", "Size": 5, "RepoDigests": names}, "docker.io/library/python:3.11")
    ImageIdentity(image_id='sha256:1', digest='sha256:3', pinned='python@sha256:3', size_bytes=5)
    >>> identity_of({"Id": "sha256:1", "RepoDigests": []}, "app")
    ImageIdentity(image_id='sha256:1', digest='sha256:1', pinned=None, size_bytes=None)
    """
    known = [name for name in facts.get("RepoDigests") or () if not name.startswith("<none>")]
    wanted = repository_of(image) if image is not None else None
    pinned = next((name for name in known if repository_of(name) == wanted), known[0] if known else None)
    image_id = str(facts["Id"])
    digest = pinned.partition("@")[2] if pinned is not None else image_id
    return ImageIdentity(image_id, digest, pinned, facts.get("Size"))


def repository_of(image: str) -> str:
    """The repository of an image reference, as engines shorten it.

    >>> repository_of("docker.io/library/python:3.11"), repository_of("mirror:5000/a/b@sha256:1")
    ('python', 'mirror:5000/a/b')
    """
    path, slash, last = image.partition("@")[0].rpartition("/")
    name = f"{path}{slash}{last.partition(':')[0]}"
    for prefix in ("index.docker.io/", "docker.io/", "library/"):
        name = name.removeprefix(prefix)
    return name
