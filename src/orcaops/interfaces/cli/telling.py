"""How a run, its forecasts and its anomalies are told to people."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.output import fields, note, paragraph
from orcaops.interfaces.cli.predicted import record_words, shown
from orcaops.model.anomaly import Anomaly, Severity, speaking
from orcaops.model.attempts import held_bytes
from orcaops.model.override import Override, show_value
from orcaops.model.prediction import Abstained, FailureRisk, Forecasts, Prediction
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.query import Compare, Comparison
from orcaops.model.run import Run, Status
from orcaops.recording.query import show_query
from orcaops.services.summaries import outcome_of

if TYPE_CHECKING:
    from orcaops.app import App

_LATEST = 100  # runs of a job: as many as are submitted during one, at most

MOODS = {Severity.INFO: "quiet", Severity.WARNING: "warn", Severity.CRITICAL: "bad"}


def tell_accepted(run: Run) -> None:
    """Before it starts: its id, where it runs, and what is expected."""
    place = run.image or "this machine"
    note(f"{run.job_id} on {run.executor} ({place})")
    for override in run.overrides:
        note(f"changed: {_changed(override)}", "quiet")
    if run.prediction is not None:
        expected = list(_expectations(run.prediction))
        for whose, words in (("key", "expected"), ("others", "expected, going by other jobs")):
            told = [text for level, text in expected if (level == "key") == (whose == "key")]
            if told:
                note(f"{words}: {', '.join(told)}", "quiet")
        if not expected and isinstance(run.prediction.duration, Abstained):
            gap = run.prediction.duration.abstention
            note(f"no prediction yet: {gap.reason}", "quiet")


def _changed(override: Override) -> str:
    """What an optimization changed about a run, and how to take it back."""
    own, now = (show_value(override.field, value) for value in (override.own, override.after))
    name = override.field.replace("_", " ")
    return f"{name} {now} instead of {own} (undo: orcaops optimizations rollback {override.optimization_id})"


def tell_finished(run: Run, anomalies: Sequence[Anomaly]) -> None:
    """After it ended: how, what it took, and what was unusual."""
    words = outcome_of(run)
    if run.duration_s is not None:
        words += f" · took {show_duration(run.duration_s)}"
    if run.usage.cpu_seconds is not None:
        words += f" · CPU {show_duration(run.usage.cpu_seconds)}"
    memory = held_bytes(run)
    if memory:
        words += f" · memory {show_size(memory)}"
    note(words, "good" if run.status is Status.SUCCEEDED else "bad")
    if run.message:
        note(run.message)
    for anomaly in speaking(anomalies):
        note(f"unusual: {anomaly.title}", MOODS[anomaly.severity])
        note(f"  {anomaly.description}")


def tell_waiting(app: "App", run: Run) -> None:
    """Which changes of the job wait for approval; each is told once, by the first run since it was asked.

    Of the runs of a job each is told what was asked since the one that was submitted before it: nothing is
    left out, and nobody is told twice. `doctor` and the channels say it beside that.
    """
    waiting = app.optimizations.waiting(run.workspace, run.key)
    if not waiting:
        return
    of_the_job = show_query(Compare("key", Comparison.EQUAL, run.key))
    submitted = [
        each.submitted_at for each in app.jobs.page(run.workspace, q=of_the_job, limit=_LATEST).items
    ]
    before = max((at for at in submitted if at < run.submitted_at), default=None)
    for change, since in waiting:
        if since <= run.submitted_at and (before is None or since > before):
            why = f" ({change.asks})" if change.asks else ""
            note(f"waits for your approval: {change.title}{why}")
            note(f"  orcaops optimizations approve {change.id}")


def print_forecasts(forecasts: Forecasts) -> None:
    """All four forecasts with interval, confidence, sample count and reason."""
    for name in ("duration", "memory", "failure_risk", "cost"):
        answer = getattr(forecasts, name)
        title = name.replace("_", " ")
        if isinstance(answer, Abstained):
            gap = answer.abstention
            progress = f" ({gap.have} of {gap.need})" if gap.need > 1 else ""
            paragraph(f"not known: {gap.reason}{progress}", label=f"{title:13} ")
            continue
        level = f", {answer.risk} risk" if isinstance(answer, FailureRisk) else ""
        click.echo(f"{title:13} {shown(answer.estimate, answer.unit)}{level}")
        fields(
            (f"  {label}", text)
            for label, text in (
                ("interval", _interval(answer)),
                ("confidence", _confidence(answer)),
                ("runs", str(answer.sample_count)),
                ("why", answer.reason or None),
                ("moved by", _contributions(answer)),
                ("so far", record_words(answer.track_record) if answer.track_record else None),
            )
        )


def _confidence(answer: Prediction) -> str | None:
    """Of a probability it would say nothing: whether a run fails is never within 20% of a risk."""
    return None if answer.unit == "probability" else f"{answer.confidence:.0%} to be within 20% of it"


def _interval(answer: Prediction) -> str:
    low, high = shown(answer.range_low, answer.unit), shown(answer.range_high, answer.unit)
    return f"{low} to {high}, holds {answer.coverage:.0%} of the time"


def _expectations(forecasts: Forecasts) -> Iterator[tuple[str, str]]:
    """What is expected in words, each with whose history says so: ``key`` for the job's own."""
    duration, memory, risk = forecasts.duration, forecasts.memory, forecasts.failure_risk
    if isinstance(duration, Prediction):
        low, high = show_duration(duration.range_low), show_duration(duration.range_high)
        yield duration.level, f"{show_duration(duration.estimate)} ({low} to {high})"
    if isinstance(memory, Prediction):
        yield memory.level, f"memory up to {show_size(memory.range_high)}"
    if isinstance(risk, Prediction):
        yield risk.level, f"failure risk {shown(risk.estimate, risk.unit)}"


def _contributions(answer: Prediction) -> str | None:
    """What moved a failure risk most, with the direction."""
    if not isinstance(answer, FailureRisk) or not answer.contributions:
        return None
    return ", ".join(f"{name} ({'up' if by > 0 else 'down'})" for name, by in answer.contributions.items())
