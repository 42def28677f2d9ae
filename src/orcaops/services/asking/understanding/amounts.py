"""Amounts in a question: ``longer than 5 minutes``, ``over 2 GB``, ``exit code 137``, ``top 5``.

>>> amounts("jobs longer than 10 minutes with exit code 1")
(['duration:>600', 'exit_code:1'], 'jobs ⟨x⟩ ⟨x⟩')
"""

import re

from orcaops.model.quantities import parse_duration, parse_size
from orcaops.services.asking.understanding.calendar import NUMBER, UNITS, count_of

_TIME = r"(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)"
_SIZE = r"([kmgt]i?b|[kmgt]|bytes?|kilobytes?|megabytes?|gigabytes?|megs?|gigs?)"
_MORE = (
    r"(?:(?:long|slow|great|bigg|larg|high|heavi)er (?:than|as)|(?:took|take|takes"
    r"|taking|used|uses|using|ran|running|lasted) "
    r"(?:for )?(?:more than|over|longer than)|more than|in excess of|over|above|exceed(?:ed|s|ing)?|beyond|>)"
)
_LESS = (
    r"(?:(?:short|quick|fast|small|low|light)er (?:than|as)|less than|fewer than|under|below"
    r"|within less than|<)"
)
_AT_LEAST = r"(?:at least|no less than|minimum of|>=|≥)"
_AT_MOST = r"(?:at most|no more than|maximum of|up to|<=|≤)"
_SIGNS = ((_AT_LEAST, ">="), (_AT_MOST, "<="), (_MORE, ">"), (_LESS, "<"))
_WAITING = re.compile(r"\b(?:wait|waited|waiting|waits|queue|queued|queueing)\b(?: \w+){0,3} ?$")
_CPU = re.compile(r"^ (?:of )?(?:cpu|compute)\b")
_EXIT = re.compile(
    r"(?:with |of |and )?(?:an? )?(?:exit(?:ed|s|ing)?|return(?:ed|s)?)(?: with| on)?(?: an?)?"
    r"(?: (?:code|status|value|codes))?(?: of| was| is|=|:)? ?(-?\d{1,5})\b"
    r"|\b(?:rc|code|status)[ =:](\d{1,3})\b"
)
_SIGNALLED = re.compile(
    r"(?:(?:with|by|on|due to|because of|an?|the) )*"
    r"(?:signal (\d{1,2})|sig(hup|int|quit|abrt|kill|segv|term))\b"
)
_SIGNALS = {"hup": 1, "int": 2, "quit": 3, "abrt": 6, "kill": 9, "segv": 11, "term": 15}
_SIGNAL = re.compile(r"non-?zero(?: exit)?(?: codes?| status)?")
_BEST = (
    r"(?:slow|fast|long|quick|short|cheap|dear|costli|pricey?i?|larg|bigg|small|heavi|hungri|flaki|new|old)est"
    r"|worst|best|latest|most recent|(?:most|least) [a-z]+(?: hungry)?"
)
_TOP = re.compile(
    rf"\b(?:top|first|last|the|show|list|give me|worst|best)(?: the)? ({NUMBER}) "
    r"(?=(?:most|least|slow|fast|long|quick|short|high|low|big|larg|small"
    r"|worst|best|expens|cheap|heav|failing|"
    r"flak|fail|succe|success|timed|cancel|broken|crash|deploys?\b|jobs?\b|runs?\b|images?\b|branch|hosts?\b|builds?\b|"
    r"failures\b|memory|cpu|recent|latest|cause|"
    r"dear|cost|commands?\b|keys?\b|names?\b))"
    rf"|\btop (\d{{1,3}})\b|^({NUMBER}) (?=slow|fast|long|quick|short"
    rf"|most|least|worst|best|last|latest|recent|cheap|dear)"
    rf"|\b(?:most recent|newest) ({NUMBER})\b"
    rf"|\b(?:{_BEST}) ({NUMBER})(?= (?!{UNITS}\b)|$)"
)
_OFTEN = re.compile(
    rf"\b(?:(?:more|fewer|less) than|at least|at most|over|exactly|no more than) {NUMBER}(?: or more)?"
    r" (?P<noun>failures?|failed runs|fails|errors|crashes|timeouts|successes|runs|times)\b(?: or more)?"
    r"(?: in a row)?"
    rf"|\b(?:{NUMBER}|multiple|several) times(?: or more| in a row)?\b"
    r"(?! (?:slower|faster|longer|more|as|the|higher))"
    r"|\b(?:(?:more|less) than )?(?:once|twice|thrice)\b(?: or more| in a row)?|\brepeatedly\b|\bin a row\b"
)


_SHARE = re.compile(
    r"\b(?:(?:more|fewer|less|higher|lower) than|at least|at most|over|above|below|under)"
    r" \d+(?:\.\d+)? ?(?:%|percent\b)(?: of (?:the|its|their) (?:time|runs))?"
)


