"""Phrases: groups of words that mean together what their words do not mean alone.

They are looked for before single words get their meaning (see :mod:`.lexicon`).
"""

import re

VERBS = (
    (
        re.compile(r"\b(?:fell|fall|falls|falling) (?:over|apart)\b|\b(?:blew|blow|blows|blown) up\b"),
        "failed",
    ),
    (re.compile(r"\b(?:sat|sits?|sitting)\b(?= (?:in|on|around|idle|waiting|queued|there|for)\b)"), "waited"),
    (
        re.compile(
            r"\b(?:has|have|is|are) ((?:(?!the\b)\S+ )?)(?:been |still )?running "
            r"(?=(?:for )?(?:more|over|longer|at least)\b)"
        ),
        r"is \1in-progress ",
    ),
)
"""Verbs that are, or hold, a word that elsewhere names or begins a time or an amount, with what they mean."""

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
            r"|\b(?:which|what)(?: are the)? (?:unit |single |individual )?tests? (?:that |which )?"
            r"(?=(?:is |are )?(?:fail|flak|break|broke|most|red)|(?:do|did|have) fail)"
            r"|^(?:(?:the|all|list|show|me|any) )*(?:unit )?tests (?:that |which )?(?:is |are |have |did )?"
            r"(?=fail|flak|break|broke)|(?:failing|broken) tests\b(?! job)"
            r"|\b(?:flakiest|worst|flaky|most failing|top failing) tests?\b(?! job)"
        ),
        "test",
    ),
)
"""How people say that failures are counted by what failed in them, with the field that it is."""

