"""Names: what is left out stays out over an "and", and labels are found in either order."""

import pytest

from orcaops.services.asking.understanding.names import Known

KNOWN = Known({"name": ("deploy", "lint", "unit-tests"), "branch": ("main",), "label:team": ("web",)})


@pytest.mark.parametrize(
    ("text", "searches"),
    [
        ("all jobs except deploy and lint that failed", ["-name:deploy", "-name:lint"]),
        ("failures without deploy, lint or main", ["-name:deploy", "-name:lint", "-branch:main"]),
        ("failures grouped by branch, not counting lint", ["-name:lint"]),
        ("apart from lint on main", ["-name:lint", "branch:main"]),
        ("jobs without a team label", ["-label:team"]),
        ("jobs with a label team", ["label:team"]),
    ],
)
def test_what_is_left_out(text: str, searches: list[str]) -> None:
    assert [one.search for one in KNOWN.find(text)[0]] == searches


def test_which_unit_tests_are_tests_and_no_job() -> None:
    assert KNOWN.find("which unit tests fail")[0] == []
    assert [one.search for one in KNOWN.find("how long do unit tests take")[0]] == ["name:unit-tests"]
