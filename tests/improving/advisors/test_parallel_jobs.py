"""Jobs that always follow one another."""

from datetime import timedelta
from typing import Any

from orcaops.improving.advisors.parallel_jobs import ParallelJobs
from orcaops.improving.dossier import Dossier
from orcaops.model.job import JobSpec, Mount
from orcaops.model.run import Artifact
from orcaops.testing.advisors import a_dossier, a_run, told


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
