"""Lexicon: the words that questions about runs are made of, each group with one meaning.

A meaning is what the rules in :mod:`.cues` are written in. Inflected forms stand in the table, because
English has more exceptions than a rule for endings would save lines; a misspelt word is taken for the
nearest one that is listed here.
"""

import re
from functools import cache

from orcaops.services.asking.understanding.calendar import DAYS, MONTHS

_MEANINGS = {
    # what happened
    "fail": (
        "fail fails failed failing failure failures broke broken break breaks breaking crash crashes "
        "crashed crashing error errors err errs errored erroring red unsuccessful unsuccessfully died die "
        "dies "
        "dying bombed bust faulty problem problems trouble"
    ),
    "pass": (
        "pass passes passed passing succeed succeeds succeeded succeeding success successes successful "
        "successfully green worked fine good"
    ),
    "timeout": "timeout timeouts time-out time-outs timed-out timedout",
    "idle": "idle silent hung hang hangs hanging stuck stalled",
    "oom": "oom ooms oom-kill oom-killed oomkilled out-of-memory",
    "killed": "kill kills killed killing",
    "cancel": "cancel cancels cancelled canceled cancelling aborted abort aborts stopped",
    "lost": "lost vanished disappeared",
    "queued": "queued pending enqueued",
    "running": "running active ongoing in-progress",
    "infra": "infrastructure infra",
    "policy": "policy policies denied forbidden blocked refused-by-policy",
    "pull": "pull pulled pulling unavailable",
    "engine": "engine",
    # comparing
    "slower": "slower slowed longer slowing slowdown slowdowns",
    "slow": "slow slowly sluggish",
    "slowest": "slowest longest",
    "faster": "faster quicker shorter sped speedup speedups",
    "fast": "fast quick quickly short",
    "fastest": "fastest quickest shortest",
    "long": "long",
    "more": "more bigger higher larger heavier",
    "less": "less fewer lower smaller",
    "most": "most highest largest biggest heaviest max maximum worst greatest hungriest",
    "least": "least fewest lowest smallest lightest min minimum best",
    "dearer": "dearer costlier pricier",
    "cheaper": "cheaper",
    "cheapest": "cheapest",
    "dearest": "dearest costliest priciest",
    "top": "top",
    "become": "become becomes became becoming get gets got getting gotten gone went going go turned",
    "up": "up",
    "down": "down",
    "rise": (
        "increase increases increased increasing rise rises rose risen rising climb climbs climbed "
        "climbing grow grows grew grown growing jump jumped worse worsen worsened worsening degrade "
        "degraded degrading degradation regress regressed regressing regression regressions deteriorate "
        "deteriorated deteriorating creep creeps crept creeping "
        "exploded ballooned skyrocketed soared doubled tripled"
    ),
    "drop": (
        "decrease decreases decreased decreasing drop drops dropped dropping fall falls fell fallen "
        "falling reduce reduced shrink shrank shrunk shrinking decline declined declining improved "
        "improves improving halved plummeted better improvement improvements"
    ),
    "compare": (
        "compare compares compared comparing comparison versus vs against than differ difference "
        "differences contrast"
    ),
    "usual": "usual ordinary",
    # measures
    "duration": "duration durations runtime runtimes run-time elapsed length",
    "time": "time times",
    "take": "take takes took taken taking last-for need needs needed needing require requires required",
    "use": (
        "use uses used using usage consume consumes consumed consuming consumption eat eats eating ate hog "
        "hogs "
        "hogging burn burns burning burned burnt"
    ),
    "memory": "memory ram mem footprint rss",
    "cpu": "cpu cpus cores core processor compute",
    "wait": "wait waits waited waiting queue queues queueing queuing",
    "cost": (
        "cost costs costed price prices spend spends spent spending money expense expenses bill bills "
        "billed budget dollars dollar euros euro pay paid charge charged expenditure"
    ),
    "expensive": "expensive costly dear pricey",
    "performance": "performance perf speed",
    # asking for numbers
    "count": "count counts number numbers amount quantity tally",
    "many": "many",
    "often": "often frequently frequent frequency common commonly commonest popular",
    "rate": (
        "rate rates percentage percent share fraction proportion ratio reliability reliable reliably "
        "stable stability quality health healthy"
    ),
    "mean": (
        "average avg averages mean median typical typically usually normal normally p50 p90 p95 p99 "
        "percentile averaged generally"
    ),
    "total": "total totals sum overall altogether combined sums entire",
    "per": "per each every by grouped group groups broken-down breakdown split across",
    "distinct": "distinct different unique",
    # development
    "trend": (
        "trend trends trending develop develops developed developing development evolve evolved evolving "
        "evolution history plot graph chart curve timeline"
    ),
    "change": "change changes changed changing",
    "unusual": (
        "anomaly anomalies anomalous unusual unusually strange strangely weird weirdly odd oddly abnormal "
        "abnormally outlier outliers suspicious alert alerts alarm alarms surprising peculiar spike "
        "spikes irregular irregularities erratic erratically noteworthy"
    ),
    "critical": "critical severe serious",
    "warning": "warning warnings",
    "stand": "stand stands stood",
    "flaky": (
        "flaky flakey flake flakes flakier flakiest flakiness intermittent intermittently sporadic "
        "sporadically unstable"
    ),
    "sometimes": "sometimes occasionally randomly",
    # causes and help
    "why": ("why reason reasons explain explains explanation diagnose diagnosis debug root caused causing"),
    "cause": "cause causes",
    "wrong": "wrong",
    "fix": (
        "fix fixes fixed fixing solve solves solved solving solution solutions resolve resolves resolved "
        "remedy cure workaround workarounds helped helps repair repaired cured mended"
    ),
    "help": "help",
    "seen": ("seen see encountered encounter happened happen happens occurred occur occurs known recurring"),
    "before": "before previously previous earlier already",
    "ever": "ever",
    "similar": "similar resembling",
    "mention": (
        "mention mentions mentioned mentioning contain contains contained containing say says said saying "
        "print prints printed printing log logs logged message messages output outputs text"
    ),
    # the future
    "will": (
        "will would shall gonna expect expects expected expecting predict predicts predicted prediction "
        "predictions estimate estimates estimated eta upcoming"
    ),
    "likely": "likely likelihood probability probable chance chances risk risky odds",
    "forecast": (
        "forecast forecasts capacity concurrency workers worker slots peak peaks load workload busy "
        "busiest arrive arrives "
        "arrivals come arriving projection projected"
    ),
    "next": "next",
    "advice": (
        "recommend recommends recommended recommendation recommendations suggest suggests suggestion "
        "suggestions advice advise optimize optimise optimization optimizations optimisation "
        "optimisations tip tips improve save saving savings waste wasting"
    ),
    "wasted": "wasted",
    # order
    "last": "last latest recent recently newest",
    "first": "first earliest oldest initially",
    "when": "when",
    "ago": "ago",
    # things
    "job": (
        "job jobs run runs ran build builds task tasks pipeline pipelines workflow workflows execution "
        "executions executed work workload-items submission submissions submitted"
    ),
    "test": "test tests",
    "image": "image images container containers",
    "branch": "branch branches",
    "commit": "commit commits revision revisions sha",
    "host": "host hosts machine machines runner runners node nodes server servers",
    "executor": "executor executors",
    "command": "command commands",
    "name": "name names named called",
    "team": "team teams",
    "label": "label labels labelled labeled tag tags tagged",
    "key": "key keys",
    "status": "status statuses state states outcome outcomes result results",
    "source": "source sources imported",
    "exit": "exit exits exited exiting",
    "hour": "hour hours hourly",
    "day": "day days daily",
    "week": "week weeks weekly",
    "month": "month months monthly",
    "weekday": "weekday weekdays",
    # asking
    "which": "which what whats whose",
    "who": "who whom whos",
    "overview": "overview summary summarize summarise recap rundown",
    "how": "how hows",
    "list": "list show shows give display find tell print-out get-me fetch see-all search look grep",
    "any": "any anything something everything all none nothing",
    "is": (
        "is are was were be been being isnt arent wasnt did do does doing done has have had having didnt "
        "doesnt dont exist exists existed"
    ),
    "not": (
        "not no never neither nor without except excluding didn't doesn't don't isn't wasn't weren't hasn't "
        "haven't"
    ),
    "much": "much",
    "now": "now currently moment",
    "failing-cause": "responsible",
}