def how_often(text: str) -> tuple[str | None, str]:
    """What is said of how often something shall have been, and the text with ``⟨c⟩`` in its place.

    >>> how_often("jobs with more than 5 failures today")
    ('more than 5 failures', 'jobs with failures ⟨c⟩ today')
    """
    text = re.sub(r"\bat least once\b|(?<=\bnever )once\b", " ", text)
    if (share := _SHARE.search(text)) and re.search(
        r"\b(?:fail\w*|pass\w*|success\w*|rates?|reliab\w*)\b", text
    ):
        rest = f"{text[: share.start()]} failrate ⟨c⟩ {text[share.end() :]}"
        return share[0], " ".join(rest.split())
    found = _OFTEN.search(text)
    if found is None or re.search(r"\b(?:last|past|first|how many) $", text[: found.start()]):
        return None, " ".join(text.split())
    noun = found["noun"] if found["noun"] not in (None, "times") else ""
    return found[0], " ".join(f"{text[: found.start()]} {noun} ⟨c⟩ {text[found.end() :]}".split())


def amounts(text: str) -> tuple[list[str], str]:
    """The parts of a search that a text says in amounts, and the text with ``⟨x⟩`` in their places."""
    parts: list[str] = []
    text = re.sub(r"(?<!last )(?<!past )\bhalf an? (?=gig|[gm]i?b\b|hour|minute|day)", "0.5 ", text)
    for unit, read in ((_TIME, _duration), (_SIZE, _memory)):
        while found := re.search(
            rf"\bbetween (\d+(?:\.\d+)?) ?{unit}? and (\d+(?:\.\d+)?) ?{unit}(?!\w)", text
        ):
            for sign, number, its in ((">=", found[1], found[2] or found[4]), ("<=", found[3], found[4])):
                field, amount = read(number, its)
                parts.append(f"{field}:{sign}{amount}")
            text = f"{text[: found.start()]} ⟨x⟩ {text[found.end() :]}"
    for said, sign in _SIGNS:
        for unit, read in ((_TIME, _duration), (_SIZE, _memory)):
            expression = re.compile(
                rf"(?<!\w){said} (?:about |around )?((?:\d+(?:\.\d+)?)|{NUMBER})[ -]?{unit}(?!\w)"
            )
            text = _replaced(expression, text, sign, read, parts)
    parts += [f"exit_code:{int(found[1] or found[2])}" for found in _EXIT.finditer(text)]
    text = _EXIT.sub("⟨x⟩", text)
    for found in _SIGNALLED.finditer(text):  # a shell's exit code of a signal
        parts.append(f"exit_code:{128 + int(found[1] or _SIGNALS[found[2]])}")
    text = _SIGNALLED.sub("⟨x⟩", text)
    if _SIGNAL.search(text):
        parts.append("-exit_code:0")
        text = _SIGNAL.sub("⟨x⟩", text)
    return parts, " ".join(text.split())


def top_of(text: str) -> tuple[int | None, str]:
    """How many are asked for, and the text without it.

    >>> top_of("the 3 slowest jobs")
    (3, 'the slowest jobs')
    """
    text = re.sub(r"\btop-?(?=\d)", "top ", text)
    found = _TOP.search(text)
    if found is None:
        return None, text
    number = next(part for part in found.groups() if part)
    count = count_of(number)
    place = found.start(next(n for n, part in enumerate(found.groups(), start=1) if part))
    rest = text[:place] + text[place + len(number) :]
    return (count if 1 <= count <= 100 else None), " ".join(rest.split())


def _replaced(expression: re.Pattern[str], text: str, sign: str, read: object, parts: list[str]) -> str:
    place = 0
    while found := expression.search(text, place):
        rolling = re.search(r"(?:last|past|next|previous) (?:the )?$", text[: found.start()])
        if rolling or re.match(r" (?:ago|of (?:compute|cpu))", text[found.end() :]):
            place = found.end()
            continue
        field, amount = read(found[1], found[2])  # type: ignore[operator]
        if field == "duration":
            if _WAITING.search(text[: found.start()]) or re.match(
                r" (?:in|on) the queue", text[found.end() :]
            ):
                field = "wait"
            elif _CPU.match(text[found.end() :]):
                field = "cpu"
        parts.append(f"{field}:{sign}{amount}")
        text = f"{text[: found.start()]} ⟨x⟩ {text[found.end() :]}"
        place = found.start()
    return text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float(count_of(text))


def _duration(number: str, unit: str) -> tuple[str, str]:
    short = "ms" if unit.startswith("milli") or unit == "ms" else unit[0]
    seconds = parse_duration(f"{_number(number)}{short}")
    return "duration", f"{seconds:g}" if seconds < 1e6 else f"{seconds:.0f}"


def _memory(number: str, unit: str) -> tuple[str, str]:
    return "memory", str(parse_size(f"{_number(number)}{unit[0]}"))
