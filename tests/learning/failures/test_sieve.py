from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.sieve import Sieve


def lines(sieve: Sieve, text: bytes) -> dict[int, list[bytes]]:
    return {
        number: [text[start:end] for start, end in spans] for number, spans in sieve.candidates(text).items()
    }


def test_each_expression_gets_the_lines_that_hold_its_words() -> None:
    sieve = Sieve([r"disk (\w+) is gone", "(?i)OUT OF PAPER", r"code \d\d"])
    text = b"all is well\ndisk sda is gone\nOut of paper, code 17\n\nthe cat is gone"
    assert lines(sieve, text) == {
        0: [b"disk sda is gone", b"the cat is gone"],
        1: [b"Out of paper, code 17"],
        2: [b"Out of paper, code 17"],
    }


def test_what_has_no_words_gets_every_line() -> None:
    assert lines(Sieve([r"^\w+$"]), b"a\n\nb") == {0: [b"a", b"", b"b"]}
    assert Sieve([]).candidates(b"anything") == {}


def test_of_a_long_line_it_is_what_surrounds_the_words() -> None:
    sieve = Sieve(["disk is gone"])
    text = b"x" * 50_000 + b"disk is gone" + b"y" * 50_000 + b"disk is gone"
    found = lines(sieve, text)[0]
    assert len(found) == 2
    assert all(b"disk is gone" in line and len(line) <= 2000 for line in found)


def test_letters_that_change_their_case_beyond_ascii_are_looked_for_everywhere() -> None:
    assert lines(Sieve(["(?i)ÜBERLAUF im puffer"]), "überlauf IM PUFFER\n".encode())[0]


def test_of_shipped_patterns_no_example_falls_through() -> None:
    patterns = KnowledgeBase.shipped().patterns
    sieve = Sieve([one.pattern for one in patterns])
    for number, one in enumerate(patterns):
        for example in one.examples:
            assert any(number in sieve.candidates(line.encode()) for line in example.splitlines()), (
                one.id,
                example,
            )
