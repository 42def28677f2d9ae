"""What a job with a name runs."""

from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.works import LASTS_FROM, another_lasts, of_one_work, work_of
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
    work, found = of_one_work(runs(*["a"] * 20, *["b"] * 3, *["a"] * 3))
    assert (work, len(found)) == (A, 23), "what it did before it was another one is of the same work"


def test_a_variation_that_somebody_tries_is_not_what_the_job_runs() -> None:
    for tried in (["b"], ["b", "b"], ["b", "a", "b"], ["b", "c", "d"]):
        work, found = of_one_work(runs(*["a"] * 20, *tried))
        assert (work, len(found)) == (A, 20 + tried.count("a")), tried


@given(
    st.lists(st.sampled_from("abc"), max_size=20),
    st.sampled_from("abc"),
    st.lists(st.sampled_from("abc"), max_size=12),
)
def test_the_present_work_is_what_last_lasted(before: list[str], lasting: str, after: list[str]) -> None:
    history = [*before, *lasting * LASTS_FROM, *after]
    rows = [history[n : n + LASTS_FROM] for n in range(len(history) - LASTS_FROM + 1)]
    last = [row[0] for row in rows if len(set(row)) == 1][-1]
    work, found = of_one_work(runs(*history))
    singles = sum(history.count(each) == 1 for each in "abc")
    if singles > 0.2 * len(history):
        assert work is None
    else:
        assert work == work_of(runs(last)[0])
        assert len(found) == history.count(last)


@given(st.lists(st.sampled_from("ab"), min_size=30, max_size=40))
def test_a_work_that_trials_were_ended_for_is_the_one_that_advice_is_of(history: list[str]) -> None:
    newest_first = runs(*history)
    work, _ = of_one_work(newest_first)
    if (other := another_lasts(A, newest_first)) is not None:
        assert work == other


def test_where_nothing_lasts_it_is_what_runs_most_often_and_of_equals_the_latest() -> None:
    assert {of_one_work(runs(*"aab" * 10, *"aab"[:more]))[0] for more in range(3)} == {A}
    assert (of_one_work(runs(*"ab" * 15))[0], of_one_work(runs(*"ba" * 15))[0]) == (B, A)


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
