import pytest

from orcaops.learning.failures.categories import OTHER, shipped_categories
from orcaops.learning.failures.knowledge import shipped_patterns


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("dial tcp 10.0.0.7:5432: connect: connection refused", "network"),
        ("frobnicate: 429 Too Many Requests", "rate_limit"),
        ("the vault says: permission denied for /srv/x", "permission"),
        ("wombat: no space left on device", "disk"),
        ("quokka: operation timed out after 30 s", "timeout"),
        ("expected 4 but got 3", "test"),
        ("zzz qqq xxx", OTHER),
        ("", OTHER),
    ],
)
def test_words_that_most_programs_use_decide(text: str, category: str) -> None:
    assert shipped_categories().of(text) == category


def test_what_has_no_such_word_is_about_what_it_reads_like() -> None:
    known = shipped_patterns()[0]
    assert shipped_categories().nearest(f"{known.title} {known.examples[0]}") in {known.category, OTHER}