_FILLER = (
    "a an the of in on at to for from with and or but so that this these those there here it its my our your "
    "their we us you they i me he she them as into onto over under about around between during within since "
    "until till after please could can may might should must let lets just only also still too very really "
    "quite then than if while whether however kind sort like per via off out own other another some "
    "such right actually exactly currently one ones once thing things stuff far ok okay hi hey want wanted "
    "wants know wondering interested curious i'd i'll i'm we've that's what's how's who's it's id im ive "
    "exceed exceeds exceeded exceeding beyond excess bytes byte kb mb gb tb kib mib gib kilobytes "
    "lately behave behaves behaving megabytes gigabytes gigs gig megs meg milliseconds ms resource resources "
    "been made make makes making put came went keep keeps kept seem seems seemed look looks time longer "
    "happening happens going gone had own usually most both either again yet even ours side between "
    "question asking ask anyone anybody someone because hungry hit hits open wonder "
    "due case terms regarding concerning respect data info information details "
    "detail trying try enough offender offenders culprit culprits possible ci cluster fleet "
    "colleague manager where holiday holidays complete full whole entire period starting beginning end ended "
    "finish finished finishes ends start started begin began against above below least limit deal left"
)

_TIMES = (
    "today yesterday tomorrow tonight morning afternoon evening night overnight weekend noon midday midnight "
    "past previous prior ago since last current second seconds sec secs minute minutes min mins hr hrs "
    "quarter quarters year years fortnight fortnights couple few several two three four five six seven "
    "eight nine ten "
    "upgrade release rollout migration deployment"
)

