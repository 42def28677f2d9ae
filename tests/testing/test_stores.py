"""The suite for stores is used in tests/recording/sql; here stand its builders."""

from orcaops.model.errors import ErrorCode, not_found
from orcaops.model.query import Page
from orcaops.testing.stores import all_pages, make_anomaly, make_run, refused


def test_builders_take_changes_and_validate_them() -> None:
    assert make_run(3, name="x").name == "x"
    assert make_run(2).submitted_at < make_run(3).submitted_at
    assert make_anomaly("a", key="k").key == "k"


def test_all_pages_ends_with_the_last() -> None:
    pages = {None: Page[int](items=(1, 2), next_cursor="b"), "b": Page[int](items=(3,))}
    assert all_pages(lambda cursor: pages[cursor]) == [1, 2, 3]


def test_refused_looks_at_the_code() -> None:
    with refused(ErrorCode.NOT_FOUND):
        raise not_found("no")
