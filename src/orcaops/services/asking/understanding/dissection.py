"""Dissection: a question taken apart into names, times, amounts, quotations and meanings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from orcaops.services.asking.understanding.amounts import amounts, top_of
from orcaops.services.asking.understanding.lexicon import PHRASES, VERBS, WHAT_FAILED, meanings
from orcaops.services.asking.understanding.names import Known, Named, looks_like_a_name, unknown_names
from orcaops.services.asking.understanding.times import Span, Times
from orcaops.services.asking.understanding.words import regular, spelt

_PART = re.compile(r"⟨([a-zN])\d*⟩|[^\s⟨⟩]+")


@dataclass(slots=True)
class Parsed:
    """A question taken apart: what was recognised in it, and what is left."""

    meant: str = ""
    spoken: str = ""
    named: list[Named] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    amounts: list[str] = field(default_factory=list)
    quotations: list[str] = field(default_factory=list)
    top: int | None = None
    by: str | None = None
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    anchors: list[Named] = field(default_factory=list)  # names of events that a time was counted from
    understood: int = 0  # how many words have a meaning

    def has(self, *meanings: str) -> bool:
        """Whether one of these meanings is there."""
        return any(re.search(rf"\b{meaning}\b", self.meant) for meaning in meanings)


def take_apart(question: str, known: Known, times: Times) -> Parsed:
    """The question in its parts."""
    text = regular(_with_quotes(question))
    parsed = Parsed()
    words = _with_quoted_names(text.words, text.quotations, known, parsed)
    named, words = known.find(words)
    shift = len(parsed.named)
    parsed.named += named
    words = re.sub(r"⟨n(\d+)⟩", lambda each: f"⟨N{int(each[1]) + shift}⟩", words)
    for name, word, _ in unknown_names(words):
        parsed.named.append(Named(name, word, pattern="*" in word))
        parsed.notes.append(_nothing_called(name, word, known))
        words = words.replace(word, f"⟨N{len(parsed.named) - 1}⟩", 1)
    words = VERBS.sub("failed", spelt(words, known.words))
    parsed.amounts, words = amounts(words)
    parsed.top, words = top_of(words)
    words = _moments_of_events(words, known, parsed)
    parsed.spans, words = _times_out(words, times)
    parsed.spoken = words
    for name in known.labels:
        if re.search(rf"\b(?:per|by|each|every|which|what|across)(?: the)? {re.escape(name)}s?\b", words):
            parsed.by = f"label:{name}"
            words = re.sub(rf"\b{re.escape(name)}s?\b", " ", words)
    for said, field_name in WHAT_FAILED:
        if said.search(words):
            parsed.by, words = field_name, said.sub(" whatfailed ", words)
    if change := _CHANGED.search(words):
        parsed.by, words = (
            FIELD_OF[change[1]],
            f"{words[: change.start()]} sincechange {words[change.end() :]}",
        )
    for expression, meaning in PHRASES:
        words = re.sub(expression, f" {meaning} ", words)
    parsed.meant = _meanings_of(words, known, parsed)
    _quote_unknown(question, parsed)
    parsed.named = [one for one in parsed.named if not any(one is anchor for anchor in parsed.anchors)]
    return parsed


def _quote_unknown(question: str, parsed: Parsed) -> None:
    """Words that nobody knows, in a question whether or how it went before, are what a log said."""
    if parsed.quotations or not parsed.unknown or (parsed.named and not parsed.has("saying")):
        return
    told = parsed.has("fix", "saying") or (parsed.has("seen") and parsed.has("before", "ever"))
    if not told:
        return
    first, last = re.escape(parsed.unknown[0]), re.escape(parsed.unknown[-1])
    denied = r"(?:\b(?:no|not|cannot|failed to) )?"
    said = re.search(rf"{denied}\b{first}\b(?:.{{0,80}}\b{last}\b)?", question, re.IGNORECASE)
    if said is not None:
        parsed.quotations.append(said[0])
        parsed.understood += len(parsed.unknown)
        parsed.unknown.clear()
        parsed.meant += " ⟨q⟩"


_UNQUOTED = (
    re.compile(
        r"^(.*\b(?:fix|solv|seen|before|error|help|similar|mention|contain)\w*\b[^:]*): (.{4,})$", re.I | re.S
    ),
    re.compile(r"^(.*\bseen (?:the |an? )?(?:error |message )?)(.{4,}?)( before\W*)$", re.I | re.S),
    re.compile(
        r"^((?!.*\b(?:can|could|would|will|please) (?:you )?say)"
        r".*\b(?:mention|contain|say)(?:s|ing|ed)? )(?!in\b|went\b|about\b)([^⟨]{3,60})$",
        re.I | re.S,
    ),
    re.compile(
        r"^(.*\b(?:grep|search|look)(?:ed|ing)?\b.*\b(?:logs?|outputs?) for )([^⟨]{3,60})$", re.I | re.S
    ),
    re.compile(
        r"^(\W*(?:find|search|look|grep|show)(?: me)?(?: for)? )([^⟨]{3,60}?)"
        r"( in (?:the |all |our |any )?(?:logs?|outputs?)\b.*)$",
        re.I | re.S,
    ),
    re.compile(r"^(\W*grep(?: for)? )(?!.*\blogs?\b)([^⟨]{3,60})$", re.I | re.S),
)
"""Where a message of a log stands without quotes."""


def _with_quotes(question: str) -> str:
    """The question with quotes around what is a message of a log and not a part of the question."""
    if re.search(r"[\"“`«]|(?<!\w)'", question):
        return question
    for expression in _UNQUOTED:
        found = expression.match(question.strip())
        if found and not re.fullmatch(r"(?:it|this|that|these|such|them)\b.*", found[2].strip(), re.I):
            rest = found[3] if found.re.groups > 2 else ""
            return f'{found[1].rstrip(": ")} "{found[2].strip(" ?.")}" {rest}'
    return question


def _with_quoted_names(words: str, quotations: Sequence[str], known: Known, parsed: Parsed) -> str:
    for number, quotation in enumerate(quotations):
        name = known.of_quotation(quotation)
        mark = f"⟨{number}⟩"
        if name is not None:
            parsed.named.append(name)
            words = words.replace(mark, f"⟨N{len(parsed.named) - 1}⟩")
        else:
            parsed.quotations.append(quotation)
            words = words.replace(mark, "⟨q⟩")
    return words


def _times_out(words: str, times: Times) -> tuple[list[Span], str]:
    spans = times.find(words)
    for span in reversed(spans):
        mark = "⟨f⟩" if span.ahead else "⟨t⟩"
        words = f"{words[: span.at[0]]} {mark} {words[span.at[1] :]}"
    return spans, " ".join(words.split())


def _meanings_of(words: str, known: Known, parsed: Parsed) -> str:
    """The meanings in their order; words that have none may be names, or are left over."""
    found: list[str] = []
    table = {**meanings(), **dict.fromkeys(_MARKS, None)}
    for each in _PART.finditer(words):
        word = each[0].strip(",.'\"")
        if each[0].startswith("⟨"):
            found.append(f"⟨{each[1].lower()}⟩")
            parsed.understood += 1
            continue
        base = word.removesuffix("'s")
        if base in table or base in _MEANING_NAMES:
            meaning = table.get(base, base)
            meaning = base if meaning is None or (base in _MEANING_NAMES and base not in table) else meaning
            if base in _EVENTS and (guessed := known.guess(base)) is not None:
                parsed.named.append(guessed)  # the deployment, where a job is called deploy
                meaning = "⟨n⟩"
            if meaning:
                found.append(meaning)
                parsed.understood += meaning not in ("is", "which", "any", "how", "list")
            continue
        if not any(letter.isalnum() for letter in word):
            continue
        guessed = known.guess(word) if len(word) >= 3 and not word.isdigit() else None
        if guessed is not None:
            parsed.named.append(guessed)
            found.append("⟨n⟩")
            parsed.understood += 1
            if word not in guessed.value.lower():
                parsed.notes.append(f"{word} is taken for {guessed.value}")
        else:
            parsed.unknown.append(word)
    _name_unknown(words, found, known, parsed)
    meant = " ".join(found)
    return _tests_by_name(meant, words, known, parsed)


def _name_unknown(words: str, found: list[str], known: Known, parsed: Parsed) -> None:
    """A word that is written as jobs are named, or stands where one is named, is the name of a job."""
    for word in list(parsed.unknown):
        if word.isdigit():
            continue
        stands = re.search(rf"\b(?:does|did|do|will|has|is|job|of|for|on) {re.escape(word)}\b", words)
        if looks_like_a_name(word) or (stands and len(parsed.unknown) == 1 and parsed.understood >= 2):
            parsed.unknown.remove(word)
            parsed.named.append(Named("name", word))
            parsed.notes.append(_nothing_called("name", word, known))
            parsed.understood += 1
            found.append("⟨n⟩")


def _tests_by_name(meant: str, words: str, known: Known, parsed: Parsed) -> str:
    """``the tests`` are those jobs that are called so, unless tests in general are meant."""
    spoken = re.search(r"(?<![\w./-])(tests?)(?![\w/-])", words)
    general = re.search(
        r"\b(?:which|what|many|any|all|flaky|failing|every|each|per|by) (?:\w+ )?tests?\b", words
    )
    if spoken is None or general:
        return re.sub(r"\btest\b", "job", meant)
    guessed = known.guess(spoken[1]) or known.guess("test")
    if guessed is None:
        return re.sub(r"\btest\b", "job", meant)
    parsed.named.append(guessed)
    return re.sub(r"\btest\b", "⟨n⟩", meant, count=1)


_MARKS = ("exitcode", "hourofday", "failrate", "thanusual", "disk", "whatfailed", "sincechange", "saying")
"""Meanings that only phrases have."""

_EVENTS = frozenset({"deployment", "deployments", "release", "releases"})
FIELD_OF = {
    "image": "image",
    "container": "image",
    "host": "host",
    "machine": "host",
    "runner": "host",
    "server": "host",
    "branch": "branch",
    "executor": "executor",
    "commit": "commit",
}
_CHANGED = re.compile(
    r"\b(?:since|after|when|with) (?:the |we |i |they |you |us |our team )?"
    r"(?:chang|upgrad|switch|updat|mov|bump|replac|migrat)\w*"
    r"(?: to)?(?: of)?(?: the| our| its| a| to)*(?: new)? "
    rf"({'|'.join(FIELD_OF)})s?\b"
)
_LAST_OF = re.compile(
    r"\b(since|after|before) (?:the |our |its )?(?:last|latest|most recent|previous)"
    r"( successful| passing| green| failed| failing| red)?(?: (⟨N\d+⟩))?"
    r"( success\w*| failure| job| run| build| deployment| deploy| release)?"
    r"(?: of (?:the )?(⟨N\d+⟩))?(?![\w⟨])"
)
_OUTCOMES = {"succ": "succeeded", "pass": "succeeded", "gree": "succeeded", "fail": "failed", "red": "failed"}


def _moments_of_events(words: str, known: Known, parsed: Parsed) -> str:
    """``since the last deploy`` with the time at which that ran, where somebody can tell it."""

    def moment(found: re.Match[str]) -> str:
        name = found[3] or found[5]
        what = (found[4] or "").strip()
        guessed = known.guess(what) if name is None and what in ("deployment", "deploy", "release") else None
        told = (found[2] or found[4] or "").strip()
        outcome = next((status for how, status in _OUTCOMES.items() if told.startswith(how)), "")
        if known.last is None or not (name or guessed or outcome):
            return found[0]
        one = parsed.named[int(name[2:-1])] if name else guessed
        if one is not None and one.field not in ("name", "key", "command"):
            return found[0]
        said = (one.search if one else "", f"status:{outcome}" if outcome else "")
        search = " ".join(part for part in said if part)
        at = known.last(search)
        if at is None:
            return found[0]
        if name and words.count(name) == 1:
            parsed.anchors.append(parsed.named[int(name[2:-1])])
        parsed.notes.append(f"the last run where {search} was at {at:%Y-%m-%d %H:%M} UTC")
        return f"{found[1]} {at:%Y-%m-%dt%H:%M:%Sz}"

    return _LAST_OF.sub(moment, words)


_MEANING_NAMES = frozenset(meaning for meaning in meanings().values() if meaning)


def _nothing_called(name: str, word: str, known: Known) -> str:
    what = {"name": "job"}.get(name, name)
    near = known.nearest(word, field=name) or known.nearest(word)
    nearest = f"; the nearest: {', '.join(near)}" if near else ""
    return f"no {what} is called {word}{nearest}"
