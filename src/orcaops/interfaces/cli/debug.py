"""``orcaops debug``: a failure explained."""

from typing import TYPE_CHECKING

import click

from orcaops.interfaces.cli.door import options, whoami, with_door
from orcaops.interfaces.cli.output import colour, paragraph, print_json, visible

if TYPE_CHECKING:
    from orcaops.app import App
    from orcaops.model.debug import Assistance, Change, DebugAnalysis, PastFailure, Prompt, Quote


_OTHERS = 9  # telling lines that are shown beside those quoted with a cause
_ONLY = "only"  # what --fix means without a name


@click.command(epilog="Example: orcaops debug 01jd2m…")
@click.argument("job_id")
@click.option("--ai", is_flag=True, help="Ask the configured language model too.")
@click.option("--show-prompt", is_flag=True, help="Print what it would be sent, and send nothing.")
@click.option(
    "--fix",
    is_flag=False,
    flag_value=_ONLY,
    metavar="[ACTION]",
    help="Take a proposed action: the one that is named, or the only one.",
)
@options()
@with_door
def debug(
    app: "App", job_id: str, *, ai: bool, show_prompt: bool, fix: str | None, workspace: str, as_json: bool
) -> None:
    """Explain why a job failed: likely causes, what helps, similar failures, and what to do next.

    Lines after "|" are quoted from the job's output, each with its offset in the log. Nothing is done about
    it but with --fix, and only what [policy] remediate allows.
    """
    if (fix is not None) + ai + show_prompt > 1:
        raise click.UsageError("Give one of --ai, --show-prompt and --fix.")
    if show_prompt:
        _print_prompt(app.failures.prompt(workspace, job_id), as_json=as_json)
    elif fix is not None:
        _take(app, workspace, job_id, fix, as_json=as_json)
    else:
        analysis = app.failures.debug(workspace, job_id, ai=ai)
        if as_json:
            print_json(analysis)
        else:
            _print(analysis)


def _take(app: "App", workspace: str, job_id: str, name: str, *, as_json: bool) -> None:
    from orcaops.model.errors import invalid
    from orcaops.model.job import DEFAULT_WORKSPACE
    from orcaops.model.remedy import Action

    if name != _ONLY and name not in set(Action):
        raise invalid(f"there is no action {name!r}", where="--fix", hint=f"Actions: {', '.join(Action)}.")
    action = None if name == _ONLY else Action(name)
    taken = app.remediation.fix(workspace, job_id, action, by=whoami())
    if as_json:
        print_json(taken)
        return
    change = f": {taken.before or 'none'} → {taken.after}" if taken.after else ""
    paragraph(f"{taken.action} was done about {job_id}{change}. {taken.job_id} followed: {taken.status}.")
    for each in taken.removed:
        paragraph(each, label="  removed ")
    there = "" if workspace == DEFAULT_WORKSPACE else f" --workspace {workspace}"
    _list("next", [f"orcaops jobs show {taken.job_id}{there}"])


def _print_prompt(prompt: "Prompt", *, as_json: bool) -> None:
    if as_json:
        print_json(prompt)
        return
    _title(f"to {prompt.model or 'no model: none is configured'}, at most {prompt.most_tokens} tokens")
    click.echo(prompt.system)
    click.echo()
    click.echo(prompt.text)


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
    others = [one for one in analysis.evidence if one.offset not in shown]
    if others:
        _title("other telling lines")
    for quote in sorted(others[:_OTHERS], key=lambda one: one.offset):
        _quote(quote, "  ")
    if len(others) > _OTHERS:
        paragraph(f"{len(others) - _OTHERS} more around them: --json", label="  ")
    _list("suggested fixes", [f"{fix.action} ({fix.why})" for fix in analysis.suggested_fixes])
    _list("similar past failures", [_past(one) for one in analysis.similar_past_failures])
    if analysis.last_success is not None and analysis.changed_since_success:
        _list(f"changed since {analysis.last_success}", [*map(_change, analysis.changed_since_success)])
    if analysis.flaky or analysis.incident:
        _list("flaky or an incident", [one for one in (analysis.flaky, analysis.incident) if one])
    _list("unusual", list(analysis.unusual))
    _list(
        "OrcaOps can do",
        [
            f"{one.action}: {one.does}"
            + (
                f" (orcaops debug {analysis.job_id} --fix {one.action})"
                if one.allowed
                else f" ({one.why_not})"
            )
            for one in analysis.remedies
        ],
    )
    if analysis.assistance is not None:
        _assisted(analysis.assistance)
    typed = [fix.command for fix in analysis.suggested_fixes if fix.command]
    _list("next", list(dict.fromkeys([*analysis.next_steps, *typed])))


def _assisted(added: "Assistance") -> None:
    """What a language model said: below our own, and marked."""
    _title(f"said by the language model {added.model}, not by OrcaOps")
    if added.error is not None:
        paragraph(f"nothing: {added.error}", label="  ")
    elif not added.causes:
        paragraph("no cause that a line of the log bears out", label="  ")
    for cause in added.causes:
        paragraph(f"{cause.title}: {cause.why}", label="  ? ")
        for quote in cause.quotes:
            _quote(quote, "    ")
        if cause.fix:
            paragraph(cause.fix, "    ", label=colour("untried: ", "quiet"))
    if added.dropped:
        dropped = "one more cause" if added.dropped == 1 else f"{added.dropped} more causes"
        paragraph(f"left out: {dropped} without a line that is in the log", label="  ")


def _title(text: str) -> None:
    click.echo(colour(f"{text}:", "quiet"))


def _list(title: str, lines: list[str]) -> None:
    if lines:
        _title(title)
    for line in lines:
        paragraph(line, label="  ")


def _quote(quote: "Quote", indent: str) -> None:
    """Output of the job, marked as such: a line of it never looks like one of ours."""
    click.echo(f"{indent}{colour(f'{quote.offset:>9}', 'quiet')} | {visible(quote.text)}")


def _past(one: "PastFailure") -> str:
    kind = "the same" if one.same else "of the same kind"
    ending = "no success has followed"
    if one.ended_by is not None:
        what = ", ".join(change.what for change in one.changed)
        ending = f"{one.ended_by} passed after {f'a change of {what}' if what else 'no known change'}"
    return f"{one.job_id} ({kind}): {ending}"


def _change(change: "Change") -> str:
    return f"{change.what}: {change.before or 'none'} → {change.after or 'none'}"
