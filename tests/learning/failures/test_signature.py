from orcaops.learning.failures.causes import Causes, find_causes
from orcaops.learning.failures.events import read_log
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.signature import Signature, exception_class, signature, tool_of


def _signed(text: str, command: str = "pytest -x", exit_code: int = 1) -> Signature:
    lines = list(enumerate(text.split("\n")))
    kb = KnowledgeBase.shipped()
    causes = find_causes(lines, known=kb.specific)
    matches = kb.explain((line.offset, line.text) for line in causes.ranked[:10])
    return signature(causes, read_log(lines).events, matches, command=command, exit_code=exit_code)


TRACE = """12:01:0{0} start job {1}
Traceback (most recent call last):
  File "/tmp/b{1}/app/cart.py", line {2}, in {3}
    return prices[item]
KeyError: 'apple'"""


def test_the_same_failure_has_the_same_signature() -> None:
    one, other = _signed(TRACE.format(1, 7781, 12, "total")), _signed(TRACE.format(5, 9934, 13, "total"))
    assert one == other
    assert one.frame == "cart.py:total"
    assert one.tool == "pytest"
    assert "KeyError" in one.text


def test_another_place_tool_or_exit_code_is_another_failure_of_the_same_family() -> None:
    one = _signed(TRACE.format(1, 2, 3, "total"))
    for other in (
        _signed(TRACE.format(1, 2, 3, "checkout")),
        _signed(TRACE.format(1, 2, 3, "total"), command="make"),
        _signed(TRACE.format(1, 2, 3, "total"), exit_code=2),
    ):
        assert other.id != one.id
        assert other.family == one.family


def test_a_failure_nobody_knows_is_recognised_by_the_form_of_its_line() -> None:
    one, other = (
        _signed("frobnicator 12 gave up: cannot reach moon 3"),
        _signed("frobnicator 99 gave up: cannot reach moon 4"),
    )
    assert one.id == other.id
    assert one.id != _signed("grubnitz gave up: cannot reach sun").id


def test_failures_that_nobody_knows_are_of_one_family_where_they_speak_of_one_thing() -> None:
    one, other = (
        _signed("Zork: no answer from the relay: too many requests"),
        _signed("the moon base is throttled until tomorrow"),
    )
    assert one.id != other.id
    assert one.family == other.family == "rate_limit"


def test_silence_is_a_signature_too() -> None:
    assert signature(Causes(), command="true").text == "true failed without a word"
    assert (
        signature(Causes(), command="a", exit_code=1).id != signature(Causes(), command="a", exit_code=2).id
    )


def test_tools_and_exceptions_are_found_behind_wrappers() -> None:
    assert tool_of("bash -c 'make test'") == "make"
    assert tool_of("FOO=1 uv run pytest") == "pytest"
    assert tool_of("") is None
    assert exception_class("Caused by: java.io.IOException: gone") == "IOException"
    assert exception_class("shop.errors.CartError: no") == "CartError"
    assert exception_class("all is well") is None


def test_two_exceptions_at_one_place_are_two_failures() -> None:
    def said(name: str) -> str:
        text = [f'Exception in thread "main" java.lang.{name}: odd', "\tat A.main(A.java:1)"]
        causes = find_causes(enumerate(text))
        matches = KnowledgeBase.shipped().explain((line.offset, line.text) for line in causes.ranked)
        return signature(causes, read_log(enumerate(text)).events, matches, command="java A").id

    assert said("NullPointerException") != said("IllegalStateException")
    assert said("NullPointerException") == said("NullPointerException")
