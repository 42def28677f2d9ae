import time

from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.matcher import Matcher, filled
from orcaops.model.pattern import FailurePattern


def pattern(expression: str, name: str = "mine", **fields: object) -> FailurePattern:
    return FailurePattern.model_validate(
        {"id": name, "pattern": expression, "category": "c", "title": "T {1}", "description": "d", **fields}
    )


def test_captures_fill_the_texts() -> None:
    match = Matcher([pattern(r"disk (\w+) is gone", solutions=["mount {1}"])]).match_line(
        "disk sda is gone", 7
    )[0]
    assert (match.title, match.solutions, match.offset) == ("T sda", ("mount sda",), 7)
    assert filled("{1} {2} ({3})", ("a",)) == "a"


def test_specific_patterns_come_before_catch_alls() -> None:
    matcher = Matcher([pattern(r"error: .*", "all", tags=["catch-all"]), pattern("disk is gone", "disk")])
    assert [match.pattern.id for match in matcher.match_line("error: the disk is gone")] == ["disk", "all"]
    found = matcher.match_lines([(0, "error: x"), (1, "error: disk is gone")])
    assert [match.pattern.id for match in found] == ["disk", "all"]


def test_a_scan_finds_lines_wherever_the_pieces_are_cut() -> None:
    matcher = Matcher([pattern(r"^disk (\w+) is gone$")])
    log = b"".join(b"line %d with some words\n" % number for number in range(2000))
    place = len(log)
    log += b"\x1b[31mdisk sda is gone\x1b[0m\n" + log
    for size in (1000, 65_536, len(log)):
        found = matcher.scan(log[start : start + size] for start in range(0, len(log), size))
        assert [(match.offset, match.groups) for match in found["mine"]] == [(place, ("sda",))]


def test_a_scan_bears_anything() -> None:
    matcher = KnowledgeBase.shipped().matcher
    assert matcher.scan([]) == {}
    assert matcher.scan([b""]) == {}
    matcher.scan([bytes(range(256)) * 200])
    assert "memory.spec" in matcher.scan([b"x" * 3_000_000, b"\nKilled"])
    assert Matcher([]).scan([b"error"]) == {}
    assert Matcher([]).match_line("error") == []


def test_a_word_in_the_middle_of_a_line_of_megabytes_is_found() -> None:
    log = b"x" * 3_000_000 + b" the disk sda is gone " + b"y" * 3_000_000
    found = Matcher([pattern(r"disk (\w+) is gone")]).scan([log])["mine"]
    assert [match.groups for match in found] == [("sda",)]
    assert b"disk sda is gone" in log[found[0].offset : found[0].offset + 2000]


def test_what_needs_no_word_is_looked_for_everywhere() -> None:
    matcher = Matcher([pattern(r"^\w+ \w+ \w+$", "three"), pattern("(?i)DISK IS GONE", "any")])
    found = matcher.scan([b"a line with many words\none two three\nThe Disk is gone for ever\n"])
    assert {name: [match.offset for match in places] for name, places in found.items()} == {
        "three": [23],
        "any": [37],
    }


def test_of_states_of_a_progress_bar_each_is_a_line() -> None:
    log = b"10%\r20%\rdisk sda is gone\rdone\n" * 3
    found = Matcher([pattern(r"^disk (\w+) is gone$")]).scan([log])["mine"]
    assert [match.offset for match in found] == [0, len(log) // 3, 2 * len(log) // 3]


def test_places_are_bounded() -> None:
    found = Matcher([pattern("disk is gone")]).scan([b"disk is gone\n" * 10_000])
    assert len(found["mine"]) == 20


def test_a_stored_pattern_that_cannot_be_used_is_left_out_and_named() -> None:
    matcher = Matcher([pattern("(", "broken"), pattern("disk is gone", "fine")])
    assert [match.pattern.id for match in matcher.match_line("disk is gone")] == ["fine"]
    assert [one.id for one, _ in matcher.refused] == ["broken"]


def test_no_taught_pattern_hangs_it() -> None:
    matcher = Matcher([pattern("(x+x+)+y", "evil"), pattern("(?:a|aa)+$b?c", "worse")])
    began = time.process_time()
    matcher.match_line("x" * 100_000)
    matcher.scan([b"x" * 500_000, b"a" * 500_000])
    assert time.process_time() - began < 5


def test_a_log_in_utf_16_is_scanned_too() -> None:
    text = "starting\r\nModuleNotFoundError: No module named 'requests'\r\n"
    found = KnowledgeBase.shipped().matcher.scan([text.encode("utf-16")])
    assert found["python.module-not-found"][0].groups == ("requests",)


def test_many_patterns_are_all_found() -> None:
    many = [
        FailurePattern(
            id=f"many.p{n}",
            pattern=f"widget {n} broke",
            category="other",
            title="t",
            description="d",
            source="taught",
        )
        for n in range(700)
    ]
    found = Matcher(many).scan([b"".join(b"widget %d broke\n" % n for n in range(700))])
    assert len(found) == 700
    assert all(
        places[0].text == f"widget {name.removeprefix('many.p')} broke" for name, places in found.items()
    )


def test_a_general_pattern_comes_behind_one_that_says_why() -> None:
    matcher = Matcher(
        [pattern(r"curl: \(\d+\) .*", "curl", tags=["general"]), pattern("no such host", "dns")]
    )
    assert [match.pattern.id for match in matcher.match_line("curl: (6) no such host")] == ["dns", "curl"]


def test_what_a_person_taught_goes_before_what_is_shipped() -> None:
    matcher = Matcher([pattern(r"the disk is gone.*", "shipped"), pattern("gone", "own", source="taught")])
    assert [match.pattern.id for match in matcher.match_line("the disk is gone again")] == ["own", "shipped"]
