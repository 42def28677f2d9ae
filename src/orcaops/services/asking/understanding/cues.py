"""Cues: what in a question speaks for which kind of answer, and for how much.

They are expressions over meanings (see :mod:`.lexicon`), in which ``⟨n⟩`` stands for a name, ``⟨t⟩`` for a
time, ``⟨f⟩`` for a time ahead, ``⟨x⟩`` for an amount and ``⟨q⟩`` for a quotation. Weights of all cues of a
kind that are found are added.
"""

import re
from collections import defaultdict

from orcaops.model.inquiry import Kind

_MEASURED = "(?:duration|memory|cpu|wait|cost|failrate|rate|performance)"
_SHARED = "(?:image|host|branch|command|executor|team|commit|source)"  # what several jobs run with
_BIGGEST = "(?:most|slowest|dearest|top)"

_TABLE: tuple[tuple[Kind, float, str], ...] = (
    (Kind.PREDICT, 3.2, r"\bwill\b"),
    (Kind.PREDICT, 3.2, r"\blikely\b"),
    (Kind.PREDICT, 1.0, r"\bnext\b"),
    (Kind.PREDICT, 4.0, r"\bwill ⟨n⟩ (?:fail|pass|take|timeout)\b"),
    (Kind.PREDICT, 4.0, r"\bhow (?:much|long)\b.*\bwill\b"),
    (Kind.PREDICT, 1.0, r"\bwill\b.*⟨n⟩|⟨n⟩.*\bwill\b"),
    (Kind.FORECAST, 4.2, r"\bforecast\b"),
    (Kind.FORECAST, 4.5, r"⟨f⟩"),
    (Kind.FORECAST, 5.6, r"\bwill\b(?!.*⟨n⟩).*(?:\bcost\b|⟨t⟩)"),
    (Kind.FORECAST, 4.2, r"\bwill\b.*⟨n⟩.*\bcost ⟨f⟩"),  # all of its runs in that time, and not the next one
    (Kind.ADVICE, 4.4, r"\badvice\b"),
    (Kind.FIXES, 6.2, r"\bfix\b"),
    (Kind.FIXES, 2.0, r"\bhelp\b.*(?:fail|timeout|oom|⟨n⟩|⟨q⟩)"),
    (Kind.SEEN, 4.6, r"\bseen\b.*\bbefore\b|\bever\b.*\bseen\b|\bseen\b.*\bever\b"),
    (Kind.SEEN, 5.0, r"\b(?:before|ever)\b.*⟨q⟩|⟨q⟩.*\b(?:before|ever)\b"),
    (Kind.SEEN, 3.6, r"\bsimilar\b"),
    (Kind.SEEN, 3.4, r"⟨q⟩.*\bseen\b|\bseen\b.*⟨q⟩"),
    (Kind.SEEN, 5.2, r"\bsaying\b.*⟨q⟩"),
    (Kind.EXPLAIN, 3.6, r"\bwhy\b"),
    (Kind.EXPLAIN, 4.8, r"^help ⟨n⟩ is fail$"),
    (Kind.EXPLAIN, 3.4, (r"\bwhich\b(?: is)?(?: [a-z]+)? cause\b(?! per)|\bcause\b(?: is)? ⟨n⟩"
        r"|\bcause fail\b")),
    (Kind.EXPLAIN, 2.2, r"\bwrong\b"),
    (Kind.CHANGES, 3.8, (r"\bwhich (?:is )?(?:change|distinct)\b|^change\b|\b(?:which"
        r"|list) .*\bchange\b.*\b(?:pass|last)\b")),
    (Kind.CHANGES, 3.6, r"\b(?:change|distinct|compare)\b.*\blast\b.*\b(?:pass|fail)\b"),
    (Kind.CHANGES, 1.2, (r"\b(?:compare|distinct)\b.*\bfail\b.*\bpass\b|\b(?:compare"
        r"|distinct)\b.*\bpass\b.*\bfail\b")),
    (Kind.FLAKY, 4.4, r"\bflaky\b"),
    (Kind.FLAKY, 3.0, r"\bsometimes pass sometimes (?:not|fail)\b"),
    (Kind.FLAKY, 5.0, r"\bsometimes\b.*\bfail\b|\bfail\b.*\bsometimes\b"),
    (Kind.ANOMALIES, 4.0, r"\bunusual\b"),
    (Kind.ANOMALIES, 3.2, r"\b(?:critical|warning)\b"),
    (Kind.ANOMALIES, 3.4, r"^is any(?: pass)?(?: ⟨t⟩)?$"),
    (Kind.ANOMALIES, 3.4, r"\bstand\b"),
    (Kind.ROSE, 3.2, r"\b(?:slower|dearer)\b"),
    (Kind.ROSE, 3.2, r"\brise\b"),
    (Kind.ROSE, 3.0, r"\bbecome up\b|\bup\b.*⟨t⟩"),
    (Kind.ROSE, 2.6, r"\bbecome (?:[a-z]+ )?(?:more|slow|expensive|flaky)\b"),
    (Kind.ROSE, 3.0, r"\b(?:use|take|fail|wait|cost)\b(?: [a-z]+)? more\b(?! (?:compare )?⟨x⟩)"),
    (Kind.ROSE, 2.0, r"\bmore\b.*\b(?:before|thanusual)\b"),
    (Kind.ROSE, 1.2, r"\bthanusual\b"),
    (Kind.ROSE, 3.4, r"\bmore slow\b|\bslow more\b|\bwhen (?:is )*⟨n⟩ (?:is )*(?:become )?slow(?:er)?\b"),
    (Kind.ROSE, 2.0, r"^when (?:is )*⟨n⟩ (?:is )*(?:become )?slow(?:er)?\b"),
    (Kind.ROSE, 4.6, r"\bwhy\b(?!.*\bfail\b).*\b(?:slow|wait|expensive|memory|slower|take)\b"),
    (Kind.FELL, 3.2, r"\b(?:faster|cheaper)\b"),
    (Kind.FELL, 3.2, r"\bdrop\b"),
    (Kind.FELL, 3.0, r"\bbecome down\b|\bdown\b.*⟨t⟩"),
    (Kind.FELL, 2.6, r"\bbecome (?:[a-z]+ )?(?:less|fast)\b"),
    (Kind.FELL, 3.0, r"\b(?:use|take|fail|wait|cost)\b(?: [a-z]+)? less\b(?! (?:compare )?⟨x⟩)"),
    (Kind.FELL, 5.4, r"\bmore rate\b|\bless (?:often )?fail\b|\bfail less\b"),
    (Kind.TREND, 3.2, r"^performance\b"),
    (Kind.TREND, 4.2, r"\btrend\b"),
    (Kind.TREND, 3.4, rf"\bhow is\b.*\bchange\b|{_MEASURED}.*\bchange\b(?!.*\blast\b)"),
    (Kind.TREND, 3.4, r"^is (?:count|fail|job|cost|memory|duration|wait|rate)[^⟨]*\b(?:rise|up|drop|down)\b"),
    (Kind.COMPARE, 8.0, r"\bsincechange\b"),
    (Kind.COMPARE, 2.2, r"\bcompare\b"),
    (Kind.COMPARE, 2.6, r"^compare\b|\bcompare ⟨t⟩|⟨t⟩ compare\b"),
    (Kind.COMPARE, 0.8, r"\b(?:slower|faster|more|less|cheaper|dearer)\b.*\bcompare\b"),
    (Kind.LAST, 4.0, r"\bwhen\b.*\blast\b|\blast time\b"),
    (Kind.LAST, 3.0, r"^(?:which is |list )?(?:⟨n⟩ )?last\b"),
    (Kind.LAST, 3.2, r"^how is (?:⟨n⟩ )?last\b"),
    (Kind.LAST, 1.6, r"^(?:which is |list )?last (?:pass|fail|job|timeout|cancel)\b"),
    (Kind.LAST, 2.6, r"^is ⟨n⟩ ever\b|\bever (?:pass|fail|job|timeout)\b"),
    (Kind.FIRST, 4.2, r"\bwhen\b.*\bfirst\b|\bfirst time\b|\bfirst (?:fail|pass|job|timeout|oom)\b"),
    (Kind.FIRST, 3.4, r"^(?:which is |list )?first (?:queued|running)\b"),
    (Kind.FIRST, 3.2, r"^when is\b(?!.*\b(?:last|will|next)\b)|\bsince when\b"),
    (Kind.MISSING, 8.0, r"^(?!.*\b(?:why|when|often)\b).*\bnot (?:is |ever )*(?:job|use)\b"),
    (Kind.COUNT, 7.0, r"\bwhatfailed\b"),
    (Kind.COUNT, 3.4, (rf"^(?:list )?(?:which|list any|list) {_SHARED}(?: is)*"
        r"(?: use| job| seen)?(?: ⟨[nt]⟩)*$")),
    (Kind.COUNT, 6.4, rf"\bwhich {_SHARED} (?:is )*use (?:most|least)\b|\b(?:most|least) use {_SHARED}\b"),
    (Kind.COUNT, 4.4, r"\bjob (?:is )*(?:most|least) ?often\b|\bmost often job\b"),
    (Kind.COUNT, 4.4, r"\boverview\b"),
    (Kind.COUNT, 5.4, (r"\bwhich (?:weekday|hour|hourofday|day|week|month|host|image|branch|team|executor)"
        r" (?:is )?(?:most|least)(?: job)?$"
        r"|\bwhich (?:weekday|hour|day|host|image|branch) (?:is )?(?:most|least) job\b")),
    (Kind.COUNT, 4.0, r"\bhow many\b"),
    (Kind.COUNT, 3.4, r"\bcount\b"),
    (Kind.COUNT, 3.0, r"\bhow often\b"),
    (Kind.COUNT, 3.0, (r"\b(?:fail|timeout|oom|cancel|pass|lost)\b.*\bper\b|\bper\b.*\b(?:fail"
        r"|timeout|oom|cancel)\b")),
    (Kind.COUNT, 2.8, r"\b(?:job|pass|fail)\b.*\bper\b"),
    (Kind.COUNT, 5.4, (r"\bfail\b(?: is)? most\b|\bmost (?:often )?fail\b"
        r"|\bfail (?:the )?most\b|\bmost .*\b(?:timeout|oom)\b")),
    (Kind.COUNT, 6.0, r"\btop fail job\b"),
    (Kind.COUNT, 3.4, (r"\bwhich (?:weekday|hour|hourofday|day)\b.*\bfail\b|\b(?:hourofday"
        r"|weekday)\b.*\bfail\b")),
    (Kind.RATE, 3.2, r"^how is ⟨n⟩(?: is)?(?: ⟨t⟩)?$"),
    (Kind.RATE, 6.0, r"(?<!pass )\bnot (?:is )?(?:ever )?fail$"),
    (Kind.RATE, 4.6, r"\brate\b"),
    (Kind.COUNT, 5.6, r"\bforecast (?:hour|hourofday|day|weekday|week)\b|^when is most\b"),
    (Kind.COUNT, 5.0, r"\bwhich (?:commit|image|host|branch|command|executor) (?:is )?(?:why|cause)\b"),
    (Kind.COUNT, 4.8, r"\b(?:cause|exitcode)\b.*\b(?:most|often)\b"),
    (Kind.COUNT, 4.8, r"\b(?:most|often)\b.*\b(?:cause|exitcode)\b"),
    (Kind.COUNT, 3.6, r"\b(?:timeout|oom|cancel|lost) (?:the )?(?:most|often)\b"),
    (Kind.RATE, 4.8, r"\bfailrate\b"),
    (Kind.TYPICAL, 8.0, (r"\bwhich (?:hourofday|weekday|hour|day)\b"
        r".*\b(?:wait|duration|slow|slowest|memory|cpu)\b")),
    (Kind.TYPICAL, 3.4, r"\bhow long\b"),
    (Kind.TYPICAL, 3.8, r"\bmean\b"),
    (Kind.TYPICAL, 2.8, r"\bhow much (?:memory|cpu)\b"),
    (Kind.TYPICAL, 1.6, r"\b(?:duration|memory|cpu|wait)\b"),
    (Kind.TYPICAL, 1.0, r"\b(?:duration|memory|cpu|wait)\b.*\bper\b"),
    (Kind.TYPICAL, 2.0, r"\busual\b"),
    (Kind.TYPICAL, 3.4, r"\bhow (?:slow|fast) is\b"),
    (Kind.TYPICAL, 5.5, r"\bwhich (?:host|image|branch|executor)\b.*\b(?:fastest|slowest)\b"),
    (Kind.TYPICAL, 5.5, rf"^(?:list )?(?:slowest|fastest) {_SHARED}\b"),
    (Kind.TYPICAL, 0.8, r"\bmost (?:memory|cpu|duration|wait)\b.*⟨n⟩$"),
    (Kind.TOTAL, 6.4, r"\btop job per (?:total )?(?:cpu|cost|wait)\b"),
    (Kind.TOTAL, 4.0, r"\btotal\b"),
    (Kind.TOTAL, 3.0, r"\bcost\b|\bwasted\b"),
    (Kind.TOTAL, 3.6, r"\bhow (?:much|expensive)\b.*(?:\bcost\b|\bexpensive\b|⟨t⟩)|\bhow expensive\b"),
    (Kind.TOTAL, 4.6, r"\bhow many (?:hour|day|minute)?\b(?: [a-z]+)? ?\bcpu\b|\bhow much time\b"),
    (Kind.TOTAL, 1.0, r"\bcost\b.*\bper\b|\bper\b.*\bcost\b|\bcost most\b|\bmost cost\b"),
    (Kind.LIST, 1.0, r"\blist\b"),
    (Kind.LIST, 1.0, r"\b(?:which|any)\b"),
    (Kind.LIST, 1.6, (r"\b(?:fail|pass|timeout|oom|cancel|queued|running|lost|policy|pull"
        r"|idle|hung|infra|killed)\b")),
    (Kind.LIST, 1.0, r"\bjob\b"),
    (Kind.LIST, 2.2, r"⟨x⟩"),
    (Kind.LIST, 2.2, r"\bmention\b.*⟨q⟩|⟨q⟩.*\bmention\b"),
    (Kind.LIST, 0.8, r"⟨q⟩"),
    (Kind.LIST, 2.6, r"\b(?:slowest|fastest|cheapest)\b"),
    (Kind.LIST, 3.2, rf"\b{_BIGGEST}(?: [a-z]+)? (?:memory|cpu|expensive|duration)\b"),
    (Kind.LIST, 3.2, r"\b(?:use|take|wait) (?:[a-z]+ )?(?:most|slowest)\b"),
    (Kind.LIST, 3.2, r"\bdearest\b|\bwait (?:slowest|most|long)\b|\bmost memory\b"),
    (Kind.LIST, 0.8, r"^(?:list )?(?:any |which )?job\b"),
    (Kind.LIST, 2.4, r"^(?:list )?(?:any )?job$"),
    (Kind.LIST, 2.4, r"^(?!.*\b(?:flaky|unusual|pass|slow|advice)\b).*\bnow\b"),
    (Kind.LIST, 1.5, r"^which (?:is )?seen\b(?!.*\bbefore\b)"),
    (Kind.LIST, 2.4, r"\bstatus ⟨n⟩"),
    (Kind.LIST, 0.5, r"⟨n⟩"),
    (Kind.LIST, 0.3, r"⟨t⟩"),
)  # fmt: skip
_CUES = tuple((kind, weight, re.compile(expression)) for kind, weight, expression in _TABLE)


def weights(meant: str) -> dict[Kind, float]:
    """How much speaks for each kind; kinds that nothing speaks for are left out."""
    found: dict[Kind, float] = defaultdict(float)
    for kind, weight, expression in _CUES:
        if expression.search(meant):
            found[kind] += weight
    return dict(found)
