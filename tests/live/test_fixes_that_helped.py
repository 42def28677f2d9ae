"""What ended failures of real containers is found, counted and suggested."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orcaops import config
from orcaops.app import App, build
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Status

from .conftest import WORK_IMAGE

pytestmark = pytest.mark.live

HUNGRY = "import sys; held = bytearray(128 << 20); held[::4096] = b'x' * len(held[::4096]); print(len(held))"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Runs a job in a container of a house of its own; ``run.app`` is the house."""
    chosen = config.load(
        {"home": tmp_path / "home"}, environment={}, folder=tmp_path, user_file=tmp_path / "none"
    )
    app = build(chosen)

    def run_one(**asked: object) -> Run:
        return app.jobs.run(JobSpec.model_validate({"image": WORK_IMAGE, **asked}))

    run_one.app = app  # type: ignore[attr-defined]
    yield run_one
    app.close()


@pytest.fixture
def richer_image() -> Iterator[str]:
    """The same image with one module more."""
    import docker

    engine = docker.from_env()
    made = "RUN mkdir -p /opt/more && touch /opt/more/special_one.py"
    file = f"FROM {WORK_IMAGE}\nENV PYTHONPATH=/opt/more\n{made}\n"
    image, _ = engine.images.build(fileobj=io.BytesIO(file.encode()), tag="orcaops-test/richer:1", rm=True)
    yield "orcaops-test/richer:1"
    engine.images.remove(image.id, force=True)
    engine.close()


def test_raising_the_memory_is_suggested_with_how_often_it_helped(run: Callable[..., Run]) -> None:
    app: App = run.app  # type: ignore[attr-defined]
    job = {"name": "hungry", "command": ("python3", "-c", HUNGRY)}
    for _ in range(3):
        assert run(**job, memory="64m").cause is Cause.OOM_KILLED
        assert run(**job, memory="256m").status is Status.SUCCEEDED
    killed = run(**job, memory="64m")
    analysis = app.failures.debug("default", killed.job_id)
    first = analysis.suggested_fixes[0]
    assert first.action == "Raise memory from 64.0 MiB to 256 MiB"
    assert first.effect is not None
    assert (first.effect.n, first.effect.helped, first.standing) == (3, 3, "suggested")
    assert "Raising memory from 64.0 MiB to 256 MiB ended this in 3 of 3 cases" in first.why
    assert first.command is not None
    assert "--memory 256m" in first.command
    past = analysis.similar_past_failures[0]
    assert past.same
    assert [(one.what, one.before, one.after) for one in past.changed] == [
        ("memory limit", "64.0 MiB", "256 MiB")
    ]


def test_another_image_is_suggested_for_a_missing_module(run: Callable[..., Run], richer_image: str) -> None:
    app: App = run.app  # type: ignore[attr-defined]
    job = {"name": "importing", "command": ("python3", "-c", "import special_one")}
    for _ in range(3):
        assert run(**job).status is Status.FAILED
        assert run(**job, image=richer_image).status is Status.SUCCEEDED
    analysis = app.failures.debug("default", run(**job).job_id)
    assert analysis.likely_causes[0].pattern_id == "python.module-not-found"
    first = analysis.suggested_fixes[0]
    assert first.action == f"Use the image {richer_image} instead of {WORK_IMAGE}"
    assert "ended this in 3 of 3 cases" in first.why
    assert first.command == (
        f"orcaops run --image {richer_image} --name importing -- python3 -c 'import special_one'"
    )
