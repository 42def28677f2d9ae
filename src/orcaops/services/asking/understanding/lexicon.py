"""Lexicon: the words that questions about runs are made of, each group with one meaning.

A meaning is what the rules in :mod:`.cues` are written in. Inflected forms stand in the table, because
English has more exceptions than a rule for endings would save lines; a misspelt word is taken for the
nearest one that is listed here.
"""

from functools import cache

from orcaops.services.asking.understanding.calendar import DAYS, MONTHS

_MEANINGS = {
    # what happened
    "fail": (
        "fail fails failed failing failure failures broke broken break breaks breaking crash crashes "
        "crashed crashing error errors err errs errored erroring red unsuccessful unsuccessfully died die "
        "dies "
        "dying bombed bust bad faulty problem problems trouble"
    ),
    "pass": (
        "pass passes passed passing succeed succeeds succeeded succeeding success successes successful "
        "successfully green worked fine good"
    ),
    "timeout": "timeout timeouts time-out time-outs timed-out timedout",
    "idle": "idle silent",
    "hung": "hung hang hangs hanging stuck stalled",
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
    "duration": "duration durations latency latencies runtime runtimes run-time elapsed length",
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
        "sporadically unstable unreliable instable"
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
        "arrivals outlook come arriving projection projected"
    ),
    "next": "next",
    "advice": (
        "recommend recommends recommended recommendation recommendations suggest suggests suggestion "
        "suggestions advice advise optimize optimise optimization optimizations optimisation "
        "optimisations idea ideas tip tips improve save saving savings waste wasting"
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
        "executions executed work workload-items submission submissions submitted pod pods"
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
    "detail workspace deployed pushed released upgraded behaviour "
    "behavior behaviours trying try enough offender offenders culprit culprits possible ci cluster fleet "
    "colleague manager where holiday holidays complete full whole entire period starting beginning end ended "
    "finish finished finishes ends start started begin began against above below least limit deal left "
    "anywhere anyplace hand individual hitting meeting true false correct feeling"
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
