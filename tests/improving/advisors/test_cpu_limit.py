"""Processors that lie idle or are too few."""

from orcaops.improving.advisors.cpu_limit import CpuLimit
from orcaops.model.job import JobSpec
from orcaops.model.run import Context, Run, Usage
from orcaops.testing.advisors import a_dossier, a_run, told


def runs(cpus: float, used: float, throttled_s: float = 0.0, n: int = 12) -> list[Run]:
    spec = JobSpec(name="a", command=("make",), cpus=cpus)
    usage = Usage(cpu_seconds=used * 100, throttled_seconds=throttled_s)
    return [a_run(number, 100.0, spec=spec, usage=usage) for number in range(n)]


def test_idle_ones_are_given_back_with_a_margin() -> None:
    (found,) = told(CpuLimit(), a_dossier(runs(8, 0.9)))
    assert (found.type, found.evidence["proposed_cpus"]) == ("cost", 1.6)
    assert found.evidence["would_have_been_stopped"] == 0


def test_a_job_that_is_held_back_gets_more() -> None:
    (found,) = told(CpuLimit(), a_dossier(runs(2, 1.9, throttled_s=40)))
    assert (found.type, found.evidence["proposed_cpus"]) == ("performance", 3.0)
    assert found.saving is not None
    assert 0 < found.saving.per_run < 40


def test_no_more_is_advised_than_the_machine_has() -> None:
    def on(host_class: str, cpus: float) -> list[float]:
        context = Context(host_class=host_class)
        held_back = [run.changed(context=context) for run in runs(cpus, 0.9 * cpus, throttled_s=40)]
        return [found.evidence["proposed_cpus"] for found in told(CpuLimit(), a_dossier(held_back))]

    assert on("x86_64-2cpu-24g", 1.5) == [2.0]
    assert on("x86_64-2cpu-24g", 2) == [], "an engine would refuse to start it"
    assert on("x86_64-8cpu-24g", 2) == [3.0]


def test_it_is_silent_where_they_are_used_and_with_few_runs() -> None:
    assert not told(CpuLimit(), a_dossier(runs(2, 1.2)))
    assert not told(CpuLimit(), a_dossier(runs(8, 0.9, n=9)))


def test_what_is_needed_for_a_moment_is_not_advised_away() -> None:
    """Busy on four processors for one second of ten: the mean would stretch each run by half."""
    calm, *_ = (run.usage for run in runs(8, 0.4))
    bursts = [run.changed(usage=calm.model_copy(update={"cpu_peak_cores": 4.0})) for run in runs(8, 0.4)]
    (found,) = told(CpuLimit(), a_dossier(bursts))
    assert found.evidence["proposed_cpus"] == 2.7
    assert (found.evidence["peak_cores"], found.evidence["would_have_been_stopped"]) == (4.0, 0)
    (steady,) = told(CpuLimit(), a_dossier(runs(8, 0.4)))
    assert steady.evidence["proposed_cpus"] == 0.7


def test_an_import_that_notes_what_was_asked_for_is_advised() -> None:
    noted = [
        run.changed(
            source="nextflow", requested=None, effective=None, context=Context(attributes={"cpus": "8"})
        )
        for run in runs(8, 0.9)
    ]
    (found,) = told(CpuLimit(), a_dossier(noted))
    assert (found.evidence["cpus"], found.evidence["proposed_cpus"]) == (8.0, 1.6)
    assert found.evidence["replayed_runs"] == 12
    assert "at their busiest was not measured" in found.description
