"""Findings: all that was read about one failed run, before anything is said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by

from orcaops.learning.failures.causes import Causes
from orcaops.learning.failures.classification import Classification
from orcaops.learning.failures.matcher import Match
from orcaops.learning.failures.signature import Signature
from orcaops.learning.failures.traces.trace import Event
from orcaops.model.anomaly import Anomaly
from orcaops.model.debug import PastFailure, Quote
from orcaops.model.run import Run
from orcaops.model.solution import Effect, Solution

_NOTHING_KNOWN = Effect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found out about one failed run.

    ``quotes`` are verified, by offset, most telling first. ``compared`` names the passing runs whose output
    the log was compared with; ``nothing_new`` says that they had printed all of it too. ``learned`` are
    solutions from what ended such failures, best first, ``retry`` what trying again is worth, ``solutions``
    those of the known failures by pattern, and ``passing_hits`` how many passing runs show a pattern too.
    """

    run: Run
    causes: Causes
    events: Sequence[Event] = ()
    matches: Sequence[Match] = ()
    quotes: Mapping[int, Quote]
    signature: Signature
    classification: Classification
    compared: tuple[str, ...] = ()
    nothing_new: bool = False
    last_success: Run | None = None
    past: Sequence[PastFailure] = ()
    anomalies: Sequence[Anomaly] = ()
    flaky: Sequence[Anomaly] = ()
    learned: Sequence[Solution] = ()
    retry: Effect = _NOTHING_KNOWN
    solutions: Mapping[str, Sequence[Solution]] = made_by(default_factory=dict)
    passing_hits: Mapping[str, int] = made_by(default_factory=dict)
    log_gone: bool = False
