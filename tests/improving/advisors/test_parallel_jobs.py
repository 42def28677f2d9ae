"""Jobs that always follow one another."""

from datetime import timedelta
from typing import Any

from orcaops.improving.advisors.parallel_jobs import ParallelJobs
from orcaops.improving.dossier import Dossier
from orcaops.model.job import JobSpec, Mount
from orcaops.model.run import Artifact
from orcaops.testing.advisors import START, a_dossier, a_run, told


def chain(
    *, gap_s: float = 2.0, spec: JobSpec | None = None, before: JobSpec | None = None, **first: Any
) -> Dossier:
    lint = before or JobSpec(name="lint", command=("lint",))
    test = spec or JobSpec(name="test", command=("test",))
    runs, previous = [], {}
    for n in range(12):
        earlier = a_run(n, 100.0, spec=lint, job_id=f"lint-{n}", **first)
        begun = (earlier.finished_at or earlier.submitted_at) + timedelta(seconds=gap_s)
        run = a_run(n, 60.0, spec=test).changed(submitted_at=begun, started_at=begun)
        runs.append(run)
        previous[run.job_id] = earlier
    return a_dossier(runs, previous=previous)


def test_they_are_proposed_to_start_together() -> None:
    (found,) = told(ParallelJobs(), chain())
    assert found.evidence["follows"] == "name:lint"
    assert (found.evidence["wall_s"], found.evidence["expected_wall_s"]) == (160.0, 100.0)
    assert found.saving is not None
    assert found.saving.per_run == 60.0
    assert found.action == (
        "orcaops run --detach --name lint -- lint; orcaops run --detach --name test -- test"
    )


def test_what_ties_them_is_respected() -> None:
    shared = Mount(source="/srv/out", target="/out")
    both = {"mounts": (shared,)}
    assert not told(ParallelJobs(), chain(artifacts=(Artifact(path="x", size_bytes=1, sha256="0"),)))
    assert not told(
        ParallelJobs(),
        chain(
            spec=JobSpec(name="test", command=("test",), **both),
            before=JobSpec(name="lint", command=("lint",), **both),
        ),
    )


def test_a_pause_between_them_is_a_persons() -> None:
    assert not told(ParallelJobs(), chain(gap_s=300.0))


def in_turn(one: str, other: str, **left: Any) -> Dossier:
    """What is known of ``one``, which and another follow each other without a pause; ``left`` by ``one``."""
    begun, runs, previous, before = START, [], {}, None
    for n in range(24):
        name, more = (one, left) if n % 2 else (other, {})
        spec = JobSpec(name=name, command=("x",))
        run = a_run(n, 20.0, spec=spec, job_id=f"{name}-{n}", **more)
        end = begun + timedelta(seconds=20)
        run = run.changed(submitted_at=begun, started_at=begun, finished_at=end)
        if before is not None and name == one:
            previous[run.job_id] = before
        if name == one:
            runs.append(run)
        before, begun = run, end + timedelta(seconds=1)
    return a_dossier(runs, previous=previous)


def test_of_two_that_follow_each_other_one_is_told() -> None:
    assert [len(told(ParallelJobs(), in_turn(*names))) for names in (("a", "b"), ("b", "a"))] == [1, 0]


def test_what_ties_the_other_to_this_one_ties_both() -> None:
    artifact = Artifact(path="x", size_bytes=1, sha256="0")
    assert not told(ParallelJobs(), in_turn("a", "b", artifacts=(artifact,)))
