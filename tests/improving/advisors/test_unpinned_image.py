"""Names of images that may mean something else tomorrow."""

from orcaops.improving.advisors.unpinned_image import UnpinnedImage
from orcaops.model.job import JobSpec
from orcaops.model.run import Run
from orcaops.testing.advisors import a_dossier, a_run, told


def runs(image: str, *digests: str) -> list[Run]:
    spec = JobSpec(image=image, command=("make",))
    return [a_run(n, spec=spec, image_digest=digests[n * len(digests) // 12]) for n in range(12)]


def test_latest_is_told_with_the_digest_to_pin() -> None:
    (found,) = told(UnpinnedImage(), a_dossier(runs("python", "sha256:a")))
    assert found.action == "--image python@sha256:a"
    assert found.type == "security"


def test_a_tag_that_moved_is_told_and_one_that_stays_is_not() -> None:
    (found,) = told(UnpinnedImage(), a_dossier(runs("python:3.11", "sha256:a", "sha256:b")))
    assert found.evidence["digests"] == ["sha256:b", "sha256:a"]
    assert not told(UnpinnedImage(), a_dossier(runs("python:3.11", "sha256:a")))
    assert not told(UnpinnedImage(), a_dossier(runs("python@sha256:a", "sha256:a")))