_NO_MEANING = (
    "code codes line lines developer developers author authors people person user users bug bugs file files "
    "weather same word words joke story refused lead leader boss friend world life news"
)
NO_MEANING = frozenset(_NO_MEANING.split())
"""Words that are spelt right and mean nothing here: nobody takes them for a misspelt other one."""

VERBS = re.compile(r"\b(?:fell|fall|falls|falling) (?:over|apart)\b|\b(?:blew|blow|blows|blown) up\b")
"""Verbs that mean to fail and hold a word that elsewhere begins a time."""

_ERRORS = (
    r"(?:errors?(?: messages?)?|(?:failure )?reasons?|failure causes?"
    r"|(?:kind|type|cause)s? of (?:the )?(?:error|failure)s?)"
)
WHAT_FAILED = (
    (
        re.compile(
            r"\b(?:group\w*|by|per|for each) (?:the |their )?"
            rf"(?:{_ERRORS}|what failed|diagnosis|problems?)(?= |$)"
            r"|\b(?:most (?:common|frequent|often)|commonest|usual|main|top|biggest) "
            rf"(?:{_ERRORS}|failures|problems|issues|reasons)\b"
            r"(?: for(?: the)? failures?| (?:jobs?|runs?|builds?|they|it) fails?)?"
            r"|\bwhat (?:usually |mostly |most often |normally )(?:fails|goes wrong|breaks)\b"
            r"|\b(?:which|what) (?:errors?|problems?)\b(?=.*\b(?:most|often|common\w*|frequent\w*)\b)"
        ),
        "failure",
    ),
    (
        re.compile(
            r"\b(?:by|per|for each) tests?(?= |$)"
            r"|\b(?:which|what) (?:unit |single )?tests? "
            r"(?=(?:is |are )?(?:fail|flak|break|broke|most|red)|(?:do|did|have) fail)"
            r"|\b(?:flakiest|worst|flaky|most failing|top failing) tests?\b(?! job)"
        ),
        "test",
    ),
)
"""How people say that failures are counted by what failed in them, with the field that it is."""

