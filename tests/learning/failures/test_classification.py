import pytest

from orcaops.learning.failures.causes import Causes, find_causes
from orcaops.learning.failures.classification import Classification, classify
from orcaops.learning.failures.knowledge import KnowledgeBase


def _told(*lines: str) -> Classification:
    kb = KnowledgeBase.shipped()
    causes = find_causes(enumerate(lines), known=kb.specific)
    return classify(causes, kb.explain((line.offset, line.text) for line in causes.ranked[:10]))


@pytest.mark.parametrize(
    "line",
    [
        "fatal: unable to access 'https://example.org/a.git/': Could not resolve host: example.org",
        "ERROR: Job failed (system failure): runner lost",
        "OSError: [Errno 28] No space left on device",
        "toomanyrequests: You have reached your pull rate limit.",
    ],
)
def test_machines_and_networks_are_infrastructure(line: str) -> None:
    told = _told("start", line)
    assert told.infrastructure
    assert told.infrastructure_probability > 0.7
    assert told.reasons


@pytest.mark.parametrize(
    "line",
    [
        "error[E0308]: mismatched types",
        "FAILED tests/test_api.py::test_login - assert 401 == 200",
        "src/app.c:12:5: error: 'foo' was not declared in this scope",
    ],
)
def test_compilers_and_tests_are_code(line: str) -> None:
    assert _told("start", line).infrastructure_probability < 0.3


def test_the_engine_s_evidence_settles_it_and_nothing_leaves_it_open() -> None:
    assert classify(Causes(), known=True).infrastructure
    assert not classify(Causes(), known=False).infrastructure
    assert 0.2 < classify(Causes()).infrastructure_probability < 0.5
