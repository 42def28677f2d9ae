"""Steps that only look, one after the other."""

import pytest

from orcaops.improving.advisors.parallel_steps import ParallelSteps, only_looks
from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Step, Usage
from orcaops.testing.advisors import START, a_dossier, a_run, told


def runs(*lines: str, cpus: float | None = None, used: float = 10.0) -> list[Run]:
    commands = tuple(tuple(line.split()) for line in lines)
    spec = JobSpec(image="python:3.11", commands=commands, cpus=cpus)
    steps = [Step(command=command, started_at=START, duration_s=20.0) for command in commands]
    seconds = 20.0 * len(lines)
    return [a_run(n, seconds, spec=spec, steps=steps, usage=Usage(cpu_seconds=used)) for n in range(12)]


def test_the_longest_of_them_is_the_expected_time() -> None:
    (found,) = told(ParallelSteps(), a_dossier(runs("pip install .", "ruff check", "mypy src", "pytest")))
    assert found.evidence["steps"] == ["ruff check", "mypy src", "pytest"]
    assert (found.evidence["wall_s"], found.evidence["expected_wall_s"]) == (60.0, 20.0)


def test_steps_that_leave_something_are_left_alone() -> None:
    assert not told(ParallelSteps(), a_dossier(runs("npm ci", "npm run build", "cp -r dist /srv")))
    assert not told(ParallelSteps(), a_dossier(runs("make", "pytest", "make install")))


def test_without_free_processors_nothing_is_won() -> None:
    assert not told(ParallelSteps(), a_dossier(runs("ruff check", "mypy src", cpus=1, used=39.0)))


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        (("go", "vet", "./..."), True),
        (("npx", "eslint", "."), True),
        (("uv", "run", "pytest"), True),
        (("eslint", "--fix", "."), False),
        (("sh", "-c", "pytest && touch done"), False),
        (("make",), False),
    ],
)
def test_what_only_looks(command: tuple[str, ...], looks: bool) -> None:
    assert only_looks(command) is looks
