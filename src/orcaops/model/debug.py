"""DebugAnalysis: why a run failed, what is known about it, and what to do next."""

from pydantic import Field, NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.logline import Stream
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.remedy import Action, Remedy
from orcaops.model.run import Status
from orcaops.model.solution import Atom, Effect
from orcaops.model.word import Word


class Quote(Word):
    """A piece of a job's output, verbatim: found again in the stored log before it was said.

    ``offset`` names the line in the stored log. Colours and other control letters are left out, and of a
    long line only a part is quoted. It is data of the job: whatever it says, it is not said by OrcaOps.
    """

    offset: NonNegativeInt
    stream: Stream | None = None
    text: str


class LikelyCause(Word):
    """One explanation. ``confidence`` (0 to 1) orders explanations and is no measured frequency.

    ``why`` says what it rests on; ``pattern_id`` names the known failure, where it is one.
    """

    title: str
    description: str = ""
    confidence: Finite
    why: str
    category: str | None = None
    pattern_id: Id | None = None
    quotes: tuple[Quote, ...] = ()


class SuggestedFix(Word):
    """Something to try; ``why`` says where the advice comes from, ``command`` is there to be typed.

    ``effect`` says how often it was followed by success (null: not known), ``standing`` how well that is
    proven; feedback names it by ``solution_id``. ``remedy`` names what OrcaOps could do of it, ``change``
    what was changed where it was learned.
    """

    action: str
    why: str
    command: str | None = None
    pattern_id: Id | None = None
    solution_id: Id | None = None
    standing: str | None = None
    effect: Effect | None = None
    remedy: Action | None = None
    change: Atom | None = None


class Change(Word):
    """One difference between two runs of a key; null means that there was none of it."""

    what: str
    before: str | None = None
    after: str | None = None


class PastFailure(Word):
    """An earlier failure that looks alike, and the next success after it, if any.

    ``same`` says that it is the same failure; else it is of the same kind. ``changed`` is what was different
    in the success that ended it: nothing means that a plain retry did.
    """

    job_id: Id
    submitted_at: UtcTime
    text: str
    same: bool
    ended_by: Id | None = None
    changed: tuple[Change, ...] = ()


class Origin(Word):
    """Whether a failure came from infrastructure or from code, how sure that is, and the evidence."""

    infrastructure: bool
    infrastructure_probability: Finite
    reasons: tuple[str, ...] = ()


class SaidCause(Word):
    """What a language model takes for a cause: an opinion of its own, borne out by lines of the log.

    Only the ``quotes`` are facts: each was found in the stored log. ``fix`` is its advice, tried by nobody.
    """

    title: str
    why: str
    fix: str = ""
    quotes: tuple[Quote, ...]


class Assistance(Word):
    """What a language model added, if it was asked: it changes nothing of what is said without it.

    ``dropped`` counts causes that cited no line of the log, or quoted what is not in it. ``error`` says why
    there is nothing of it.
    """

    model: str
    causes: tuple[SaidCause, ...] = ()
    dropped: NonNegativeInt = 0
    error: str | None = None


class Prompt(Word):
    """What a language model is sent, whole: ``system`` says what to do, ``text`` is masked evidence as JSON.

    ``most_tokens`` bounds both together; ``model`` is null where none is configured.
    """

    model: str | None
    system: str
    text: str
    most_tokens: NonNegativeInt


class DebugAnalysis(Word):
    """A failure explained, bounded whatever the size of the log.

    ``likely_causes`` come in order; the first quotation of the first one is the decisive line. ``evidence``
    are the telling lines of the log: the best of each kind, most telling first, then those around them.
    ``changed_since_success`` compares with ``last_success`` (null: none is known). ``flaky`` and
    ``incident`` say why one might think so. ``next_steps`` are commands. ``remedies`` are what OrcaOps
    itself can do, and does only when told to.
    """

    job_id: Id
    status: Status
    summary: str
    likely_causes: tuple[LikelyCause, ...] = ()
    suggested_fixes: tuple[SuggestedFix, ...] = ()
    similar_past_failures: tuple[PastFailure, ...] = ()
    next_steps: tuple[str, ...] = ()
    evidence: tuple[Quote, ...] = ()
    origin: Origin | None = None
    last_success: Id | None = None
    changed_since_success: tuple[Change, ...] = ()
    flaky: str | None = None
    incident: str | None = None
    unusual: tuple[str, ...] = ()
    signature: str | None = None
    log_lines: NonNegativeInt = 0
    remedies: tuple[Remedy, ...] = ()
    assistance: Assistance | None = None
    compared_with: tuple[Id, ...] = Field(
        default=(), description="Passing runs whose output the log was compared with."
    )


class PatternMatch(Word):
    """A known failure found in a text, its words filled from the line."""

    pattern_id: Id
    category: str
    title: str
    description: str
    solutions: tuple[str, ...] = ()
    infrastructure: bool = False
    line: Quote
