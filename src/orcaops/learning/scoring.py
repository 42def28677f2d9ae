"""Scoring: every prediction is held against what came, beside naive rules on the same runs.

What was predicted of a run is a fact of its record, so scores are rebuilt from facts like any other
opinion. A naive rule answers with what it knew when the prediction was made. Runs that nobody asked about,
imported ones, are asked about as they are learned: of those whose job had no other run under way, so that
the answer knows of the job what was known at the submission, the first five of a job and then one in twelve.

Where a naive rule has predicted a job better than the predictor did, its answer is given instead, until it
has not any more; the predictor goes on being scored by what it would have said.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from orcaops.learning.learner import Memories, Memory
from orcaops.learning.memories import MemoryAddress
from orcaops.learning.rivals import ema, last, mean2, median, spec
from orcaops.learning.rivals.rival import Rival
from orcaops.model.metric import MetricName
from orcaops.model.prediction import Prediction, TrackRecord
from orcaops.model.prices import BYTES_PER_GB, Prices
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample

QUANTITIES: Mapping[str, str] = {
    MetricName.DURATION: "duration",
    MetricName.MEMORY: "memory",
    MetricName.FAILURE: "failure_risk",
    MetricName.CPU: "cost",
}
"""What comes true in which metric. A cost does with the CPU seconds, the last that is measured of it."""

NUMBER_RIVALS: Sequence[Rival] = (last.rival, mean2.rival, ema.slow, ema.fast, median.rival)
RISK_RIVALS: Sequence[Rival] = (last.rival, ema.slow, ema.fast, spec.risk)
_RIVALS: Mapping[str, Sequence[Rival]] = {
    "duration": NUMBER_RIVALS,
    "memory": NUMBER_RIVALS,
    "failure_risk": RISK_RIVALS,
    "cost": (),
}
_WORDS = {
    "last": "the last run",
    "mean2": "the mean of the last two runs",
    "ema_01": "a slow moving average",
    "ema_03": "a fast moving average",
    "median": "the median of the last nine runs",
    "spec": "the share of runs that failed",
}

_PARTS: Mapping[str, int] = {
    MetricName.DURATION: 1,
    MetricName.FAILED_DURATION: 1,
    MetricName.MEMORY: 2,
}  # places among what a cost is made of
_TINY = 1e-3
_WORST_ERROR = 20.0
_SUREST = 0.005
_PAST = 12  # guesses of the naive rules that are kept with their times
_FORGETTING = 0.99
_COMPARING = 0.98  # forgets faster: what was lost long ago must not keep a predictor out
_RESIDUALS = 24
_FIRST_ASKED, _ASKED_EVERY = 5, 12
_NEEDED = 20.0  # runs compared before a naive rule can take over
_LEAD, _STAY = 0.1, 0.03  # it takes over when it is better by the one share, and stays while by the other
_LEAST = 0.002  # and by this much, or rounding would decide,
_SURE = 4.0  # and by so many standard errors of the difference: five rules are tried again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Keeps the score of all predictions: of each job, and of the whole house.

    Of a duration, a peak of memory and a cost: the share within 20 %, the share inside the interval, the
    error of the logarithm, the pinball loss of the interval's ends, the confidence that was stated; of
    memory also how often the upper end was too low, and how many GB hours above the peak it would have
    taken. Of a failure risk: Brier score and log loss. A run that was stopped counts where it proves the
    interval wrong. Costs are worked out by the ``prices`` in force.

    Costs about 25 µs a sample and 3 kB a key.
    """

    name: str = "scores"
    version: int = 1
    metrics: Sequence[str] = (
        MetricName.DURATION,
        MetricName.FAILED_DURATION,
        MetricName.MEMORY,
        MetricName.CPU,
        MetricName.FAILURE,
    )
    levels: Sequence[str] = ("key", "house")
    pooled: bool = True
    prices: Prices | None = None

    def fresh(self) -> Memory:
        """Nothing predicted yet."""
        return {}

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Score what was predicted of the sample, then let the naive rules learn from it."""
        if not math.isfinite(sample.value):
            return
        if self.prices is not None and sample.metric != MetricName.FAILURE:
            _note_part(memories["key"], sample)
        quantity = QUANTITIES.get(sample.metric)
        if quantity is None:
            return
        known = memories["key"].get(quantity)
        if sample.predicted is not None:
            rivals = {} if known is None else _guesses(known, quantity, sample)
            truth = self._truth(memories["key"], quantity, sample)
            scored = None if truth is None else _scored(quantity, sample, sample.predicted, truth, rivals)
            if scored is not None:
                for level in self.levels:
                    tally = memories[level].setdefault(quantity, {"learned": 0})
                    _count(tally, scored, rivals, own=level == "key")
        if _RIVALS[quantity] and _teaches(quantity, sample):
            _let_rivals_learn(memories["key"].setdefault(quantity, {"learned": 0}), quantity, sample)

    def wanted(self, memories: Memories, sample: Sample) -> str | None:
        """The quantity that is to be predicted of a sample now, because nobody was asked before it ran."""
        if sample.predicted is not None or sample.prediction_seen is not None:
            return None
        quantity = QUANTITIES.get(sample.metric)
        if quantity is None or quantity == "cost" or not _teaches(quantity, sample):
            return None
        known = memories["key"].get(quantity)
        if known is None or not known["learned"] or sample.submitted_at is None:
            return None
        learned = known["learned"]
        if learned > _FIRST_ASKED and learned % _ASKED_EVERY:
            return None
        return quantity if known["past"][-1][1] <= sample.submitted_at.timestamp() else None

    def _truth(self, memory: Memory, quantity: str, sample: Sample) -> float | None:
        if quantity != "cost":
            return sample.value
        if self.prices is None or sample.predicted is None:
            return None
        if getattr(sample.predicted, "currency", "") != self.prices.currency:
            return None  # what was promised in another currency cannot be held against this one
        _, seconds, held = memory["parts"]
        return self.prices.cost(sample.value, (seconds or 0.0) * (held or 0.0) / BYTES_PER_GB)


HOUSE = MemoryAddress("", "scores", 1, "", "house", "")
"""Where the totals over all workspaces lie."""


class Totals(NamedTuple):
    """How good all predictions of one quantity have been: how many were scored, and means over them.

    Shares and errors are None where they do not apply: a failure risk has a Brier score in place of the
    error of the logarithm. ``rival_error`` is the mean error of the best naive rule on the same runs.
    """

    scored: int
    within_20: float | None
    inside: float | None
    abs_log_error: float | None
    brier: float | None
    rival_error: float | None


def totals(stored: bytes | None) -> dict[str, Totals]:
    """By quantity, from the stored memory at :data:`HOUSE`; empty where nothing was scored."""
    found: dict[str, Totals] = {}
    memory: Memory = orjson.loads(stored) if stored is not None else {}
    for quantity in QUANTITIES.values():
        record = track_record(memory, quantity)
        if record is not None:
            found[quantity] = Totals(
                record.n,
                record.within_20,
                record.inside,
                record.mean_abs_log_error,
                record.brier,
                record.rival_score,
            )
    return found


def track_record(memory: Memory | None, quantity: str) -> TrackRecord | None:
    """How good the predictions of a quantity have been, by one memory of the scores; None without any."""
    tally = (memory or {}).get(quantity)
    if tally is None or not tally.get("scored"):
        return None
    sums = tally["sums"]
    mass = sums["n"]
    if not mass:
        return None
    found: dict[str, Any] = {"n": tally["scored"]}
    if quantity == "failure_risk":
        found["brier"] = round(sums["error"] / mass, 4)
    else:
        found["mean_abs_log_error"] = round(sums["error"] / mass, 4)
        found["within_20"] = round(min(sums["within"] / mass, 1.0), 4)
        found["inside"] = round(min(sums["inside"] / (mass + sums["bounds"]), 1.0), 4)
    best = _best_rival(tally, quantity)
    if best is not None:
        found["rival"], found["rival_score"] = best[0], round(best[1], 4)
    return TrackRecord(**found)


def fairest(memory: Memory | None, quantity: str, answer: Prediction) -> Prediction:
    """The answer, or in its place that of the naive rule that has predicted this job better.

    The interval is then that of the rule's own errors on this job.
    """
    tally = (memory or {}).get(quantity)
    name = None if tally is None else tally.get("using")
    if tally is None or name is None or answer.level != "key" or name not in tally["states"]:
        return answer
    rival = next(each for each in _RIVALS[quantity] if each.name == name)
    guess = rival.guess(tally["states"][name])
    if guess is None:
        return answer
    mass = tally["compared"][0]
    reason = f"{_WORDS[name]} has predicted this job better (n={round(mass)})"
    if quantity == "failure_risk":
        estimate = min(max(guess.estimate, _SUREST), 1 - _SUREST)
        half = (answer.range_high - answer.range_low) / 2
        low, high, confidence = max(estimate - half, 0.0), min(estimate + half, 1.0), answer.confidence
    else:
        estimate = max(guess.estimate, 0.0)
        errors = sorted(tally["residuals"][name])
        # One place further out than the quantile: errors came late and together.
        place = max(math.floor((1 - answer.coverage) / 2 * (len(errors) + 1)) - 1, 0)
        low = min(estimate * math.exp(errors[place]), estimate)
        high = max(estimate * math.exp(errors[-1 - place]), estimate)
        confidence = sum(-0.1824 <= error <= 0.2232 for error in errors) / (len(errors) + 1)
    return answer.model_copy(
        update={
            "estimate": estimate,
            "range_low": low,
            "range_high": high,
            "confidence": confidence,
            "reason": f"{reason}; {answer.reason}" if answer.reason else reason,
            "instead_of": answer.estimate,
            **({"contributions": {}} if quantity == "failure_risk" else {}),
        }
    )


def _note_part(memory: Memory, sample: Sample) -> None:
    """Remember what a cost is made of, until its last part comes."""
    parts = memory.get("parts")
    if parts is None or parts[0] != sample.job_id:
        parts = [sample.job_id, None, None]
    place = _PARTS.get(sample.metric)
    if place is not None:
        parts = [sample.value if each == place else part for each, part in enumerate(parts)]
    memory["parts"] = parts


def _teaches(quantity: str, sample: Sample) -> bool:
    """Whether the sample is what the quantity means: for numbers, of a run that was left to succeed."""
    if sample.censored:
        return False
    if quantity == "failure_risk":
        return True
    return sample.status is Status.SUCCEEDED and sample.cause is not Cause.OOM_KILLED and sample.value > 0


def _guesses(known: Memory, quantity: str, sample: Sample) -> dict[str, float]:
    """What the naive rules would have said when the prediction was made, by name."""
    names = [rival.name for rival in _RIVALS[quantity]]
    seen = sample.prediction_seen
    asked_at = sample.submitted_at.timestamp() if sample.submitted_at is not None else math.inf
    for number, at, *guesses in reversed(known.get("past", ())):
        if (number <= seen) if seen is not None else (at <= asked_at):
            return dict(zip(names, guesses, strict=True))
    return {}


def _let_rivals_learn(known: Memory, quantity: str, sample: Sample) -> None:
    states = known.setdefault("states", {})
    value = float(sample.value >= 0.5) if quantity == "failure_risk" else min(sample.value, 1e300)
    guesses = []
    for rival in _RIVALS[quantity]:
        state = states.setdefault(rival.name, {})
        rival.learn(state, value)
        guess = rival.guess(state)
        guesses.append(float(f"{guess.estimate if guess is not None else value:.7g}"))
    known["learned"] += 1
    past = known.setdefault("past", [])
    past.append([sample.number, round(sample.at_s, 3), *guesses])
    if len(past) > _PAST:
        del past[1 + known["learned"] % (_PAST // 2)]  # thinned, so that a burst still finds what stood


class _Scored(NamedTuple):
    """What one prediction earned: figures to add up, and the errors of the predictor and of its rivals.

    ``residuals`` are ln(truth / guess) of the rivals.
    """

    figures: Mapping[str, float]
    losses: Sequence[float] = ()
    residuals: Sequence[float] = ()


def _scored(
    quantity: str, sample: Sample, answer: Prediction, truth: float, rivals: Mapping[str, float]
) -> _Scored | None:
    """One prediction against what came; None where that proves nothing."""
    if not _teaches(quantity, sample) and quantity != "cost":
        if sample.censored and quantity != "failure_risk" and truth > answer.range_high:
            return _Scored({"bounds": 1.0})  # it would have come out above the interval
        return None
    itself = answer.estimate if answer.instead_of is None else answer.instead_of
    if quantity == "failure_risk":
        came = float(truth >= 0.5)
        losses = [(each - came) ** 2 for each in (itself, *rivals.values())] if rivals else []
        return _Scored(_risk_figures(answer, truth), losses)
    truth = max(truth, _TINY)
    figures = _number_figures(answer, truth)
    if quantity == "memory":
        figures |= _memory_figures(answer, sample)
    if not rivals:
        return _Scored(figures)
    y = math.log(truth)
    residuals = [y - math.log(max(guess, _TINY)) for guess in rivals.values()]
    losses = [_log_error(itself, truth), *(min(abs(each), _WORST_ERROR) for each in residuals)]
    return _Scored(figures, losses, residuals)


def _count(tally: Memory, scored: _Scored, rivals: Mapping[str, float], *, own: bool) -> None:
    """Count one prediction; ``own`` is the tally of the job itself, which forgets and compares closely."""
    sums = tally.get("sums")
    if sums is None:
        sums = tally["sums"] = {"n": 0.0, "within": 0.0, "inside": 0.0, "error": 0.0, "bounds": 0.0}
    if own:
        for name in sums:
            sums[name] = round(sums[name] * _FORGETTING, 6)
    for name, figure in scored.figures.items():
        sums[name] = sums.get(name, 0.0) + figure
    if "n" not in scored.figures:
        return
    tally["scored"] = tally.get("scored", 0) + 1
    losses = scored.losses
    if not losses:
        return
    compared = tally.get("compared") or [0.0] * (1 + len(losses))
    if not own:
        tally["compared"] = [old + new for old, new in zip(compared, (1.0, *losses), strict=True)]
        return
    tally["compared"] = [
        round(_COMPARING * old + new, 6) for old, new in zip(compared, (1.0, *losses), strict=True)
    ]
    spread = tally.get("spread") or [0.0] * len(rivals)
    tally["spread"] = [
        round(_COMPARING * old + (losses[0] - loss) ** 2, 6)
        for old, loss in zip(spread, losses[1:], strict=True)
    ]
    if scored.residuals:
        errors = tally.setdefault("residuals", {name: [] for name in rivals})
        for name, error in zip(rivals, scored.residuals, strict=True):
            errors[name] = [*errors[name][1 - _RESIDUALS :], round(error, 4)]
    tally["using"] = _chosen(tally, list(rivals))


def _number_figures(answer: Prediction, truth: float) -> dict[str, float]:
    y, low, high = (math.log(max(x, _TINY)) for x in (truth, answer.range_low, answer.range_high))
    tail = (1 - answer.coverage) / 2
    pinball = _pinball(y - low, tail) + _pinball(y - high, 1 - tail)
    return {
        "n": 1.0,
        "within": float(abs(answer.estimate - truth) <= 0.2 * truth),
        "inside": float(answer.range_low <= truth <= answer.range_high),
        "error": _log_error(answer.estimate, truth),
        "pinball": min(pinball / 2, _WORST_ERROR),
        "confidence": answer.confidence,
    }


def _memory_figures(answer: Prediction, sample: Sample) -> dict[str, float]:
    hours = 0.0
    if sample.started_at is not None:
        hours = max((sample.at - sample.started_at).total_seconds(), 0.0) / 3600
    spare = min(max(answer.range_high - sample.value, 0.0) / BYTES_PER_GB, 1e9)
    return {"short": float(sample.value > answer.range_high), "wasted_gbh": spare * hours}


def _risk_figures(answer: Prediction, truth: float) -> dict[str, float]:
    p, came = min(max(answer.estimate, _TINY), 1 - _TINY), truth >= 0.5
    return {
        "n": 1.0,
        "error": (p - came) ** 2,
        "log_loss": -math.log(p if came else 1 - p),
        "stated": p,
        "came": float(came),
    }


def _pinball(above: float, share: float) -> float:
    return share * above if above >= 0 else (share - 1) * above


def _log_error(estimate: float, truth: float) -> float:
    return min(abs(math.log(max(estimate, _TINY) / max(truth, _TINY))), _WORST_ERROR)


def _chosen(tally: Memory, names: Sequence[str]) -> str | None:
    """The naive rule to be used from now on; None for the predictor itself."""
    mass, own, *theirs = tally["compared"]
    if mass < _NEEDED:
        return None
    by_name = dict(zip(names, theirs, strict=True))
    using: str | None = tally.get("using")
    if using is not None and by_name[using] < own * (1 - _STAY) - _LEAST * mass:
        return using
    best = min(names, key=by_name.__getitem__)
    if by_name[best] >= own * (1 - _LEAD) - _LEAST * mass:
        return None
    won = (own - by_name[best]) / mass
    variance = max(tally["spread"][names.index(best)] / mass - won * won, 0.0)
    return best if won > _SURE * math.sqrt(variance / mass) else None


def _best_rival(tally: Memory, quantity: str) -> tuple[str, float] | None:
    """The naive rule with the smallest mean error on the runs that both were scored on, and that error."""
    compared = tally.get("compared")
    if not compared or not compared[0]:
        return None
    names = [rival.name for rival in _RIVALS[quantity]]
    mean, name = min((loss / compared[0], name) for loss, name in zip(compared[2:], names, strict=True))
    return name, mean
