import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.learning.failures.expressions import compiled, loose
from orcaops.model.errors import ErrorCode, OrcaError


@pytest.mark.parametrize(
    "expression",
    ["", "  ", "(", "a(?=b)", r"(a)\1", ".*", "a*", r"\w", "[a-z]+", r"^", "x" * 5000, "(?:a{1000}){1000}"],
)
def test_what_cannot_be_used_is_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(OrcaError) as caught:
        compiled(expression, where="pattern mine")
    assert caught.value.code in (ErrorCode.INVALID, ErrorCode.CONFLICT)
    assert caught.value.hint


@settings(max_examples=60)
@given(st.text(alphabet="ab.{}[]\\d12,()|+*?-", max_size=20), st.text(alphabet="ab12,-.]", max_size=40))
def test_the_loose_form_loses_no_match(expression: str, text: str) -> None:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        exact = re2.compile(expression, options)
        wider = re2.compile(loose(expression), options)
    except re2.error:
        return
    assert exact.search(text) is None or wider.search(text) is not None
