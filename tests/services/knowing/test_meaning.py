"""Search by meaning, with scikit-learn and without."""

import importlib.util

import pytest

from orcaops.app import App
from orcaops.model.run import LogSummary, Run, Status
from orcaops.services.knowing import meaning
from orcaops.testing.stores import make_run

TEXTS = ["connection reset by peer", "no space left on device", "no module named requests"]


@pytest.fixture(params=["by letters", "by words"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "by words":
        find = importlib.util.find_spec
        monkeypatch.setattr(
            "importlib.util.find_spec", lambda name, *more: None if name == "sklearn" else find(name, *more)
        )
    else:
        pytest.importorskip("sklearn")
    return str(request.param)


def failed(number: int, error: str) -> Run:
    return make_run(number, status=Status.FAILED, log=LogSummary(first_error=error))


def test_known_and_past_failures_are_found(app: App, way: str) -> None:
    with app.store.write() as transaction:
        transaction.runs.add_new(
            [
                failed(1, "flux capacitor overheated"),
                failed(2, "flux capacitor overheated"),
                failed(3, "other"),
            ]
        )
    found = app.meaning.search("default", "the flux capacitor overheated again")
    assert found.found[0].title == "flux capacitor overheated"
    assert set(found.found[0].job_ids) == {"job-0001", "job-0002"}
    assert ("character" in found.how) == (way == "by letters")
    known = app.meaning.search("default", "No space left on device while writing").found
    assert any(one.pattern_id == "disk.full" for one in known[:5]), known


def test_another_workspace_is_not_looked_into(app: App, way: str) -> None:
    with app.store.write() as transaction:
        transaction.runs.add(failed(1, "flux capacitor overheated").changed(workspace="other"))
    assert all(not one.job_ids for one in app.meaning.search("default", "flux capacitor overheated").found)


@pytest.mark.parametrize("text", ["", "   ", "\x00", "…", "q"])
def test_nothing_is_like_nothing(app: App, way: str, text: str) -> None:
    for one in app.meaning.search("default", text).found:
        assert 0 < one.likeness <= 1


def test_spelling_matters_less_to_letters() -> None:
    pytest.importorskip("sklearn")
    likeness = meaning.by_letters("conection resets by peers", TEXTS)
    assert likeness.index(max(likeness)) == 0
    assert meaning.by_letters("x", []) == []


def test_rare_words_weigh_more() -> None:
    likeness = meaning.by_words("no requests", TEXTS)
    assert likeness[2] > likeness[1] > likeness[0] == 0
