"""Dissection: a question taken apart into names, times, amounts, quotations and meanings."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from orcaops.services.asking.understanding.amounts import amounts, how_often, top_of
from orcaops.services.asking.understanding.events import with_moments_of_events
from orcaops.services.asking.understanding.lexicon import NO_MEANING, meanings
from orcaops.services.asking.understanding.messages import told_with, with_quotes
from orcaops.services.asking.understanding.names import Known, Named, looks_like_a_name, unknown_names
from orcaops.services.asking.understanding.parsed import Parsed
from orcaops.services.asking.understanding.phrases import PHRASES, VERBS, WHAT_FAILED
from orcaops.services.asking.understanding.recurring import recurring
from orcaops.services.asking.understanding.times import Span, Times
from orcaops.services.asking.understanding.words import regular, spelt

_PART = re.compile(r"⟨([a-zN])\d*⟩|[^\s⟨⟩]+")


def take_apart(question: str, known: Known, times: Times) -> Parsed:
    """The question in its parts."""
    text = regular(with_quotes(_without_preamble(question, known, times)))
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
    words = spelt(words, known.words)
    for verb, meaning in VERBS:
        words = verb.sub(meaning, words)
    parsed.amounts, words = amounts(words)
    parsed.times_said, words = how_often(words)
    parsed.top, words = top_of(words)
    parsed.recurring, words = recurring(words)
    words = with_moments_of_events(words, known, parsed)
    parsed.spans, words = _times_out(words, times)
    if len(parsed.spans) == 1 and re.search(r"\bsince then\b|\bsince$", words):
        parsed.spans = [_since_then(parsed.spans[0])]
    words = _message_out(question, words, parsed)
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


def _since_then(span: Span) -> Span:
    """``we deployed on friday, what broke since?``; of what was until a day, since that day."""
    start = span.start or (span.end and span.end - timedelta(days=1))
    return replace(span, start=start, end=None)


_PREAMBLE = re.compile(
    r"^\s*(?!(?:how|what|which|why|when|is|are|did|does|has|have|any|who|where|since)\b)"
    r"(?:as an? [^,:?]{3,60},|[^:?]{3,80}[:.!]) +"
    r"(?=(?:i(?:'d| would) |how|what|which|why|when|is|are|did|does|do|has|have|any|can|could|show|list)\b)",
    re.IGNORECASE,
)


def _without_preamble(question: str, known: Known, times: Times) -> str:
    """A question without what is said before it, where that names neither a job nor a time."""
    found = _PREAMBLE.match(question)
    if found is None:
        return question
    said = " ".join(re.sub(r"[.,:!]", " ", found[0].lower()).split())
    context = times.find(said) or known.find(said)[0] or unknown_names(said)
    return question if context else question[found.end() :]


def _quote_unknown(question: str, parsed: Parsed) -> None:
    """Words that nobody knows, in a question whether or how it went before, are what a log said."""
    if parsed.quotations or not parsed.unknown:
        return
    if parsed.named and not parsed.has("saying"):
        if not (parsed.has("fix") and _guessed_within(question, parsed)):
            return
        parsed.named.clear()
        parsed.meant = re.sub(r" ?⟨n⟩", "", parsed.meant)
    told = parsed.has("fix", "saying") or (parsed.has("seen") and parsed.has("before", "ever"))
    if not told:
        return
    first, last = re.escape(parsed.unknown[0]), re.escape(parsed.unknown[-1])
    denied = r"(?:\b(?:no|not|cannot|failed to) )?"
    said = re.search(rf"{denied}\b{first}\b(?:.{{0,80}}\b{last}\b)?{_MORE_SAID}", question, re.IGNORECASE)
    if said is not None:
        parsed.quotations.append(said[0])
        parsed.understood += len(parsed.unknown)
        parsed.unknown.clear()
        parsed.meant += " ⟨q⟩"


def _guessed_within(question: str, parsed: Parsed) -> bool:
    """Whether all names are guesses from words between unknown ones, as in ``missing python modules``."""
    first, last = parsed.unknown[0], parsed.unknown[-1]
    between = re.search(rf"\b{re.escape(first)}\b(.*)\b{re.escape(last)}\b", question, re.IGNORECASE)
    if between is None or len(between[1].split()) > _FEW:
        return False
    return all(one.value.lower() not in question.lower() for one in parsed.named)


_FEW = 3
_MORE_SAID = (
    r"(?: (?!(?:before|ever|already|in|on|since|this|that|last|today|yesterday|with|for|at|and|when|again"
    r"|here|happen\w*|occur\w*|is|was|are|do|did)\b)[\w'-]+){0,4}"
)
"""Words that go on with a message, though they mean something elsewhere: ``segmentation fault``."""


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


def _message_out(question: str, words: str, parsed: Parsed) -> str:
    """The words with ``⟨q⟩`` for what runs failed with, which is told as the question wrote it."""
    said = None if parsed.quotations else told_with(words)
    if said is None:
        return words
    written = re.search(r"\W+".join(map(re.escape, said.split())), question, re.IGNORECASE)
    parsed.quotations.append(written[0] if written else said)
    return words.replace(said, " ⟨q⟩ ", 1)


def _times_out(words: str, times: Times) -> tuple[list[Span], str]:
    spans = times.find(words)
    for span in reversed(spans):
        mark = "⟨f⟩" if span.ahead else "⟨t⟩"
        words = f"{words[: span.at[0]]} {mark} {words[span.at[1] :]}"
    return spans, " ".join(re.sub(r"(⟨[tf]⟩) 's\b", r"\1", words).split())


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
        may_be_one = len(word) >= 3 and not word.isdigit() and word not in NO_MEANING
        guessed = known.guess(word) if may_be_one else None
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
_MEANING_NAMES = frozenset(meaning for meaning in meanings().values() if meaning)


def _nothing_called(name: str, word: str, known: Known) -> str:
    what = {"name": "job"}.get(name, name)
    near = known.nearest(word, field=name) or known.nearest(word)
    nearest = f"; the nearest: {', '.join(near)}" if near else ""
    return f"no {what} is called {word}{nearest}"
