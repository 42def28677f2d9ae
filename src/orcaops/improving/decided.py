"""Decided: what people said about recommendations, laid over what advisors find now. Pure.

A decision carries the recommendation as it was when it was taken, so that everything here follows from facts
and decisions and can be had again any day.

=========  ==============================================================================================
dismissed  stays so until its score, which counts what is sure to be saved, is twice what it was and half
           a minute a week at least; then it is open again, and its remark says so. How often the job runs
           counts as it was for a day: ten more runs in an afternoon are no busier job
applied    stays as it was promised, with its effect; what is advised on top of it later is another one
tried      the runs of the trial stand in its evidence; what was refuted by them is worth nothing any more
=========  ==============================================================================================
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from orcaops.model.baseline import Baseline
from orcaops.model.decision import Decision
from orcaops.model.identity import content_id
from orcaops.model.quantities import show_duration, show_size, show_time
from orcaops.model.recommendation import Priority, Recommendation, Trial
from orcaops.model.run import PhaseName, Run, Status

REOPENS_AT = 2.0
"""By what factor the score must have grown for a dismissed recommendation to come back."""

_LEAST_SCORE = 0.5  # minutes a week: twice next to nothing is next to nothing
_BUSIER_AFTER = timedelta(days=1)
_ABOUT_AS_FAST = 1.1


def promised_in(decision: Decision) -> Recommendation | None:
    """The recommendation as it was when this was decided; None if the decision is older than that habit."""
    kept = decision.details.get("recommendation")
    return Recommendation.from_stored(kept) if isinstance(kept, dict) else None


def once_each(found: Iterable[Recommendation]) -> list[Recommendation]:
    """Of those that propose the same change of the same kind to the same job only the most worthwhile."""
    best: dict[tuple[str, ...], Recommendation] = {}
    for each in found:
        target = str(each.change.after) if each.change is not None else each.id
        place = (each.type, each.key, each.field, target)
        if place not in best or each.score > best[place].score:
            best[place] = each
    return list(best.values())


def with_decisions(found: Iterable[Recommendation], decisions: Sequence[Decision]) -> list[Recommendation]:
    """What is to be shown of one key: what was found now, and what was decided before.

    ``decisions`` are those about recommendations of this key, oldest first.
    """
    by_id: dict[str, list[Decision]] = {}
    for decision in decisions:
        by_id.setdefault(decision.subject_id, []).append(decision)
    shown: dict[str, Recommendation] = {}
    for each in found:
        kept = each
        while (last := _last(by_id.get(kept.id, ()))) is not None and last.verb == "apply":
            promised = promised_in(last)
            if promised is None or promised.change is None or kept.change is None:
                break
            if kept.change.before == promised.change.before:
                break  # it was noted as applied, and is not yet: the same one
            kept = kept.model_copy(update={"id": content_id(kept.id, last.id)})  # the next step on top of it
        shown[kept.id] = _decided(kept, _last(by_id.get(kept.id, ())))
    for its_id, taken in by_id.items():
        last = _last(taken)
        promised = promised_in(last) if last is not None else None
        if its_id not in shown and last is not None and promised is not None:
            shown[its_id] = (
                _decided(promised, last)
                if last.verb == "apply"
                else promised.model_copy(update={"state": "dismissed", "remark": f"dismissed: {last.reason}"})
            )
    return list(shown.values())


def _last(decisions: Sequence[Decision]) -> Decision | None:
    taken = [decision for decision in decisions if decision.verb in ("apply", "dismiss")]
    return taken[-1] if taken else None


def _decided(found: Recommendation, last: Decision | None) -> Recommendation:
    if last is None:
        return found
    promised = promised_in(last)
    if last.verb == "apply":
        kept = {"state": "applied", "effect": None, "remark": last.reason}
        return (promised or found).model_copy(update=kept)
    if promised is None:
        return found.model_copy(update={"state": "dismissed"})
    then, now = promised.score, found.score
    reopens_at = max(REOPENS_AT * then, _LEAST_SCORE)
    if found.created_at - promised.created_at < _BUSIER_AFTER and found.frequency > promised.frequency > 0:
        now *= promised.frequency / found.frequency
    why = last.reason or "no reason given"
    if now >= reopens_at:
        told = (
            f"dismissed on {show_time(last.at)} ({why}); open again because its score, which counts only "
            f"what is sure to be saved, has grown from {then:.3g} to {now:.3g}"
        )
        return found.model_copy(update={"remark": told})
    told = f"dismissed: {why}; it comes back when its score reaches {reopens_at:.3g} (now {now:.3g})"
    return found.model_copy(update={"state": "dismissed", "remark": told})


def trials_of(decisions: Iterable[Decision], recommendation_id: str) -> list[str]:
    """The ids of the jobs that tried a recommendation, oldest first."""
    tries = [each for each in decisions if each.verb == "try" and each.subject_id == recommendation_id]
    return [str(each.details["job_id"]) for each in tries if "job_id" in each.details]


def tried(
    shown: Recommendation, job_ids: Sequence[str], runs: Mapping[str, Run], usual: Baseline | None
) -> Recommendation:
    """The recommendation with what its trials showed; ``usual`` is how long the job takes as it is.

    A trial refutes it that failed, or took longer than the job practically ever does by more than the change
    saves: one run of a few tenths of a second says nothing against ten seconds of pulling.
    """
    if not job_ids:
        return shown
    known = [runs[job_id] for job_id in job_ids if job_id in runs]
    waiting = [run for run in known if not run.status.final]
    failed = [run for run in known if run.status.final and run.status is not Status.SUCCEEDED]
    well = [run for run in known if run.status is Status.SUCCEEDED and run.duration_s is not None]
    of_an_image = shown.change is not None and shown.change.field == "image"
    on = f"on {known[-1].image if known else 'the proposed image'}" if of_an_image else "with the change"
    if failed:
        last = failed[-1]
        why = last.message or (f"exit code {last.exit_code}" if last.exit_code is not None else last.status)
        trial = Trial(state="refuted", job_ids=tuple(job_ids), sentence=f"{on} it failed: {why}")
    elif well:
        taken = sorted(run.duration_s or 0.0 for run in well)[len(well) // 2]
        usual_s = usual.duration_p50 if usual is not None else None
        usually = f", usually {show_duration(usual_s)}" if usual_s is not None else ""
        trial = Trial(
            state="refuted" if _slower(taken, usual, shown) else "confirmed",
            job_ids=tuple(job_ids),
            sentence=f"{on}{_fetched(well) if of_an_image else ''} it succeeded in {show_duration(taken)}"
            f"{usually} ({len(well)} tried)",
        )
    elif waiting:
        trial = Trial(state="running", job_ids=tuple(job_ids), sentence=f"being tried {on}")
    else:
        trial = Trial(job_ids=tuple(job_ids), sentence="the runs that tried it are gone")
    changes: dict[str, object] = {"trial": trial}
    changes["evidence"] = {**shown.evidence, "trial_job_ids": list(job_ids)}
    if trial.state == "refuted":
        changes |= {"score": 0.0, "impact_score": 0.0, "priority": Priority.LOW}
        changes["remark"] = f"refuted: {trial.sentence}"
    return shown.model_copy(update=changes)


def _slower(taken_s: float, usual: Baseline | None, shown: Recommendation) -> bool:
    if usual is None or usual.duration_p50 is None:
        return False
    saving = shown.saving
    saved_s = max(saving.per_run, 0.0) if saving is not None and saving.unit == "seconds" else 0.0
    longest_s = max(_ABOUT_AS_FAST * usual.duration_p50, usual.duration_p95 or 0.0)
    return taken_s > longest_s and taken_s - usual.duration_p50 > saved_s


def _fetched(runs: Sequence[Run]) -> str:
    """The size of the image that the trial ran on, and how long it took to fetch, where that is known."""
    size = next((run.image_size_bytes for run in runs if run.image_size_bytes), None)
    pulls = [phase.duration_s for run in runs if (phase := run.phases.get(PhaseName.PULL)) is not None]
    told = [show_size(size)] if size else []
    told += [f"pulled in {show_duration(max(pulls))}"] if pulls and max(pulls) > 0 else []
    return f" ({', '.join(told)})" if told else ""
