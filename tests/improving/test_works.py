"""What a job with a name runs."""

from orcaops.improving.works import another_lasts, of_one_work, work_of
from orcaops.model.job import JobSpec
from orcaops.model.run import Run
from orcaops.testing.advisors import a_dossier, a_run


def runs(*commands: str, name: str | None = "n", image: str | None = None) -> list[Run]:
    """Newest first."""
    specs = [JobSpec(name=name, image=image, command=("sh", each)) for each in commands]
    return list(reversed([a_run(number, spec=spec) for number, spec in enumerate(specs)]))


A = work_of(runs("a")[0])
B = work_of(runs("b")[0])


def test_only_the_runs_of_the_present_work_count() -> None:
    work, found = of_one_work(runs(*["a"] * 20, *["b"] * 3))
    assert (work, len(found)) == (B, 3)
    work, found = of_one_work(runs(*["a"] * 20, *["b"] * 3, *["a"] * 2))
    assert (work, len(found)) == (A, 22), "what it did before it was another one is of the same work"


def test_another_image_is_another_work_and_volatile_parts_are_none() -> None:
    (here,), (there,) = runs("a", image="x:1"), runs("a", image="x:2")
    assert work_of(here) != work_of(there)
    one, other = (
        runs(f"/tmp/{number}/build --run 3f2b8c1e-7a5d-4c3b-9e1f-0a2b4c6d8e0{number}") for number in (1, 2)
    )
    assert work_of(one[0]) == work_of(other[0])


def test_a_job_that_runs_something_new_each_time_is_what_its_name_says() -> None:
    varied = runs(*(f"part-{number}" for number in range(20)))
    assert of_one_work(varied) == (None, varied)


def test_a_job_without_a_name_is_what_its_key_says() -> None:
    plain = runs(*["a"] * 20, "b", name=None)
    assert of_one_work(plain) == (None, plain)
    assert of_one_work([]) == (None, [])


def test_three_runs_of_another_work_are_no_exception() -> None:
    assert another_lasts(A, runs("a", "a", "b", "b")) is None
    assert another_lasts(A, runs("a", "b", "b", "b")) == B
    assert another_lasts(A, runs("b", "b")) is None
    assert another_lasts(A, runs("b", "c", "d")) is None
    assert another_lasts(None, runs("b", "b", "b")) is None


def test_advisors_of_limits_look_at_the_present_work() -> None:
    dossier = a_dossier(list(reversed(runs(*["a"] * 20, *["b"] * 3))))
    assert [run.command for run in dossier.of_present_work().runs] == ["sh b"] * 3
    same = a_dossier(runs(*["a"] * 5))
    assert same.of_present_work() is same
