"""Two images and the same command."""

import dataclasses

import pytest

from orcaops.improving.advisors.slow_image import SlowImage
from orcaops.improving.dossier import Dossier, Variant
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run
from orcaops.testing.advisors import a_dossier, a_run, told


def runs(image: str, seconds: float, n: int = 12, cause: Cause = Cause.SUCCESS) -> list[Run]:
    spec = JobSpec(image=image, command=("pytest",))
    return [a_run(number, seconds + number % 4, spec=spec, cause=cause) for number in range(n)]


def beside(other: list[Run], seconds: float = 100.0) -> Dossier:
    mine = a_dossier(runs("python:3.11", seconds))
    variant = Variant(key=other[0].key, image=str(other[0].image), runs=tuple(reversed(other)))
    return dataclasses.replace(mine, variants=(variant,))


def test_a_faster_image_is_proposed_with_its_interval() -> None:
    (found,) = told(SlowImage(), beside(runs("python:3.11-slim", 60.0)))
    assert found.change is not None
    assert (found.change.before, found.change.after) == ("python:3.11", "python:3.11-slim")
    assert found.saving is not None
    assert found.saving.low <= 40 <= found.saving.high
    assert found.evidence["p_value"] < 0.01
    assert "could reduce the job's time by 39%" in found.impact.lower()


@pytest.mark.parametrize(
    "other",
    [
        runs("python:3.11-slim", 60.0, n=7),
        runs("python:3.11-slim", 100.0),
        runs("python:3.11-slim", 140.0),
        [*runs("python:3.11-slim", 60.0), *runs("python:3.11-slim", 1.0, n=3, cause=Cause.COMMAND_FAILED)],
    ],
    ids=["too few", "as fast", "slower", "fails more often"],
)
def test_it_is_silent(other: list[Run]) -> None:
    assert not told(SlowImage(), beside(other))


def test_a_named_job_is_compared_within_its_key() -> None:
    specs = [JobSpec(name="t", image=image, command=("pytest",)) for image in ("python:3.12", "python:3.11")]
    mixed = [a_run(n, 60.0 + 40 * (n % 2) + n % 5, spec=specs[n % 2]) for n in range(24)]
    (found,) = told(SlowImage(), a_dossier(mixed))
    assert found.evidence["proposed_image"] == "python:3.12"


def test_an_image_is_not_blamed_for_another_command() -> None:
    specs = [
        JobSpec(name="t", image="python:3.12", command=("pytest", "tests/fast")),
        JobSpec(name="t", image="python:3.11", command=("pytest",)),
    ]
    mixed = [a_run(n, 60.0 + 40 * (n % 2) + n % 5, spec=specs[n % 2]) for n in range(24)]
    assert not told(SlowImage(), a_dossier(mixed))
