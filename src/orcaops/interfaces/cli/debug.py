"""``orcaops debug``: a failure explained."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, with_door
from orcaops.interfaces.cli.output import colour, paragraph, print_json

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.debug import Change, DebugAnalysis, PastFailure, Quote


@click.command(epilog="Example: orcaops debug 01jd2m…")
@click.argument("job_id")
@options()
@with_door
def debug(app: "App", job_id: str, *, workspace: str, as_json: bool) -> None:
    """Explain why a job failed: likely causes, what helps, similar failures, and what to do next.

    Lines after "|" are quoted from the job's output, each with its offset in the log.
    """
    analysis = app.failures.debug(workspace, job_id)
    if as_json:
        print_json(analysis)
    else:
        _print(analysis)


def _print(analysis: "DebugAnalysis") -> None:
    paragraph(analysis.summary)
    shown: set[int] = set()
    for number, cause in enumerate(analysis.likely_causes, start=1):
        if number == 1:
            _title("likely causes")
        paragraph(f"{cause.title} ({cause.confidence:.0%})", label=f"  {number}. ")
        if cause.description:
            paragraph(cause.description, "     ")
        paragraph(cause.why, "     ", label=colour("why: ", "quiet"))
        for quote in cause.quotes:
            _quote(quote, "     ")
            shown.add(quote.offset)
    others = sorted((one for one in analysis.evidence if one.offset not in shown), key=lambda one: one.offset)
    if others:
        _title("other telling lines")
    for quote in others:
        _quote(quote, "  ")
    _list("suggested fixes", [f"{fix.action} ({fix.why})" for fix in analysis.suggested_fixes])
    _list("similar past failures", [_past(one) for one in analysis.similar_past_failures])
    if analysis.last_success is not None and analysis.changed_since_success:
        _list(f"changed since {analysis.last_success}", [*map(_change, analysis.changed_since_success)])
    if analysis.flaky or analysis.incident:
        _list("flaky or an incident", [one for one in (analysis.flaky, analysis.incident) if one])
    _list("unusual", list(analysis.unusual))
    typed = [fix.command for fix in analysis.suggested_fixes if fix.command]
    _list("next", list(dict.fromkeys([*analysis.next_steps, *typed])))


def _title(text: str) -> None:
    click.echo(colour(f"{text}:", "quiet"))


def _list(title: str, lines: list[str]) -> None:
    if lines:
        _title(title)
    for line in lines:
        paragraph(line, label="  ")


def _quote(quote: "Quote", indent: str) -> None:
    """Output of the job, marked as such: a line of it never looks like one of ours."""
    click.echo(f"{indent}{colour(f'{quote.offset:>9}', 'quiet')} | {quote.text}")


def _past(one: "PastFailure") -> str:
    kind = "the same" if one.same else "of the same kind"
    ending = "no success has followed"
    if one.ended_by is not None:
        what = ", ".join(change.what for change in one.changed)
        ending = f"{one.ended_by} passed after {f'a change of {what}' if what else 'no known change'}"
    return f"{one.job_id} ({kind}): {ending}"


def _change(change: "Change") -> str:
    return f"{change.what}: {change.before or 'none'} → {change.after or 'none'}"