PHRASES = (
    (r"\b(?:i|we)(?:'d| would) (?:like|love|want) to (?:know|see|find out|understand|have|learn)\b", " "),
    (r"\b(?:we|i)(?: ?'?(?:re|ve|m)| are| am)? (?:all )?stuck\b", " "),
    (r"^good (?:morning|evening|afternoon|day)\b|\bon[- ]?call\b", " "),
    (r"\b(?:i|we) (?:have the feeling|feel|think|believe|guess|suspect|mean)(?: that)?\b", " "),
    (r"\b(?:i|we)(?:'d| would)? need to (?:know|see|find out|understand|have|learn)\b", " "),
    (r"\b(?:get|got|getting) (.*?)\b(?:working|running|green|passing) again\b", r"fix \1"),
    (r"\b(?:going |go |gone |went )?(?:up or down|down or up|better or worse|worse or better)\b", "trend"),
    (r"\b(\w+er) and \1\b", r"\1"),
    (r"\b(?:total )?time[- ]?limit\b", "timeout"),
    (
        r"^(?=.*\b(?:fail\w*|die[ds]?|broke\w*|crash\w*)\b)(.*)\bwhat (?:has |had )?happen(?:ed|s)\b",
        r"\1 why",
    ),
    (
        (
            r"\bkilled (?:for|because of|due to|over) "
            r"(?:the |its |their |too much |using |taking |eating |needing |wanting )*(?:memory|ram)\b"
        ),
        "oom",
    ),
    (r"\b(?:far |way )?too much\b", "most"),
    (r"\b(memory|ram|mem|cpu) (?:users?|consumers?|hogs?|eaters?|guzzlers?)\b", r"\1 job"),
    (r"\bworst[- ]performing\b", "slowest"),
    (r"\bbest[- ]performing\b", "fastest"),
    (
        (
            r"\b(?:most )?(?:recent|latest|last) (?=(?:failed |failing |successful |broken )?"
            r"(?:failures|runs|jobs|builds|timeouts|errors|problems|executions)\b)"
        ),
        " ",
    ),
    (r"\b(?:depends?|var(?:y|ies)|differs?) (?:on|by|with|across|per)\b", "per"),
    (r"\bdiffer(?:s|ed)?(?= between| from)\b", "different"),
    (r"\b(?:is|are|does|was) (?:the )?worst\s*$", "most failrate"),
    (r"\bhow (?:sure|certain|confident|likely)\b", "likely"),
    (r"\b(?:did|do|does|are|were|have) most of (?:the |our )?", "rate "),
    (r"\bmost of (?:the |our |my )?", " "),
    (
        (
            r"^how (?:good |bad |well |badly )?(?:is|was|were|are|did) (?:things |it |everything |we )?"
            r"(?:go(?:ing)? |do(?:ing)? )?(?=⟨t⟩$)"
        ),
        "overview ",
    ),
    (r"\bhow (?:good|bad|well)\b", "how"),
    (r"\b(?:the )?(?:(?:job|run) )?ids? (?:of|for)(?: all| every| each)?\b", "list"),
    (
        r"\b(cpu(?: time)?|compute|money) (?:burn(?:t|ed)|used up|eaten up|consumed) (?:by|on|for)\b",
        r"total \1 ",
    ),
    (r"\b(?:stuck|hung|hanging|stalled|frozen)\b(?=.*\b(?:now|currently|moment)\b)", "unusual"),
    (
        (
            r"\b(?:fail\w*|broken|red|bad) (?:vs\.?|versus|and|against|compared (?:to|with)) "
            r"(?:success\w*|succe\w*|passed|passing|green|good)\b"
            r"|\b(?:success\w*|succe\w*|passed|passing|green|good) "
            r"(?:vs\.?|versus|and|against|compared (?:to|with)) (?:fail\w*|broken|red|bad)\b"
        ),
        "overview",
    ),
    (
        (
            r"\btime (?:did |do |have |has |was |is |we |i |you )*(?:los[et]|wast\w+)"
            r"(?: (?:to|on|by|with|for))?\b"
        ),
        "total duration",
    ),
    (r"\bshould (?:i|we) (?:worry|be worried|be concerned)\b", "will"),
    (
        r"\b(?:has|have) been (?:idle|unused|inactive)\b|\b(?:is|are|was|were) (?:unused|inactive)\b",
        "not job",
    ),
    (r"^(?:please )?make (?=.*\b(?:faster|quicker|cheaper|more reliable|more stable)\b)", "advice "),
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
        (
            r"^(?:is|are|does) ((?:the |my |our )?⟨N\d+⟩ )(?:still |now |again )+"
            r"(?:fail\w*|red|broken|pass\w*|green|down)\b"
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
        (
            r"\b(?:should (?:i|we|you|one)|(?:i|we|you|one) should) "
            r"(?:give|reserve|allocate|request|allow|set|assign|use|grant)\b"
        ),
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
    (r"\bwhat(?: is|'s) up with\b", "how is"),
    (r"\bhow (?:is|are) ((?:the |our |my )?⟨N\d+⟩ )?(?:doing|performing|going|looking)\b", r"how is \1"),
    (r"(?:^|\b(?:is|are) )(⟨N\d+⟩) (?:ok|okay|alright|fine|healthy)\b", r"how is \1"),
    (r"\b(?:slower|longer|faster|more|bigger|higher) as\b", "more than"),
    (r"\bout of memory\b", "oom"),
    (r"\b(?:peak|max|maximum) (?:\S+ )?(?=(?:memory|ram|mem|duration|wait)\b)", "most "),
    (r"\b(?:by|through) (?:hand|itself|themselves|somebody|someone|anybody|anyone|a person|people)\b", " "),
    (r"\bby (?=⟨N\d+⟩)(?!.* by ⟨N)", " "),
    (r"\b(?:stuck|hung|hanging|stalled) (?=(?:in|on) (?:the |a )?(?:queue|line)\b)", "queued "),
    (r"^(?:is|are) (?:any|some|there any)\S*(?: \S+)? (?:stuck|hung|hanging|stalled)\b", "unusual"),
    (r"\bexit codes (?:of|for|from|in)\b", "count per exitcode"),
    (
        r"\b(?:since when|how long)\b(?=.*\b(?:this|so|that) (?:high|slow|long|large|big|expensive|bad)\b)",
        "trend",
    ),
    (
        (
            r"^(?:when|what) (?:is|are|would be)(?: the| a)* (?:best|good|right|ideal|quietest) "
            r"(?:time|hour|moment|day)s? (?:to|for)\b"
        ),
        "advice",
    ),
    (r"^what (?:should|must|ought)\b(?=.*\b(?:limit|timeout)\b)", "advice"),
    (
        (
            r"^(?:is|are)\b(?=.*\b(?:limit|timeout)s?\b.*\b(?:right|sensible|reasonable|adequate|enough"
            r"|too (?:tight|loose|low|high|short|long|small|large|generous))\b)"
        ),
        "advice",
    ),
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
    (r"\bhow long (?:until|till|before)\b|\betas?\b", "how long will"),
    (r"(⟨q⟩) (?:is )?(?:some|any)?(?:thing )?(?:a )?new\b", r"\1 seen before"),
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
    (r"\bright now\b|\bat the moment\b|\batm\b|\bas we speak\b", "now"),
    (r"\bnow and then\b|\bevery now and then\b|\bfrom time to time\b|\bon and off\b", "sometimes"),
    (r"\b(day|week|month|hour) by \1\b", r"trend per \1"),
    (r"\bover time\b", "trend"),
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
    (
        (
            r"(\bhow (?:often|many|frequently)\b.*|\b(?:which|any|anything|something) .*|\bwhat else )"
            r"\b(?:go(?:es|ing)?|went|gone) wrong\b"
        ),
        r"\1 fail",
    ),
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
