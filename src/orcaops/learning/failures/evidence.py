"""Evidence: what is kept of a failing log when the run ends, small enough to stay for ever.

The log's telling lines, the signature, the class and the known failures in them: what later learning needs,
so that nothing has to read the log again. Bounded by :data:`~orcaops.model.diagnosis.MOST_LINES` lines.
"""

from collections.abc import Callable, Iterable, Sequence

from orcaops.learning.failures.causes import Causes, find_causes_of_failure, severity
from orcaops.learning.failures.classification import classify
from orcaops.learning.failures.events import read_log
from orcaops.learning.failures.fingerprint import Fingerprint
from orcaops.learning.failures.knowledge import KnowledgeBase
from orcaops.learning.failures.masking import mask, plain, without_time
from orcaops.learning.failures.matcher import Match
from orcaops.learning.failures.precedence import causes_first
from orcaops.learning.failures.signature import Signature, signature, tool_of
from orcaops.model.diagnosis import LONGEST_LINE, MOST_LINES, Evidence, EvidenceLine
from orcaops.model.identity import content_id
from orcaops.model.run import Cause, Run

BY_ENGINE = {
    Cause.OOM_KILLED: "oom",
    Cause.TIMEOUT_TOTAL: "timeout",
    Cause.TIMEOUT_IDLE: "timeout",
    Cause.IMAGE_UNAVAILABLE: "image",
    Cause.ENGINE_LOST: "infrastructure",
    Cause.INFRASTRUCTURE: "infrastructure",
    Cause.POLICY_DENIED: "policy",
}
"""Ends that the engine itself names, and what each is about: the family of such failures."""

INFRASTRUCTURE = frozenset({Cause.ENGINE_LOST, Cause.INFRASTRUCTURE, Cause.IMAGE_UNAVAILABLE})
"""Ends that the engine itself puts down to infrastructure."""

THE_JOB = frozenset({Cause.OOM_KILLED, Cause.POLICY_DENIED})
"""Ends that the engine itself puts down to the job: trying again changes nothing."""

_RANKED = 10
_MOST_PASSING = 20
_SILENT = 0.3331  # without any line: the probability of failures at large


def by_engine(run: Run) -> str | None:
    """The cause that the engine itself names, if it does."""
    return str(run.cause) if run.cause in BY_ENGINE else None


_NEEDS_NETWORK = "needs-network"
"""The tag of patterns of failures that a job without a network cannot escape."""


def lacks_network(run: Run, matches: Sequence[Match]) -> bool:
    """Whether a container that was given no network failed of just that."""
    spec = run.effective
    if spec is None or not spec.image or spec.network not in (None, "none"):
        return False
    specific = [match for match in matches if not match.catch_all]
    # Of several patterns on the decisive line any may say it: "curl: (6) Could not resolve host".
    return any(
        _NEEDS_NETWORK in match.pattern.tags for match in specific if match.offset == specific[0].offset
    )


def known_origin(run: Run, matches: Sequence[Match] = ()) -> bool | None:
    """Whether the end is known to come from infrastructure, or not to; None where it is not known.

    The engine says so, or the job asked for a network that it was not given.
    """
    if lacks_network(run, matches):
        return False
    return True if run.cause in INFRASTRUCTURE else False if run.cause in THE_JOB else None