PHRASES = (
    (
        (
            r"\b(?:distribution|breakdown|split|histogram) of (?:the )?"
            r"(?=(?:exit codes?|status\w*|outcomes?|causes?|images?|hosts?|branch\w*)\b)"
        ),
        "count per ",
    ),
    (r"\b(?:distribution|spread|histogram) of\b", "mean"),
    (r"\bbreakdown of\b", "count"),
    (r"\bwhat (?:made|makes|is making|led to)\b", "why"),
    (r"\bwhat (?:is|was|'s) (?:new|different)\b", "which change"),
    (r"\bwhere (?:can|could|do|should|might) (?:we|i|you|one) (?:save|cut|reduce|lower|trim)\b", "advice"),
    (r"\b(?:is|are|was|were|went|gone) (?:missing|absent)\b", "not job"),
    (r"\benough (?:to|for) .*$|\bin order to .*$", " "),
    (r"\b(?:why|how come) (?:is |are |do |does |did |has |have )*(?:no\w*|nobody)\b(?=.* ran\b)", "not"),
    (r"\bsince when\b(?=.*\b(?:fail\w*|red|broken|crash\w*)\b)", "when first"),
    (r"\bhow long (?:has|have|is|was)\b(?=.* (?:fail\w*|red|broken|crash\w*)\b)", "when first"),
    (
        (
            r"\b(?:is|are|has|have|did|was) ((?:the |my |our )?⟨N\d+⟩ )(?:already |still |all )?"
            r"(?:done|finish\w*|complete\w*|ready|over|through|ended)\b"
        ),
        r"last \1 job",
    ),
    (
        r"\b(?:is|are) (?:everything|all|things) (?:ok|okay|alright|well|fine|healthy|good|in order)\b",
        "unusual",
    ),
    (r"\b(?:go|goes|going|went|gone|got|get|make|made|makes) (?:it )?through\b|\bma(?:ke|de) it\b", "pass"),
    (
        (
            r"\b(?:what|which) (?:is |was |were |did )?(?:the |that |an )?"
            r"(?:error|exception|stack ?trace)(?: message)?\b"
        ),
        "why fail",
    ),
    (
        r"\b(?:ever|already) (?:have |has )?(?:had|got|gotten|hit|faced|met)\b|\b(?:run|ran) into\b",
        "seen ever",
    ),
    (r"\bget(?:ting)? rid of\b|\bgot rid of\b|\bovercome\b", "fix"),
    (r"\bstop(?:s|ped|ping)? (?:passing|working|succeeding)\b|\bnot (?:be )?work(?:ing|s)?\b", "fail"),
    (r"\b(?:stop(?:s|ped)? running|no longer (?:run|runs|ran|running))\b", "not job"),
    (r"\bthe more\b(?! than)", "most"),
    (r"\bhow many (?=(?:memory|ram|cpu|money)\b)", "how much "),
    (r"\b(?:cpu|core|compute)[- ]?(?:hours|minutes|seconds)\b", "total cpu"),
    (
        r"\bshould (?:i|we|you|one) (?:give|reserve|allocate|request|allow|set|assign|use|grant)\b",
        "will",
    ),
    (r"\b(?:which|what) (?:memory |cpu |time )?(?:timeout|limit)s?\b(?=\s+will\b)", "advice"),
    (
        r"\b(?:because of|due to|caused by)\b|\b(?:errors?|messages?) (?:of|about|with|like|saying)\b",
        "saying fail",
    ),
    (r"^what (?:all )?(?:went|is|was) down\b", "what failed"),
    (r"\bwhat (?:should|can|could|do|must) (?:i|we|you|one) do (?:about|with|against)\b", "fix"),
    (r"\bhow (?:do|to|can|should)(?: i| we| you)? deal with\b", "fix"),
    (r"\bhow many times? (?=takes?\b|needs?\b|lasts?\b)", "how long "),
    (r"\bwhat(?: is|'s) up with\b|\bhow (?:is|are) (?:\S+ )?doing\b", "how is"),
    (r"\b(?:slower|longer|faster|more|bigger|higher) as\b", "more than"),
    (r"\bout of memory\b", "oom"),
    (r"\bout of time\b", "timeout"),
    (r"\b(?:time|timed|times|timing) out\b", "timeout"),
    (r"\btook too long\b", "timeout"),
    (r"\bin progress\b", "running"),
    (
        r"\b(?:is|are|am) ((?:\S+ )?)going to (?=(?:need|use|take|cost|fail|pass|succeed|be)\b)",
        r"will \1",
    ),
    (r"\bmost recent(?:ly)?\b", "last"),
    (r"\bhow many (?:hours|minutes|seconds|days) (?:of )?", "total duration "),
    (r"\bhow long (?:until|till|before)\b", "how long will"),
    (r"\bmore (?:runners|workers|machines|hosts|capacity|servers|nodes)\b", "forecast"),
    (r"\bwhat (?:would|could|can|will|might) make\b", "advice"),
    (r"\bwhat (?:can|could|should|do|might) (?:i|we|you|one) do to\b", "advice"),
    (r"\b(?:what(?:'s| is| was) )?behind\b", "why"),
    (r"\bnever (?:finished|ended|returned|came back)\b", "lost"),
    (r"\b(?:longest|slowest|long|slow)[- ]running\b", "slowest"),
    (r"\bslow(?:s|ed|ing)? down\b", "slower"),
    (r"\bsp(?:ed|eed|eeds|eeding)(?:ed)? up\b", "faster"),
    (r"\bout of the ordinary\b", "unusual"),
    (
        (
            r"\bhow (?:do|can|could|should|to|would|might) (?:we |i |you |one )?"
            r"(?:make|get|speed|reduce|lower|cut)\b"
        ),
        "advice",
    ),
    (r"\bright now\b|\bat the moment\b|\bas we speak\b", "now"),
    (r"\bnow and then\b|\bevery now and then\b|\bfrom time to time\b|\bon and off\b", "sometimes"),
    (r"\bover time\b|\bday by day\b|\bweek by week\b|\bmonth by month\b", "trend"),
    (r"\brun[- ]?times?\b", "duration"),
    (r"\brunning times?\b", "duration"),
    (r"\b(?:queue|queueing|queuing|wait|waiting) times?\b", "wait"),
    (r"\bcpu times?\b", "cpu"),
    (r"\bexit (?:codes?|status)\b", "exitcode"),
    (r"\bat (?:what|which) (?:hours?|time)\b(?! of)", "which hourofday"),
    (r"\bhours? of (?:the )?day\b|\btimes? of (?:the )?day\b", "hourofday"),
    (r"\bdays? of (?:the )?week\b", "weekday"),
    (r"\bas usual\b|\bthan (?:usual|normal|normally|before|expected)\b|\bthan it used to\b", "thanusual"),
    (r"\bhow come\b|\bwhat for\b", "why"),
    (r"\bbroken? (?:it |them |this |that )?down\b|\bbreak (?:\w+ )?down\b", "per"),
    (r"\bgo(?:es|ing)? wrong\b|\bwent wrong\b|\bgone wrong\b", "why fail"),
    (r"\bran? out of\b", "fail"),
    (r"\bmulti[- ]?runs?\b", "job"),
    (r"\bso far\b|\bof all time\b|\bat all\b|\bup to now\b|\bat least once\b|\bin general\b", ""),
    (r"\btimes? (?:is |was |we )?(?:spent|wasted|lost)\b", "duration"),
    (r"\bby the (?!hour|day|week|month)", ""),
    (r"\b\d{1,2}(?:st|nd|rd|th)? percentile\b", "mean"),
    (r"\bnever (?:ever )?fail\w*", "not fail"),
    (
        r"\b(?:could|can|should|may|to|must) (?:we |i |be |you )*improved?\b|\broom for improvements?\b",
        "advice",
    ),
    (r"\bdisk space\b", "disk"),
    (r"\bsuccess(?:es)? rates?\b|\bpass(?:ing)? rates?\b|\bsuccess ratio\b", "rate"),
    (r"\b(?:failure|fail|error) (?:rates?|ratio|percentage)\b", "failrate"),
)
"""Phrases with the meanings that stand for them, in the order in which they are looked for."""


@cache
def meanings() -> dict[str, str]:
    """Each word with its meaning; words that say nothing on their own mean the empty text."""
    found = dict.fromkeys([*_FILLER.split(), *_TIMES.split(), *DAYS, *MONTHS], "")
    for meaning, words in _MEANINGS.items():
        for word in words.split():
            found[word] = meaning
    return found


@cache
def spellable() -> tuple[str, ...]:
    """The words that a misspelt one may be meant for, in one order."""
    return tuple(sorted(word for word in meanings() if len(word) >= 3))
