"""TestCase: the outcome of one test inside a job, as its runner reported it.

>>> case_id("tests.test_cart.TestCart", "test_total[3-eur]")
'tests.test_cart.TestCart::test_total[3-eur]'
>>> case_id("api", "answers 3f2b8c1e-7a5d-4c3b-9e1f-0a2b4c6d8e0f at 0x7f3a10")
'api::answers <uuid> at <hex>'
"""

import hashlib
import re
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, NonNegativeInt, PositiveInt

from orcaops.model.key import mask_volatile
from orcaops.model.word import Word

LONGEST_ID = 200
"""Letters of a test's id; a longer one is cut there and completed by a digest of the whole."""

LONGEST_MESSAGE = 500
"""Letters that are kept of what a test said when it failed."""

BEHIND = "|test:"
"""What stands between the key of a job and the id of one of its tests."""

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_DIGIT = re.compile(r"[0-9]")


class CaseStatus(StrEnum):
    """What became of a test: ``error`` is one that broke outside its own checks, as in its preparation."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"

    @property
    def bad(self) -> bool:
        """Whether it failed or erred."""
        return self in (CaseStatus.FAILED, CaseStatus.ERROR)


class TestCase(Word):
    """One test of one run.

    ``id`` is the same in every run: the suite (a class or module with dots, a package, a file), ``::``, and
    the name with its parameters; what changes from run to run is masked. ``duration_s`` is null where the
    runner did not say it. ``attempts`` counts how often it was tried before this outcome. ``read_from`` is
    the path of a report, or the kind of log that it was read from.
    """

    __test__: ClassVar[bool] = False  # for pytest, which takes every class of such a name for a test

    id: str
    status: CaseStatus
    duration_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    message: str | None = None
    attempts: PositiveInt = 1
    read_from: str = ""


class TestTotals(Word):
    """The tests of one run, counted; ``failed`` counts errors too.

    Runners that name only what failed still count the others, so ``total`` may exceed the cases that are
    kept. ``cut`` cases were left out beyond the limit; ``notes`` say what could not be read, and why.
    """

    __test__: ClassVar[bool] = False

    total: NonNegativeInt = 0
    passed: NonNegativeInt = 0
    failed: NonNegativeInt = 0
    skipped: NonNegativeInt = 0
    cut: NonNegativeInt = 0
    read_from: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def sentence(self) -> str:
        """In words.

        >>> TestTotals(total=12, passed=10, failed=1, skipped=1).sentence()
        '1 of 12 tests failed, 1 skipped'
        """
        what = f"{self.failed} of {self.total} tests failed" if self.failed else f"{self.passed} tests passed"
        return what + (f", {self.skipped} skipped" if self.skipped else "")


def case_id(suite: str | None, name: str) -> str:
    """The id of a test from its suite and its name, alike in every run, on one line and bounded."""
    text = f"{suite}::{name}" if suite else name
    text = _CONTROL.sub(" ", text).strip()
    if _DIGIT.search(text):  # whatever is volatile holds a digit
        text = mask_volatile.__wrapped__(_ADDRESS.sub("<hex>", text))
    elif "  " in text:
        text = " ".join(text.split())
    if len(text) <= LONGEST_ID:
        return text or "unnamed"
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{text[:LONGEST_ID]}…{digest}"


def key_of_case(key: str, test_id: str) -> str:
    """The baseline key of a test: that of its job, and its id."""
    return f"{key}{BEHIND}{test_id}"


def tidy_message(text: str | None) -> str | None:
    """What a test said, on few lines and bounded; None for nothing."""
    if not text:
        return None
    lines = [_CONTROL.sub(" ", line).rstrip() for line in text[: 8 * LONGEST_MESSAGE].strip().splitlines()]
    kept = "\n".join(line for line in lines if line)[:LONGEST_MESSAGE]
    return kept or None
