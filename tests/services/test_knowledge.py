"""Knowledge: what is known is looked up, taught, proposed and carried elsewhere; solutions are counted."""

import pytest

from orcaops.app import App
from orcaops.model.errors import ErrorCode, OrcaError


def test_patterns_come_in_pages(app: App) -> None:
    first = app.knowledge.patterns("default", limit=100)
    assert first.total is not None
    assert first.total >= 250
    ids, page = [one.id for one in first.items], first
    while page.next_cursor is not None:
        page = app.knowledge.patterns("default", limit=100, cursor=page.next_cursor)
        ids += [one.id for one in page.items]
    assert ids == sorted(set(ids))
    assert len(ids) == first.total


def test_patterns_are_searched_by_a_part_of_their_words(app: App) -> None:
    found = app.knowledge.patterns("default", text="MODULE-not").items
    assert "python.module-not-found" in {one.id for one in found}
    assert app.knowledge.patterns("default", text="no such thing anywhere").items == ()


def test_a_cursor_of_no_page_is_not_found(app: App) -> None:
    with pytest.raises(OrcaError) as caught:
        app.knowledge.patterns("default", cursor="nonsense")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_one_pattern(app: App) -> None:
    assert app.knowledge.pattern("default", "disk.full").infrastructure
    with pytest.raises(OrcaError) as caught:
        app.knowledge.pattern("default", "no.such")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_matches_are_filled_and_placed(app: App) -> None:
    log = b"starting\n\x1b[31mModuleNotFoundError: No module named 'requests'\x1b[0m\nfailed\n"
    (match,) = app.knowledge.match("default", [log[:20], log[20:]])
    assert match.pattern_id == "python.module-not-found"
    assert match.solutions[0] == "Install missing module: pip install requests"
    assert match.line.offset == len(b"starting\n")
    assert match.line.text == "ModuleNotFoundError: No module named 'requests'"


def test_an_empty_text_matches_nothing(app: App) -> None:
    assert app.knowledge.match("default", []) == ()
