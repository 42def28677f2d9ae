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


def known(image: str, *identities: tuple[str, str | None]) -> list[Run]:
    """Twelve runs of which each share has the next identity: the engine's id, and the pinned reference."""
    spec = JobSpec(image=image, command=("make",))
    chosen = [identities[n * len(identities) // 12] for n in range(12)]
    return [
        a_run(
            n,
            spec=spec,
            image_id=image_id,
            image_pinned=pinned,
            image_digest=pinned.partition("@")[2] if pinned else image_id,
        )
        for n, (image_id, pinned) in enumerate(chosen)
    ]


def test_what_a_registry_knows_is_pinned_by_the_reference_that_the_engine_gave() -> None:
    (found,) = told(
        UnpinnedImage(), a_dossier(known("docker.io/library/python", ("sha256:a", "python@sha256:b")))
    )
    assert found.action == "--image python@sha256:b"


def test_an_image_that_was_never_pushed_is_given_a_tag_of_its_own() -> None:
    (found,) = told(UnpinnedImage(), a_dossier(known("team/app", ("sha256:0123456789abcdef", None))))
    assert found.action == "docker tag team/app team/app:0123456789ab, then --image team/app:0123456789ab"
    assert found.change is not None
    assert found.change.after == "team/app:0123456789ab"


def test_an_image_that_is_pushed_is_no_other_image() -> None:
    pushed = known("app:1", ("sha256:a", None), ("sha256:a", "app@sha256:b"))
    assert not told(UnpinnedImage(), a_dossier(pushed))
    assert told(UnpinnedImage(), a_dossier(known("app:1", ("sha256:a", None), ("sha256:c", None))))
