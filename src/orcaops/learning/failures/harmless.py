"""Lines that say of themselves that nothing is wrong, whatever words they hold.

A test that is called after an error and passed, what was skipped, an attempt that is made again, a probe of
``configure``, a note below the level of errors, a command that is shown before it runs, the subject of a
commit, a line of an access log. Patterns that are shipped are written for every job there is, so they leave
such lines alone; what a person teaches counts as it was taught.
"""

import re
from functools import cache
from typing import Any

from orcaops.learning.failures.masking import without_time

_TOLERATED = r"\(ignored\)$|^\.\.\.ignoring|\b(?:[Ww]ill retry|[Rr]etrying)(?: in\b| \(|\.\.\.|$)"
_FORMS = (
    # passed
    r"^\s*(?:[✓✔√]|(?:--- )?PASS(?:ED)?\b|\[ *(?:OK|PASS(?:ED)?) *\]|ok \d+\b)",
    r" PASSED(?: +\[ *\d+%\])?$|(?:\.\.\.|…) ?(?:ok|passed)$",
    # skipped, or known to fail
    r"^\s*(?:SKIP(?:PED|PING)?|XFAIL)\b| (?:SKIPPED|XFAIL)\b(?: \(.*)?(?: +\[ *\d+%\])?$",
    r"# (?:SKIP|TODO)\b|, skipping$",
    _TOLERATED,
    r"\(0 errors\b",
    # probes
    r"^checking (?:for|whether|if|how) |^-- (?:Looking for|Performing Test|Check(?:ing)?|Could NOT find) ",
    # below the level of errors
    r"^\[?(?:DEBUG|TRACE|INFO|NOTICE)[\]: ]|^\[[\w.-]+\] (?:DEBUG|TRACE|INFO) ",
    r"^npm (?:WARN|warn|notice|http|info|verb)\b|^configure: WARNING: ",
    r"(?:^|\s)(?:Deprecation|PendingDeprecation|User|Future|Resource|Runtime|Import|Syntax)Warning: ",
    r"^(?:\S+ )?[IW]\d{4} \d\d:\d\d|^(?:\S+ )?[IW] \S+\.cc:\d+\]|couldn't be accessed by user '_apt'",
    # shown, not happening
    r"^\+{1,4} [a-z./]|^\$ \S|^\s*(?:echo|printf|grep) ",
    r"\"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+ HTTP/[\d.]+\" \d{3}\b",
)
_COMMIT = re.compile(r"(?:HEAD is now at |\* )?([0-9a-f]{7,40}) \S")


@cache
def _program(*forms: str) -> Any:
    import re2

    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    return re2.compile("|".join(forms).encode(), options)


def tolerated(following: str) -> bool:
    """Whether a plain line says that what stands above it is ignored or tried again.

    >>> tolerated("Warning: Problem : timeout. Will retry in 1 seconds. 3 retries left.")
    True
    """
    return _program(_TOLERATED).search(following.encode("utf-8", "replace")) is not None


def harmless(line: str) -> bool:
    """Whether a plain line says of itself that nothing is wrong.

    >>> harmless("tests/test_net.py::test_connection_refused PASSED  [ 20%]")
    True
    >>> harmless("Error: connect ECONNREFUSED 127.0.0.1:5432")
    False
    """
    body = without_time(line)
    if _program(*_FORMS).search(body.encode("utf-8", "replace")) is not None:
        return True
    shown = _COMMIT.match(body)
    return shown is not None and not shown[1].isdigit() and not shown[1].isalpha()
