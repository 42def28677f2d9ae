"""Installing again and again: in steps, and inside commands."""

from orcaops.improving.advisors.caching import Caching
from orcaops.model.installing import Installation
from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Step, Usage
from orcaops.testing.advisors import START, a_dossier, a_run, told

SHELL = JobSpec(image="python:3.11", shell="pip install -r requirements.txt && pytest")


def installing(number: int, seconds: float = 30.0, size: int | None = 25_000_000) -> Run:
    told_of = [Installation(tool="pip", seconds=seconds, bytes=size, lines=12)] if seconds else []
    return a_run(number, 100.0, spec=SHELL, installations=told_of)


def test_what_the_output_tells_is_told_per_run_and_per_day() -> None:
    (found,) = told(Caching(), a_dossier([installing(n) for n in range(24)]))
    assert (found.field, found.type) == ("pip", "performance")
    assert found.evidence["seconds_per_run"] == 30.0
    assert found.evidence["bytes_per_run"] == 25_000_000
    assert found.evidence["seconds_per_day"] == 30.0 * 24
    assert "pip runs in 100% of runs, takes 30.0 s each time" in found.description
    assert found.saving is not None
    assert (found.saving.low, found.saving.per_run, found.saving.high) == (15.0, 24.0, 30.0)


def test_a_step_has_its_own_time_and_the_network_its_bytes() -> None:
    commands = (("npm", "ci"), ("npm", "test"))
    spec = JobSpec(image="node:20", commands=commands)
    runs = [
        a_run(
            n,
            60.0,
            spec=spec,
            usage=Usage(network_received_bytes=9_000_000),
            steps=[
                Step(command=command, started_at=START, duration_s=seconds)
                for command, seconds in zip(commands, (40.0, 20.0), strict=True)
            ],
        )
        for n in range(12)
    ]
    (found,) = told(Caching(), a_dossier(runs))
    assert (found.field, found.evidence["seconds_per_run"]) == ("npm", 40.0)
    assert found.evidence["bytes_per_run"] == 9_000_000


def test_it_is_silent_where_it_is_quick_seldom_or_unknown() -> None:
    assert not told(Caching(), a_dossier([installing(n, 0.5) for n in range(20)]))
    assert not told(Caching(), a_dossier([installing(n, 30.0 * (n % 3 == 0)) for n in range(20)]))
    assert not told(Caching(), a_dossier([a_run(n) for n in range(20)]))


def test_a_job_that_does_nothing_but_install_needs_no_output_to_say_so() -> None:
    def told_of(shell: str) -> list[str]:
        spec = JobSpec(image="python:3.11", command=tuple(shell.split()))
        return [each.field for each in told(Caching(), a_dossier([a_run(n, spec=spec) for n in range(12)]))]

    assert told_of("pip install -r requirements.txt") == ["pip"]
    assert told_of("apt-get install -y build-essential") == ["apt"]
    assert told_of("make install") == []


def test_what_to_do_can_be_copied_where_it_is_to_be_done() -> None:
    def action(image: str | None, user: str | None) -> str:
        spec = JobSpec(image=image, command=("pip", "install", "x"))
        (found,) = told(Caching(), a_dossier([a_run(n, spec=spec, user=user) for n in range(12)]))
        return found.action

    here, _, there = action("python:3.11", "root").rpartition(":/")
    assert here.endswith("-v ~/.cache/orcaops/pip")
    assert there == "root/.cache/pip"
    assert action("python:3.11", "node").endswith("/node/.cache/pip")
    assert "-v" not in action(None, None), "a local process has no mounts"


def test_what_a_tool_says_of_its_time_is_never_more_than_the_run_took() -> None:
    runs = [a_run(n, 5.0, installations=[Installation(tool="npm", seconds=6.0, lines=1)]) for n in range(12)]
    (found,) = told(Caching(), a_dossier(runs))
    assert found.evidence["seconds_per_run"] == 5.0
