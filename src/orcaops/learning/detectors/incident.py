"""Many unrelated jobs that fail together: one incident of what they all stand on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from orcaops.learning import episodes
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample
from orcaops.stats import proportions

_KEPT = 48  # jobs of which the latest outcome is remembered
_FADING = 0.98
_NEVER_PASSED = 1.0  # how often a job fails that was never seen to succeed
_SURPRISE = 0.01  # no job is thought to fail less often
_OUTSIDE = (Cause.IMAGE_UNAVAILABLE, Cause.ENGINE_LOST, Cause.INFRASTRUCTURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Finds times in which many different jobs fail that usually succeed.

    Looks at the latest outcome of each job of the workspace within ``window_s``. It is an incident if
    at least ``needed`` different commands failed, at least the share ``failing`` of all, not all on one
    commit, and if so many failures would come together by chance with a probability of less than
    ``chance``, given how often each of these jobs failed before. A job that was never seen to succeed was
    to fail again, and is none of those that are ``needed``. The engine's own failures count always.
    It ends when the share of failing jobs falls below half of that, or when nothing has failed for
    ``window_s``. There is one anomaly however many jobs belong to it; it stands under the job that failed
    first. Silent for fewer than ``needed`` jobs, and where jobs fail that often do.

    Costs about 30 µs a run and 1 kB a key, and 6 kB once.

    >>> detector.name, detector.levels
    ('anomaly_incident', ('key', 'all'))
    """

    name: str = "anomaly_incident"
    version: int = 2
    metrics: Sequence[str] = (MetricName.FAILURE, MetricName.QUEUE_WAIT)
    levels: Sequence[str] = ("key", "all")
    pooled: bool = True
    needed: int = 5
    failing: float = 0.5
    chance: float = 1e-6
    window_s: float = 1800.0

    def fresh(self) -> Memory:
        """No run seen."""
        return {}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The incident that this run begins, continues or ends."""
        failed = _outcome(sample)
        if failed is None or (not failed and not memories["all"].get("episode")):
            return ()
        return self._advanced(memories, sample, failed)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the latest outcome of the job, and how often it fails."""
        failed = _outcome(sample)
        if failed is None:
            return
        memories["all"].update(self._advanced(memories, sample, failed)[0])
        own = memories["key"]
        runs, failures = own.get("runs", 0.0), own.get("failures", 0.0)
        own.update(runs=round(_FADING * runs + 1, 4), failures=round(_FADING * failures + failed, 4))

    def _advanced(self, memories: Memories, sample: Sample, failed: bool) -> tuple[Memory, list[Anomaly]]:
        own, everything = memories["key"], memories["all"]
        episode = everything.get("episode")
        now = round(sample.at_s, 3)
        job = _short(sample.key)
        rate = (own.get("failures", 0.0) + 0.5) / (own.get("runs", 0.0) + 1)
        if failed and own.get("runs", 0.0) <= own.get("failures", 0.0) and sample.cause not in _OUTSIDE:
            rate = _NEVER_PASSED
        former = everything.get("latest", [])
        if episode is not None and failed:
            # While an incident lasts, how often each job failed before is what it was when that began.
            rate = next((entry[3] for entry in former if entry[0] == job and entry[2]), rate)
        entry = [job, now, failed, round(min(max(rate, _SURPRISE), 1.0), 4)]
        entry += [_short(sample.scopes.get("command", sample.key)), _short(sample.commit), sample.job_id]
        latest = [other for other in former if other[0] != job and abs(now - other[1]) <= self.window_s]
        latest = [*latest[-(_KEPT - 1) :], entry]
        after: Memory = {"latest": latest, "episode": episode}
        failures = [other for other in latest if other[2]]
        if episode is not None:
            if failed:
                after["episode"] = episodes.continued(episode, sample, self._counted(latest, episode))
                return after, [self._anomaly(after["episode"], sample)]
            lull = now - episode["last_at"] > self.window_s
            if not lull and len(failures) >= self.failing / 2 * len(latest):
                return after, []
            after["episode"] = None
            return after, [self._anomaly(episode, sample, closed=True)]
        if failed and self._is_incident(latest, failures):
            after["episode"] = self._begun(latest, failures, sample)
            return after, [self._anomaly(after["episode"], sample)]
        return after, []

    def _is_incident(self, latest: Sequence[Any], failures: Sequence[Any]) -> bool:
        surprising = {entry[4] for entry in failures if entry[3] < _NEVER_PASSED}
        if len(surprising) < self.needed or len(failures) < self.failing * len(latest):
            return False
        commits = {entry[5] for entry in failures}
        if len(commits) == 1 and None not in commits:
            return False  # one change broke what belongs together
        return proportions.at_least([entry[3] for entry in latest], len(failures)) < self.chance

    def _begun(self, latest: Sequence[Any], failures: Sequence[Any], sample: Sample) -> episodes.Episode:
        return {
            "job": failures[0][6],
            "at": failures[0][1],
            "jobs": [entry[6] for entry in failures][-20:],
            "count": len(failures),
            "last_at": sample.at_s,
            "quiet": 0,
            "finding": self._counted(latest, None) | {"key": sample.key},
        }

    def _counted(self, latest: Sequence[Any], episode: episodes.Episode | None) -> dict[str, Any]:
        failures = sum(entry[2] for entry in latest)
        told = {
            "chance": float(f"{proportions.at_least([entry[3] for entry in latest], failures):.2g}"),
            "expected": round(sum(entry[3] for entry in latest), 2),
            "failing": failures,
            "jobs": len(latest),
        }
        if episode is None:
            return told
        worst = episode["finding"]
        return {**(told if failures > worst["failing"] else worst), "key": worst["key"]}

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, closed: bool = False) -> Anomaly:
        found = episode["finding"]
        return episodes.shown(
            episode,
            replace(sample, key=found["key"]),
            detector=self.name,
            version=self.version,
            kind="incident",
            severity=Severity.CRITICAL,
            title=f"Incident: {found['failing']} different jobs fail together",
            description=(
                f"{found['failing']} of {found['jobs']} different jobs failed in their latest run, while"
                f" {found['expected']:.1f} were to be expected from how often each failed before. Look first"
                " at what they have in common: the machine, the engine, the network, a registry or a service."
                f" {episode['count']} failures belong to this incident." + (" It is over." if closed else "")
            ),
            expected=found["expected"],
            actual=found["failing"],
            unit="jobs",
            deviation_percent=None,
            evidence={"jobs": found["jobs"], "p_value": found["chance"]},
            closed=closed,
        )


def _outcome(sample: Sample) -> bool | None:
    """Whether the run failed; None where this sample does not say it."""
    if sample.metric == MetricName.FAILURE:
        return sample.value >= 0.5
    outside = sample.cause in _OUTSIDE and sample.status in (Status.FAILED, Status.LOST)
    return True if outside else None


@lru_cache(maxsize=1024)
def _short(text: str | None) -> str | None:
    """A few letters that stand for a text."""
    return None if text is None else blake2b(text.encode(), digest_size=6).hexdigest()


detector: Detector = Incident()
