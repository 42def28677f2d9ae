"""Words: a question made regular: one case, no control letters, its quotations apart, words spelt right."""

import re
import unicodedata
from dataclasses import dataclass

from orcaops.services.asking.understanding.lexicon import NO_MEANING, meanings, spellable

_QUOTED = re.compile(
    r"\"([^\"]{1,400})\"|“([^”]{1,400})”|`([^`]{1,400})`|«([^»]{1,400})»|(?<!\w)[‘']([^’']{1,400})[’'](?!\w)"
)
_PLAIN = re.compile(r"[a-z]+(?:'[a-z]+)?")
_SHORT_FORMS = {
    "hw": "how",
    "gimme": "give me",
    "hwo": "how",
    "whcih": "which",
    "teh": "the",
    "lst": "last",
    "wich": "which",
    "whihc": "which",
    "wats": "what is",
    "wat": "what",
    "whats": "what is",
    "what's": "what is",
    "hows": "how is",
    "how's": "how is",
    "y": "why",
    "r": "are",
    "u": "you",
    "pls": "please",
    "plz": "please",
    "yday": "yesterday",
    "avg": "average",
    "didnt": "did not",
    "didn't": "did not",
    "doesn't": "does not",
    "doesnt": "does not",
    "wasn't": "was not",
    "isn't": "is not",
    "hasn't": "has not",
    "haven't": "have not",
    "aren't": "are not",
    "don't": "do not",
    "couldn't": "could not",
    "%": "percent",
    "&": "and",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A question made regular: ``words`` in lower case, each quotation standing as ``⟨0⟩``."""

    words: str
    quotations: tuple[str, ...]


def regular(question: str) -> Text:
    """The question as the rules read it.

    >>> regular("Have we seen 'Connection RESET' before?")
    Text(words='have we seen ⟨0⟩ before', quotations=('Connection RESET',))
    """
    plain = unicodedata.normalize("NFKC", question)
    plain = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in plain)
    plain = re.sub(r"[⟨⟩]", " ", plain)
    plain = re.sub(r"(?<!\S)w/(?=\s)", "with", plain)
    plain = re.sub(r"(?<!\S)w/o(?=\s)", "without", plain)
    quotations: list[str] = []

    def apart(found: re.Match[str]) -> str:
        quotations.append(next(part for part in found.groups() if part is not None).strip())
        return f" ⟨{len(quotations) - 1}⟩ "

    plain = _QUOTED.sub(apart, plain).replace("’", "'").lower()
    plain = re.sub(r"([?!;]|(?<!/)(?<!/\.)(?<!/\.\.)[.](?=\s|$)|[,:](?=\s|$))+", " ", plain)  # not of ./...
    plain = re.sub(r"[()\[\]{}]", " ", plain)
    return Text(" ".join(plain.split()), tuple(quotations))


def spelt(words: str, keep: frozenset[str]) -> str:
    """The words with misspelt ones replaced by the nearest known; those in ``keep`` are right as they are.

    >>> spelt("wich jbos faild yesturday", frozenset())
    'which jobs failed yesterday'
    """
    return " ".join(_spelt(word, keep) for word in words.split())


def _spelt(word: str, keep: frozenset[str]) -> str:
    if word in _SHORT_FORMS and word not in keep:
        return _SHORT_FORMS[word]
    known = meanings()
    parts = word.split("-")
    if len(parts) > 1 and word not in keep and word not in known and all(part in known for part in parts):
        return " ".join(parts)  # memory-hungry
    base = word.removesuffix("'s")
    if (
        word in known
        or base in known
        or word in NO_MEANING
        or word in keep
        or base in keep
        or not _PLAIN.fullmatch(word)
    ):
        return word
    if len(word) < 4:
        return word
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    most = 1 if len(word) < 8 else 2
    found = extract(word, spellable(), scorer=OSA.distance, score_cutoff=most, limit=8)
    # The first letter is rarely wrong; of equally near words the longer one: letters are left out more often.
    near = [
        (other, distance)
        for other, distance, _ in found
        if _begins_alike(word, other) and not _inflected(word, other)
    ]
    if not near:
        return word
    nearest = min(near, key=lambda one: (one[1], abs(len(one[0]) - len(word)) > 1, -len(one[0]), one[0]))[0]
    return word if nearest in keep else nearest  # where it is a name, who looks for names shall find it


def _begins_alike(word: str, other: str) -> bool:
    """Whether two words begin with one letter, or with two that changed places."""
    return word[0] == other[0] or (word[0] == other[1] and word[1] == other[0])


def _inflected(word: str, other: str) -> bool:
    """Whether a word only ends otherwise: ``developer`` is no misspelt ``developed``.

    >>> _inflected("developer", "developed"), _inflected("faild", "failed"), _inflected("jobss", "jobs")
    (True, False, False)
    """
    if len(other) < 5 or len(word) < len(other) or word == other + other[-1]:
        return False
    return word[: len(other) - 1] == other[:-1]
