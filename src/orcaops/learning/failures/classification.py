"""Infrastructure or code: whether trying again may help.

Not trained: known patterns say which they are, words that machines and networks use weigh for
infrastructure, words that compilers, linters and tests use weigh for code, and the evidence is added on
the logit scale. Whoever knows more (the container's own out-of-memory counter, the engine's cause) says
so in ``known``.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.learning.failures.causes import Causes
from orcaops.learning.failures.masking import without_time
from orcaops.learning.failures.matcher import Match

_MACHINE = re.compile(
    r"connection (?:reset|refused|closed|aborted|timed out)|could not resolve|temporary failure"
    r"|timed? ?out|\b50[0234]\b|service unavailable|bad gateway"
    r"|no space left|disk (?:quota|full)|network|unreachable|tls handshake|ssl_|early eof"
    r"|hung up unexpectedly|rpc failed|too many requests|rate limit"
    r"|system failure|runner|daemon|lost communication|shutdown signal|preempt|evict"
    r"|out of memory|oom|sigkill|signal: 9|killed|cannot allocate"
    r"|input/output error|stale file|failed to (?:pull|fetch|download|upload|connect)"
    r"|unable to access|mirror|registry|502|413|request entity too large"
    r"|uploading artifacts|downloading artifacts|coordinator|cache|no such host|dns|proxy"
    r"|unexpected eof|broken pipe|quota|locked|stuck|execution took longer",
)
_CODE = re.compile(
    r"error\[e\d{4}\]|could not compile|compil(?:e|ation) (?:error|failed)|undefined (?:reference"
    r"|symbol|variable|method)|syntax ?error|cannot find symbol"
    r"|expected .{1,60}(?:found|but|got|to )|assert|test.{0,40}fail|fail.{0,40}tests?\b"
    r"|panicked at|clippy|rustfmt|diff in |lint|formatt|type ?error|nameerror|not in scope"
    r"|mismatched types|unused|deprecated|vulnerabilit|rustsec|advisory|does not match"
    r"|unresolved import|no such module|error: aborting|\bts\d{4}\b|not formatted"
    r"|cannot find (?:type|value|function|macro|module|name)|borrow|lifetime"
    r"|missing (?:documentation|field|import)|--- fail|not ok \d|denied by"
    r"|lock file .{0,40}needs to be updated"
)


_PATTERN_WEIGHT = 2.2


@dataclass(frozen=True, slots=True)
class Classification:
    """The probability that a failure came from infrastructure and not from code, and the evidence."""

    infrastructure_probability: float
    reasons: tuple[str, ...] = ()

    @property
    def infrastructure(self) -> bool:
        """Whether infrastructure is the likelier."""
        return self.infrastructure_probability >= 0.5


def classify(causes: Causes, matches: Sequence[Match] = (), *, known: bool | None = None) -> Classification:
    """Whether a failure came from infrastructure, by its cause lines and the patterns found in them.

    ``known`` is what the engine's own evidence says; it settles the question. Without any evidence the
    probability is that of failures at large, about a third.
    """
    if known is not None:
        return Classification(0.98 if known else 0.02, ("the engine's own evidence",))
    logit = -0.7
    reasons: list[str] = []
    # A compiler or test that a full disk stopped says so too, and often first: what speaks for the machine
    # keeps its weight, what speaks for code loses half with every further pattern.
    code_weight = _PATTERN_WEIGHT
    for match in [one for one in matches if not one.catch_all][:4]:
        if match.pattern.infrastructure:
            logit += _PATTERN_WEIGHT
        else:
            logit -= code_weight
        code_weight *= 0.5
        reasons.append(f"{match.pattern.id} ({'infrastructure' if match.pattern.infrastructure else 'code'})")
    weight = 1.2
    for line in causes.ranked[:6]:
        said = without_time(line.text)
        low = said.lower()
        machine, code = bool(_MACHINE.search(low)), bool(_CODE.search(low))
        if machine != code:
            logit += weight if machine else -weight
            reasons.append(said[:120])
        weight *= 0.75
    return Classification(round(1 / (1 + math.exp(-logit)), 4), tuple(reasons))
