"""Meaning: known failures and past ones that are alike a text, though they may not share its words.

With scikit-learn (``pip install "orcaops[learn]"``) likeness is the cosine of character n-grams of three to
five letters, weighed by rarity and reduced by a truncated SVD; without it, the words of both are compared.
"""

import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt
from typing import Any

from orcaops.model.query import Compare, Comparison
from orcaops.model.run import Status
from orcaops.recording.store import Store
from orcaops.services.knowing.known_failures import KnowledgeBases

_LATEST = 1000  # failed runs whose first errors are compared
_COMPONENTS = 48
_FEATURES = 12_000  # the most frequent n-grams; with all of them the reduction takes seconds
_SAID = 0.9  # from this likeness by words on, a text says what is asked in the same words
_LEAST_BY_LETTERS, _LEAST_BY_WORDS = 0.30, 0.25  # below, texts are alike by chance
_WORD = re.compile(r"[a-z][a-z0-9_]+|\d+")
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Alike:
    """One text that is alike: a known failure (``pattern_id``) or what failed runs printed (``job_ids``)."""

    title: str
    text: str
    likeness: float
    pattern_id: str | None = None
    job_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What is alike, the most first, and how it was looked for."""

    found: tuple[Alike, ...]
    how: str


class Meaning:
    """Search by meaning over failures and solutions. Reads only."""

    def __init__(self, store: Store, knowledge: KnowledgeBases) -> None:
        self._store = store
        self._knowledge = knowledge

    def search(self, workspace: str, text: str, *, limit: int = 10) -> Found:
        """Known failures with their solutions, and latest failures of a workspace, that are alike a text."""
        documents = [*self._known(workspace), *self._past(workspace)]
        asked = text[:_LONGEST].lower()
        texts = [f"{one.title}\n{one.text}".lower() for one in documents]
        likeness, least, how = by_words(asked, texts), _LEAST_BY_WORDS, "alike by words"
        if importlib.util.find_spec("sklearn") is None:
            how += '; pip install "orcaops[learn]" compares by meaning'
        elif "sklearn" in sys.modules or max(likeness, default=0.0) < _SAID:
            # Importing it takes seconds: a command that is asked once waits only where words do not say it.
            likeness, least = by_letters(asked, texts), _LEAST_BY_LETTERS
            how = "alike by character n-grams"
        ranked = sorted(zip(likeness, documents, strict=True), key=lambda pair: (-pair[0], pair[1].title))
        return Found(
            tuple(
                Alike(one.title, one.text, min(value, 1.0), one.pattern_id, one.job_ids)
                for value, one in ranked[:limit]
                if value >= least
            ),
            how,
        )

    def titles(self, workspace: str) -> dict[str, str]:
        """What each known failure is called, by the id of its pattern."""
        return {one.id: one.title for one in self._knowledge.of(workspace)[0].patterns}

    def _known(self, workspace: str) -> list[Alike]:
        return [
            Alike(
                title=pattern.title,
                text=f"{pattern.description} {' '.join(map(str, pattern.solutions))}",
                likeness=0.0,
                pattern_id=pattern.id,
            )
            for pattern in self._knowledge.of(workspace)[0].patterns
        ]

    def _past(self, workspace: str) -> list[Alike]:
        """What the latest failed runs printed first as an error, each text once."""
        failed = Compare("status", Comparison.EQUAL, Status.FAILED.value)
        texts: dict[str, list[str]] = {}
        with self._store.read() as transaction:
            for run in transaction.runs.page(workspace, failed, limit=_LATEST).items:
                first = run.log.first_error if run.log is not None else None
                if first:
                    texts.setdefault(first[:_LONGEST], []).append(run.job_id)
        return [
            Alike(title=text, text="", likeness=0.0, job_ids=tuple(job_ids[:5]))
            for text, job_ids in texts.items()
        ]


def by_letters(asked: str, texts: Sequence[str]) -> list[float]:
    """The cosine between a text and others by character n-grams of 3 to 5 letters, reduced by an SVD.

    Rare n-grams weigh more (TF-IDF). With few texts nothing is reduced.
    """
    if not texts or not asked.strip():
        return [0.0] * len(texts)
    vectorizer, vectors, reduction, reduced = _fitted(tuple(texts))
    one = vectorizer.transform([asked])
    plain = (vectors @ one.T).toarray().ravel()
    if reduction is None:
        return [float(value) for value in plain]
    latent = (reduced @ _unit(reduction.transform(one)).T).ravel()
    # Latent factors alone confuse short messages; exact n-grams alone miss what is said otherwise.
    return [float((a + max(b, 0.0)) / 2) for a, b in zip(plain, latent, strict=True)]


@lru_cache(maxsize=4)
def _fitted(texts: tuple[str, ...]) -> tuple[Any, Any, Any, Any]:
    """What is learned from the texts that are searched in; a server asks the same ones again and again."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=_FEATURES
    )
    vectors = vectorizer.fit_transform(texts)
    if min(vectors.shape) <= _COMPONENTS:
        return vectorizer, vectors, None, None
    reduction = TruncatedSVD(n_components=_COMPONENTS, n_iter=2, random_state=0)
    return vectorizer, vectors, reduction, _unit(reduction.fit_transform(vectors))


def _unit(rows: Any) -> Any:
    """Each row with length one; zeros stay."""
    from sklearn.preprocessing import normalize

    return normalize(rows)


def by_words(asked: str, texts: Sequence[str]) -> list[float]:
    """The share of a text's words, weighed by rarity, that others have; between 0 and 1.

    >>> by_words("connection reset", ["connection reset by peer", "disk full"])
    [1.0, 0.0]
    """
    each = [set(_WORD.findall(text)) for text in texts]
    among = Counter(word for words in each for word in words)
    weights = {word: log((1 + len(texts)) / (0.5 + among[word])) for word in set(_WORD.findall(asked))}
    whole = sqrt(sum(weight**2 for weight in weights.values()))
    if not whole:
        return [0.0] * len(texts)
    return [sqrt(sum(weights[word] ** 2 for word in words & weights.keys())) / whole for words in each]
