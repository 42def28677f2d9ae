"""Well-known slim variants: to be tried, where pulling takes time."""

import pytest

from orcaops.improving.advisors.slim_image import SlimImage, variant_of
from orcaops.model.job import JobSpec
from orcaops.model.run import Phase, PhaseName, Run
from orcaops.testing.advisors import START, a_dossier, a_run, told


def runs(image: str, pull_s: float) -> list[Run]:
    pulled = {PhaseName.PULL: Phase(started_at=START, duration_s=pull_s)}
    spec = JobSpec(image=image, command=("pytest",))
    return [a_run(n, spec=spec, phases=pulled if n % 3 == 0 else {}) for n in range(15)]


def test_it_is_untried_and_says_its_caveat() -> None:
    (found,) = told(SlimImage(), a_dossier(runs("node:20", 45.0)))
    assert found.trial is not None
    assert found.trial.state == "untried"
    assert found.change is not None
    assert found.change.after == "node:20-slim"
    assert "native add-ons" in found.description
    assert found.saving is not None
    assert 0 < found.saving.per_run < 45 / 3


def test_the_measured_size_is_used_where_it_is_known() -> None:
    sized = [run.changed(image_size_bytes=440 * 1024**2) for run in runs("node:20", 45.0)]
    (found,) = told(SlimImage(), a_dossier(sized))
    assert (found.evidence["image_size_is"], found.evidence["image_size_bytes"]) == (
        "measured",
        440 * 1024**2,
    )


def test_it_is_silent_where_nothing_is_pulled_and_about_unknown_images() -> None:
    assert not told(SlimImage(), a_dossier(runs("node:20", 0.0)))
    assert not told(SlimImage(), a_dossier(runs("example.org/own:1", 45.0)))


@pytest.mark.parametrize(
    ("image", "slim"),
    [
        ("python", "python:slim"),
        ("golang:1.22", "golang:1.22-alpine"),
        ("debian:bookworm", "debian:bookworm-slim"),
        ("mirror.example:5000/library/python:3.11", "mirror.example:5000/library/python:3.11-slim"),
        ("ecr.example/docker/library/node:20", "ecr.example/docker/library/node:20-slim"),
        ("mirror.example/own/python:3.11", None),
        ("python:3.11-alpine", None),
        ("python:3.11@sha256:00", None),
        ("eclipse-temurin", None),
    ],
)
def test_the_table(image: str, slim: str | None) -> None:
    found = variant_of(image)
    assert (found[0] if found else None) == slim