def evidence_of(
    run: Run,
    lines: Sequence[tuple[int, str]],
    passing: Sequence[Fingerprint],
    *,
    shipped: KnowledgeBase,
    knowledge: KnowledgeBase,
    version: str,
) -> Evidence:
    """What a failing log told; ``lines`` are its (offset, text), as many as may be looked at."""
    causes, compared = find_causes_of_failure(lambda: lines, passing, known=knowledge.specific)
    kept = telling(causes)
    matches = shipped.explain((line.offset, line.text) for line in kept)
    events = read_log(lines).events
    signed = ended(run, signature(causes, events, matches, command=run.command, exit_code=run.exit_code))
    told = causes_first(matches, causes)
    classified = classify(causes, told, known=known_origin(run, told))
    return Evidence(
        job_id=run.job_id,
        workspace=run.workspace,
        lines=kept,
        line_count=causes.line_count,
        compared=compared,
        signature=signed.id,
        family=signed.family,
        kind=signed.kind,
        label=label_of(signed),
        text=signed.text,
        frame=signed.frame,
        tool=signed.tool,
        infrastructure_probability=classified.infrastructure_probability,
        reasons=tuple(reason[:120] for reason in classified.reasons[:4]),
        patterns=patterns_in(kept, knowledge),
        knowledge=version,
    )


def telling(causes: Causes) -> tuple[EvidenceLine, ...]:
    """The lines that are kept: the best of each kind, then what stands around them."""
    chosen = list(causes.ranked[:_RANKED])
    known = {line.offset for line in chosen}
    chosen += [line for line in causes.lines if line.offset not in known][: MOST_LINES - len(chosen)]
    return tuple(EvidenceLine(offset=one.offset, text=plain(one.text)[:LONGEST_LINE]) for one in chosen)


def patterns_in(lines: Iterable[EvidenceLine], knowledge: KnowledgeBase) -> tuple[str, ...]:
    """The specific known failures in kept lines, those that say why first; catch-alls are none."""
    matches = causes_first(knowledge.explain((line.offset, line.text) for line in lines), Causes())
    return tuple(match.pattern.id for match in matches if not match.catch_all)


def ended(run: Run, said: Signature) -> Signature:
    """The signature, or, where the engine itself names the end, one of that: the log did not decide it."""
    if run.cause not in BY_ENGINE:
        return said
    detail = (run.image or "") if run.cause is Cause.IMAGE_UNAVAILABLE else ""
    name = str(run.cause)
    return Signature(
        id=content_id("engine", name, detail, said.tool or ""),
        family=BY_ENGINE[run.cause],
        text=f"{name.replace('_', ' ')}{f': {detail}' if detail else ''}",
        kind=f"engine:{name}",
        tool=said.tool,
        exit_code=run.exit_code,
    )


def kept_signature(kept: Evidence, run: Run) -> Signature:
    """The signature as it was kept when the run ended."""
    return Signature(
        id=kept.signature,
        family=kept.family,
        text=kept.text,
        kind=kept.kind,
        frame=kept.frame,
        tool=kept.tool,
        exit_code=run.exit_code,
    )


def silent(run: Run) -> Signature:
    """The signature of a failure without any line: how it ended, and of what program."""
    tool = tool_of(run.command)
    code = "" if run.exit_code is None else str(run.exit_code)
    return ended(
        run,
        Signature(
            id=content_id("silent", "", tool or "", code),
            family="silent",
            text=f"{tool or 'the command'} failed without a word",
            kind="silent",
            tool=tool,
            exit_code=run.exit_code,
        ),
    )


def origin_of_silence(run: Run) -> float:
    """The probability that a failure without any line came from infrastructure."""
    known = known_origin(run)
    return _SILENT if known is None else 0.98 if known else 0.02


def label_of(said: Signature) -> str:
    """The signature in words: the same for the same failure, whatever differs from run to run."""
    if said.frame is None:
        return mask(said.text)[:200]
    exception = said.kind.removeprefix("exception:") if said.kind.startswith("exception:") else None
    return f"{exception or mask(said.text)} in {said.frame}"[:200]


def passing_lines(lines: Iterable[str], *, sounds: Callable[[str], float] = severity) -> tuple[str, ...]:
    """The lines of a passing log that sound like a failure, each kind once, at most twenty."""
    found: dict[str, str] = {}
    for line in lines:
        body = without_time(plain(line))
        if body.strip() and sounds(body) > 0:
            found.setdefault(mask(body), body[:LONGEST_LINE])
            if len(found) >= _MOST_PASSING:
                break
    return tuple(found.values())
